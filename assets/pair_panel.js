// The two texts side by side. `props.value` holds growing lists of pieces, one a token; `props.readouts` (JSON text,
// set when a run is finished) holds the likeliest tokens of both models at every position. Knows nothing of models.
const sides = {};
for (const name of ["original", "mutated"]) {
  const card = element.querySelector(`[data-side="${name}"]`);
  sides[name] = {
    text: card.querySelector(".pair-text"),
    note: card.querySelector(".pair-note"),
    thoughts: card.querySelector(".pair-thoughts"),
    pieces: [],
  };
  sides[name].thoughts.addEventListener("click", () => {
    const open = card.classList.toggle("thinking-aloud");
    sides[name].thoughts.setAttribute("aria-expanded", open);
  });
}
const READING = { ArrowRight: (at) => at + 1, ArrowLeft: (at) => at - 1, Home: () => 0, End: (_, length) => length - 1 };
const spoken = element.querySelector(".pair-spoken");
const popover = element.querySelector(".pair-popover");
const recorded = element.querySelector(".pair-recorded");
recorded.addEventListener("click", () => trigger("again", {}));
let readouts = null;
let pinned = null;

function addToken(side, name, piece, position) {
  const span = document.createElement("span");
  span.className = "token";
  span.textContent = piece;
  span.dataset.side = name;
  span.dataset.position = position;
  side.text.appendChild(span);
}

function drawSide(name, pieces, note, divergence, thoughts, prefill) {
  const side = sides[name];
  let common = 0;
  while (common < side.pieces.length && common < pieces.length && side.pieces[common] === pieces[common]) common++;
  while (side.text.children.length > common) side.text.lastChild.remove();
  for (let position = common; position < pieces.length; position++) addToken(side, name, pieces[position], position);
  side.pieces = pieces.slice();
  Array.from(side.text.children).forEach((span, position) => {
    span.classList.toggle("changed", divergence !== null && position >= divergence);
    span.classList.toggle("first", position === divergence);
    span.classList.toggle("thought", position < thoughts);
  });
  side.thoughts.hidden = !thoughts;
  side.thoughts.textContent = `Thoughts · ${thoughts} token${thoughts === 1 ? "" : "s"}`;
  side.note.textContent = note;
  if (prefill) side.text.dataset.prefill = prefill;
  else delete side.text.dataset.prefill;
}

function draw() {
  const value = props.value || { original: [], mutated: [], divergence: null, notes: ["", ""], running: false };
  const divergence = value.divergence === undefined ? null : value.divergence;
  const thoughts = value.thoughts || [0, 0];
  drawSide("original", value.original, value.notes[0], divergence, thoughts[0], value.prefill);
  drawSide("mutated", value.mutated, value.notes[1], divergence, thoughts[1], value.prefill);
  element.querySelector(".pair").classList.toggle("running", value.running);
  element.querySelector(".pair").dataset.running = value.running;
  recorded.hidden = !value.recorded;
  if (pinned?.isConnected) showPopover(pinned);  // a text that grew, or is the same again
  else hidePopover();
  element.querySelector(".pair").dataset.run = value.run ?? 0;
  element.dispatchEvent(new CustomEvent("shown", { bubbles: true, detail: { pair: value } }));
}

function bars(title, alternatives, chosen) {
  const box = document.createElement("div");
  box.className = "pair-bars";
  box.appendChild(Object.assign(document.createElement("h4"), { textContent: title }));
  for (const [text, probability] of alternatives) {
    const row = document.createElement("div");
    row.className = "pair-bar" + (text === chosen ? " chosen" : "");
    row.style.setProperty("--share", `${(probability * 100).toFixed(1)}%`);
    const shown = text.replaceAll("\n", "↵").replaceAll(" ", "·");
    row.appendChild(Object.assign(document.createElement("span"), { textContent: shown || "∅" }));
    row.appendChild(Object.assign(document.createElement("b"), { textContent: `${(probability * 100).toFixed(1)}%` }));
    box.appendChild(row);
  }
  if (!alternatives.length) box.appendChild(Object.assign(document.createElement("p"), { textContent: "overflowed" }));
  return box;
}

function showPopover(span) {
  const list = readouts && readouts[span.dataset.side];
  const readout = list && list[Number(span.dataset.position)];
  if (!readout) return (popover.hidden = true);
  popover.replaceChildren(
    bars("Original model", readout[0], readout[2]),
    bars("Mutated model", readout[1], readout[2])
  );
  popover.hidden = false;
  const at = span.getClientRects()[0] || span.getBoundingClientRect();
  const size = popover.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left), window.innerWidth - size.width - 8);
  const below = at.bottom + 6;
  const top = below + size.height > window.innerHeight - 8 ? Math.max(8, at.top - size.height - 6) : below;
  popover.style.left = `${left}px`;
  popover.style.top = `${top}px`;
  element.querySelectorAll(".token.looked-at").forEach((other) => other.classList.remove("looked-at"));
  element
    .querySelectorAll(`.token[data-position="${span.dataset.position}"]`)
    .forEach((other) => other.classList.add("looked-at"));
}

function hidePopover() {
  popover.hidden = true;
  pinned = null;
  element.querySelectorAll(".token.looked-at").forEach((other) => other.classList.remove("looked-at"));
}

element.addEventListener("mouseover", (event) => {
  if (!pinned && event.target.classList.contains("token")) showPopover(event.target);
});
element.addEventListener("mouseout", (event) => {
  if (!pinned && event.target.classList.contains("token")) hidePopover();
});
element.addEventListener("click", (event) => {
  if (!event.target.classList.contains("token") || event.target === pinned) return hidePopover();
  showPopover(event.target);
  pinned = event.target;
});
// By keyboard: a text that has the focus is read token by token, with what both models would have said there.
function read(event, text) {
  const { key } = event;
  const tokens = Array.from(text.children);
  const isEscape = key === "Escape" && !popover.hidden;
  if (event.ctrlKey || event.altKey || event.metaKey || !(key in READING || isEscape) || !tokens.length) return;
  event.preventDefault();
  event.stopPropagation();
  if (isEscape) return hidePopover();
  const at = tokens.indexOf(pinned);
  const wanted = at < 0 && key !== "End" ? 0 : Math.min(tokens.length - 1, Math.max(0, READING[key](at, tokens.length)));
  tokens[wanted].scrollIntoView({ block: "nearest" });
  showPopover(tokens[wanted]);
  pinned = tokens[wanted];
  const told = Array.from(popover.querySelectorAll(".pair-bars"), (box) => Array.from(box.children, (line) => Array.from(line.childNodes, (part) => part.textContent).join(" ")).join(", "));
  spoken.textContent = [pinned.textContent, ...(popover.hidden ? [] : told)].join(". ");
}

for (const { text } of Object.values(sides)) {
  text.addEventListener("keydown", (event) => read(event, text));
  text.addEventListener("blur", () => pinned?.parentElement === text && hidePopover());
}
// What is looked at stays beside its token while the page moves, as long as that is seen.
window.addEventListener("scroll", () => {
  const { top, bottom } = pinned?.getBoundingClientRect() ?? { top: 1, bottom: 0 };
  if (pinned && bottom > 0 && top < window.innerHeight) showPopover(pinned);
  else hidePopover();
}, { passive: true, capture: true });

watch("value", draw);
watch("readouts", () => {
  readouts = props.readouts ? JSON.parse(props.readouts) : null;
  if (pinned) showPopover(pinned);
  element.dispatchEvent(new CustomEvent("shown", { bubbles: true, detail: { readouts: props.readouts } }));
});
readouts = props.readouts ? JSON.parse(props.readouts) : null;
draw();
