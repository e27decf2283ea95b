// Mutants in tables (JSON text in `props.value`), see components/mutant_table.py. What models and people write is set as
// text, never as HTML.
const list = element.querySelector(".mutants");

function press(className, label, title, act) {
  const node = Object.assign(make("button", className, label), { type: "button", title });
  node.addEventListener("click", (event) => {
    event.stopPropagation();
    act();
  });
  return node;
}

function row(mutant, { goal, opens }) {
  const node = make("tr", `${mutant.chosen ? "chosen" : ""} ${mutant.sure ? "sure" : ""}`);
  const said = { genotype: mutant.genotype, place: mutant.place ?? 0 };
  const choose = () => trigger("choose", said);
  const name = make("td", "");
  name.append(press("mutant-name", mutant.genotype, goal, choose));
  node.append(name, ...mutant.cells.map((cell) => make("td", "", cell)));
  node.addEventListener("click", choose);
  if (opens) {
    const end = make("td", "");
    end.append(press("mutant-open", "Open in Explore", `Set ${mutant.genotype} and run it`, () => trigger("open", said)));
    node.append(end);
  }
  return node;
}

function group({ title, rows }, shown) {
  const node = make("section", "mutant-group");
  if (title) node.append(make("h3", "", title));
  const table = make("table", "");
  const names = make("tr", "");
  names.append(...shown.head.map((name) => make("th", "", name)), ...(shown.opens ? [make("th", "")] : []));
  const top = make("thead", "");
  top.append(names);
  const body = make("tbody", "");
  body.append(...rows.map((mutant) => row(mutant, shown)));
  table.append(top, body);
  const frame = make("div", "mutant-frame");
  frame.append(table);
  node.append(frame);
  return node;
}

function draw() {
  const shown = props.value ? JSON.parse(props.value) : { groups: [] };
  list.replaceChildren(...shown.groups.map((each) => group(each, shown)));
}

watch("value", draw);
draw();
