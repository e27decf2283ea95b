// A conversation with both models: each question over the whole width, the two answers below it. `props.value` holds what
// is said for good, `props.growing` (JSON text) the turn that is being answered. Knows nothing of models.
function answer(name, turn, side, divergence) {
  const text = written("div", "pair-text");
  text.append(
    ...turn[side].map((piece, position) => {
      const token = make("span", "token", piece);
      token.classList.toggle("thought", position < turn.thoughts[side]);
      if (divergence !== null && position >= divergence) token.classList.add("changed");
      if (position === divergence) token.classList.add("first");
      return token;
    })
  );
  const heading = make("header", "", make("h3", "", name), make("span", "pair-note", turn.notes[side]));
  const card = make("section", "pair-card", heading, text);
  card.dataset.side = side;
  const count = turn.thoughts[side];
  if (count) {
    const button = Object.assign(make("button", "pair-thoughts", `Thoughts · ${count} tokens`), { type: "button" });
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () =>
      button.setAttribute("aria-expanded", card.classList.toggle("thinking-aloud"))
    );
    heading.insertBefore(button, heading.lastChild);
  }
  return card;
}

function exchange(turn, place, parting) {
  const asked = make("div", "talk-asked", written("p", "", turn.asked));
  const marks = make("div", "talk-marks");
  if (place === parting) marks.append(make("span", "talk-parting", "They part here"));
  if (turn.changed) marks.append(make("code", "talk-genotype", turn.changed));
  const divergence = turn.divergence === undefined ? null : turn.divergence;
  const pair = make("div", "talk-pair", answer("Original", turn, "original", null), answer("Mutated", turn, "mutated", divergence));
  return make("article", "talk-turn", asked, ...(marks.childNodes.length ? [marks] : []), pair);
}

const list = element.querySelector(".talk-list");
let drawn = [];

function draw() {
  const value = props.value || { turns: [], parting: null };
  const growing = props.growing ? JSON.parse(props.growing) : null;
  const turns = growing ? [...value.turns, growing] : value.turns;
  const parting = value.parting ?? (growing && growing.divergence !== null ? value.turns.length : null);
  const texts = turns.map((turn, place) => JSON.stringify([turn, place === parting]));
  let common = 0;
  while (common < texts.length && texts[common] === drawn[common]) common++;
  while (list.children.length > common) list.lastChild.remove();
  for (let place = common; place < turns.length; place++) list.append(exchange(turns[place], place, parting));
  drawn = texts;
  const panel = element.querySelector(".talk");
  panel.classList.toggle("running", !!growing);
  panel.dataset.running = !!growing;
  panel.dataset.turns = value.turns.length;
  element.querySelector(".no-picture").hidden = turns.length > 0;
}

watch("value", draw);
watch("growing", draw);
draw();
