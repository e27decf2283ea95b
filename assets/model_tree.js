// The loaded model (JSON text in `props.value`): a strip of all its weights, then a bar for what is outside the layers
// and one for each layer, its parts as wide as they have weights. A layer unfolds; a search shows the parts that are
// called so. A click on a part sends `choose` with its site.
const tree = element.querySelector(".tree");
const counted = (number) =>
  number >= 1e9 ? `${(number / 1e9).toFixed(2)} B` : number >= 1e6 ? `${(number / 1e6).toFixed(1)} M`
  : number >= 1e3 ? `${(number / 1e3).toFixed(1)} k` : String(number);

function button(className, site, title, ...content) {
  const node = Object.assign(make("button", className, ...content), { type: "button", title });
  node.setAttribute("aria-label", `Choose ${site}`);
  node.addEventListener("click", (event) => {
    event.preventDefault();
    trigger("choose", { site });
  });
  return node;
}

function segment(part) {
  const node = button(`tree-segment ${part.role}`, part.site, `${part.site} · ${part.shape} · ${counted(part.weights)}`);
  node.style.flexGrow = part.weights;
  if (part.weights) node.append(make("span", "", part.kind.split(".").at(-1)));
  return node;
}

function heads(part, layer) {
  const row = make("span", "tree-heads");
  for (let head = 0; head < part.heads; head += 1) {
    const site = `${layer}.${part.kind}.head${head}`;
    row.append(button(`tree-head ${part.role}`, site, site, String(head)));
  }
  return row;
}

function detail(part, layer) {
  const node = make("li", "tree-part");
  node.dataset.name = `${part.site} ${part.path}`.toLowerCase();
  node.append(button(`tree-name ${part.role}`, part.site, part.path, make("code", "", part.site)));
  node.append(make("small", "", `${part.shape} · ${counted(part.weights)}`));
  if (part.heads > 1 && layer !== null) node.append(heads(part, layer));
  if (part.remark) node.append(make("em", "", part.remark));
  return node;
}

function experts(found, layer) {
  const node = make("li", "tree-part");
  node.dataset.name = `${layer}.expert`;
  const each = found.kinds.map((kind, place) => `${kind} ${found.shapes[place]}`).join(", ");
  node.append(make("code", "", `${found.count} experts`));
  node.append(make("small", "", `each ${each} · ${counted(found.weights)} together`));
  const row = make("span", "tree-heads");
  for (let number = 0; number < found.count; number += 1) {
    row.append(button("tree-head mlp", `${layer}.expert${number}`, `${layer}.expert${number}`, String(number)));
  }
  node.append(row);
  if (found.slow) node.append(make("em", "", "mutations computed one by one"));
  return node;
}

function bar(parts, found, share, weights) {
  const row = make("span", "tree-bar");
  row.style.width = `${Math.max(8, 100 * share)}%`;
  row.append(...parts.filter((part) => part.weights > weights / 400).map(segment));
  if (found) {
    const node = make("span", "tree-segment mlp", make("span", "", `${found.count} experts`));
    node.style.flexGrow = found.weights;
    row.append(node);
  }
  return row;
}

function fold(title, parts, found, share, weights, layer) {
  const node = make("section", "tree-fold");
  const toggle = Object.assign(make("button", "tree-toggle", title), { type: "button" });
  toggle.setAttribute("aria-label", layer === null ? "Unfold what is outside the layers" : `Unfold layer ${layer}`);
  const head = make("div", "tree-row", toggle, bar(parts.filter(isOwn), found, share, weights), make("small", "", counted(weights)));
  const list = make("ul", "tree-parts");
  node.append(head, list);
  const fill = () => {
    if (list.childElementCount) return;
    if (layer !== null) {
      const whole = make("li", "tree-part");
      whole.dataset.name = `${layer}`;
      whole.append(button("tree-name other", `${layer}`, `The whole of layer ${layer}`, make("code", "", `${layer}`)));
      whole.append(make("small", "", "the whole layer"));
      list.append(whole);
    }
    list.append(...parts.map((part) => detail(part, layer)));
    if (found) list.append(experts(found, layer));
  };
  const open = (isOpen) => {
    if (isOpen) fill();
    list.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
  };
  open(false);
  toggle.addEventListener("click", () => open(list.hidden));
  return { node, list, fill, open };
}

// Tied weights are there once, under the name that comes first.
const isOwn = (part) => !part.again;
const weightsOf = (parts) => parts.filter(isOwn).reduce((sum, part) => sum + part.weights, 0);

function strip(model, folds) {
  const row = make("div", "tree-strip");
  row.append(...model.outside.filter(isOwn).filter((part) => part.weights > model.weights / 400).map(segment));
  model.layers.forEach((layer, place) => {
    const name = `Layer ${layer.layer} · ${counted(layer.weights)}`;
    const node = Object.assign(make("button", "tree-segment layer", make("span", "", `${layer.layer}`)), { type: "button", title: name });
    node.setAttribute("aria-label", `Show layer ${layer.layer}`);
    node.style.flexGrow = layer.weights;
    node.addEventListener("click", () => {
      folds[place].open(true);
      folds[place].node.scrollIntoView({ block: "nearest" });
    });
    row.append(node);
  });
  return row;
}

function find(folds, wanted) {
  for (const { node, list, fill, open } of folds) {
    if (wanted) fill();
    let hits = 0;
    for (const part of list.children) {
      part.hidden = Boolean(wanted) && !part.dataset.name.includes(wanted);
      hits += part.hidden ? 0 : 1;
    }
    node.hidden = Boolean(wanted) && !hits;
    open(wanted.length > 1 && hits > 0);
  }
}

function draw() {
  tree.replaceChildren();
  if (!props.value) return;
  const model = JSON.parse(props.value);
  const widest = Math.max(...model.layers.map((layer) => layer.weights), 1);
  const layers = model.layers.map(({ layer, parts, experts, weights }) =>
    fold(`${layer}`, parts, experts, weights / widest, weights, layer));
  const outside = model.outside.length ? [fold("outside", model.outside, null, 1, weightsOf(model.outside), null)] : [];
  const folds = [...outside, ...layers];
  const search = Object.assign(make("input", "tree-search"), { type: "search", placeholder: "Find a part: down, q_norm, 14.v, router …" });
  search.setAttribute("aria-label", "Find a part of the model");
  search.addEventListener("input", () => find(folds, search.value.trim().toLowerCase()));
  const legend = make("p", "tree-legend");
  for (const [role, name] of [["attention", "attention"], ["mlp", "MLP"], ["other", "other"]]) {
    legend.append(make("span", `tree-key ${role}`), name);
  }
  const title = `${model.model}: ${model.weights.toLocaleString("en")} weights, to scale; each of them can be mutated. Unfold a layer, or click a part to choose it.`;
  tree.append(make("p", "caption", title), strip(model, layers), search, legend, ...folds.map((each) => each.node));
}

watch("value", draw);
draw();
