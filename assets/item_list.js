// The items of a comparison (JSON text in `props.value`), two texts each. A click on a text sends `choose` with the
// number of the item and the place of the genotype.
const list = element.querySelector(".items");

function side(item, { letter, place, common, rest, facts, state }) {
  const node = Object.assign(make("button", `item-side ${state}`), { type: "button" });
  node.title = `Open in Explore what ${letter} says to ${item.name}`;
  const head = make("span", "item-head");
  head.append(make("b", "", letter), make("small", "", facts));
  const text = written("span", "item-text");
  text.append(make("span", "", common), make("span", "changed", rest));
  node.append(head, text);
  node.addEventListener("click", () => trigger("choose", { item: item.item, place }));
  return node;
}

function row(item) {
  const node = make("article", "item");
  const asked = written("p", "item-asked", item.asked);
  asked.prepend(make("small", "", item.name));
  const sides = make("div", "item-sides");
  sides.append(...item.sides.map((each) => side(item, each)));
  node.append(asked, sides);
  return node;
}

function draw() {
  list.replaceChildren(...(props.value ? JSON.parse(props.value) : []).map(row));
}

watch("value", draw);
draw();
