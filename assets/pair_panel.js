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
  hidePopover();
  const value = props.value || { original: [], mutated: [], divergence: null, notes: ["", ""], running: false };
  const divergence = value.divergence === undefined ? null : value.divergence;
  const thoughts = value.thoughts || [0, 0];
  drawSide("original", value.original, value.notes[0], divergence, thoughts[0], value.prefill);
  drawSide("mutated", value.mutated, value.notes[1], divergence, thoughts[1], value.prefill);
  element.querySelector(".pair").classList.toggle("running", value.running);
  element.querySelector(".pair").dataset.running = value.running;
  recorded.hidden = !value.recorded;
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
  if (!readout) return;
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
window.addEventListener("scroll", hidePopover, { passive: true, capture: true });

watch("value", draw);
watch("readouts", () => {
  readouts = props.readouts ? JSON.parse(props.readouts) : null;
  element.dispatchEvent(new CustomEvent("shown", { bubbles: true, detail: { readouts: props.readouts } }));
});
readouts = props.readouts ? JSON.parse(props.readouts) : null;
draw();
