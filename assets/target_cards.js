// The targets of an evolution (JSON text in `props.value`: targets, and the kinds that there are) as cards. Every change
// sends `retarget` with the targets as they are written, such as `style:poem`.
const cards = element.querySelector(".goals");
const more = element.querySelector(".goals-more");
let kinds = {}, targets = [];

const kindOf = (target) => target.split(":", 1)[0];
const textOf = (target) => target.slice(kindOf(target).length + 1);

function tell() {
  trigger("retarget", { targets });
}

function choices(label, options, chosen, take) {
  const list = make("select", "");
  list.setAttribute("aria-label", label);
  list.append(...options.map((each) => new Option(each, each, false, each === chosen)));
  list.addEventListener("change", () => take(list.value));
  return list;
}

function typed(kind, text, take) {
  const box = Object.assign(make("input", ""), { type: "text", value: text, placeholder: kind.asks });
  box.setAttribute("aria-label", `${kind.title}: ${kind.asks}`);
  box.addEventListener("change", () => take(box.value));
  return box;
}

function card(target, place) {
  const name = kindOf(target), kind = kinds[name];
  const take = (text) => {
    targets = targets.with(place, `${name}:${text}`);
    tell();
  };
  const drop = Object.assign(make("button", "goal-drop", "×"), { type: "button" });
  drop.setAttribute("aria-label", `Without the target ${target}`);
  drop.addEventListener("click", () => {
    targets = targets.toSpliced(place, 1);
    draw();
    tell();
  });
  const head = make("header", "", make("b", "", kind.title));
  if (kind.options.length) head.append(choices(kind.title, kind.options, textOf(target), take));
  else if (kind.asks) head.append(typed(kind, textOf(target), take));
  head.append(drop);
  return make("article", "goal", head, make("small", "", kind.says));
}

function draw() {
  cards.replaceChildren(...targets.map(card));
  const left = Object.keys(kinds).filter((name) => kinds[name].asks || !targets.some((each) => kindOf(each) === name));
  more.replaceChildren(new Option("Add a target …", ""), ...left.map((name) => new Option(kinds[name].title, name)));
}

more.addEventListener("change", () => {
  const kind = kinds[more.value];
  const text = kind.options.find((each) => !targets.includes(`${more.value}:${each}`)) ?? "";
  targets = [...targets, kind.options.length || kind.asks ? `${more.value}:${text}` : more.value];
  draw();
  tell();
  cards.lastElementChild.querySelector("input, select, button")?.focus();
});

function take() {
  ({ kinds, targets } = JSON.parse(props.value));
  draw();
}

watch("value", take);
take();
