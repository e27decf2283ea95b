// The steps of a programme (JSON text in `props.value`, see components/step_list.py): renamed, told, moved, dropped.
const list = element.querySelector(".steps");

function press(text, label, act) {
  const node = Object.assign(make("button", "", text), { type: "button", title: label });
  node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

function edit(action, place, text = "") {
  if (["up", "down", "drop"].includes(action)) list.inert = true;  // until its answer: a place is one of the list that is shown
  trigger("edit", { action, place, text });
}

function box(kind, label, value, take) {
  const node = Object.assign(document.createElement(kind), { value, rows: 2 });
  node.setAttribute("aria-label", label);
  node.addEventListener("change", () => take(node.value));
  return node;
}

function row(step, place, steps) {
  const number = place + 1;
  const up = press("↑", `Move step ${number} up`, () => edit("up", place));
  const down = press("↓", `Move step ${number} down`, () => edit("down", place));
  up.disabled = place === 0;
  down.disabled = place === steps.length - 1;
  const head = make("header", "", make("b", "", number), box("input", `Title of step ${number}`, step.title, (text) => edit("title", place, text)),
    up, down, press("Show", `Show step ${number} in Explore`, () => trigger("show", { place })), press("×", `Drop step ${number}`, () => edit("drop", place)));
  const say = box("textarea", `What to say of step ${number}`, step.say, (text) => edit("say", place, text));
  say.placeholder = "What to say";
  return make("li", "step", head, make("code", "", step.genotype || "the original"), written("p", "step-prompt", step.prompt), say);
}

// Whoever writes in a box goes on writing there: what he has not handed over yet is no news to the server.
function keepingFocus(redraw) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const { value, selectionStart, selectionEnd } = focused ?? {};
  redraw();
  list.inert = false;
  const label = focused?.getAttribute("aria-label");
  const again = label && Array.from(list.querySelectorAll("[aria-label]")).find((node) => node.getAttribute("aria-label") === label);
  if (!again) return;
  if (value !== undefined && again.tagName !== "BUTTON") again.value = value;
  again.focus();
  if (selectionStart !== undefined) again.setSelectionRange?.(selectionStart, selectionEnd);
}

function draw() {
  const shown = props.value ? JSON.parse(props.value) : { title: "", steps: [] };
  if (!shown.steps.length) {
    list.replaceChildren(make("p", "caption", "No step yet: press “+ programme” at a run below, and it becomes one."));
    return;
  }
  const title = box("input", "Title of the programme", shown.title, (text) => edit("programme", 0, text));
  title.className = "steps-title";
  list.replaceChildren(title, make("ol", "", ...shown.steps.map(row)));
}

watch("value", () => keepingFocus(draw));
draw();
