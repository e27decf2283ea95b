// Trials (JSON text in `props.value`) as rows, or as cards where `props.as_cards`. A click sends `choose` with the
// place; the pin of a row sends `pin`, the cross of a card `unpin`.
const list = element.querySelector(".trials");

function press(label, title, act) {
  const node = Object.assign(make("button", "", label), { type: "button", title });
  node.setAttribute("aria-label", title);
  node.addEventListener("click", act);
  return node;
}

const name = (trial) => trial.genotype || "original";

function measures(trial) {
  const parted = trial.divergence === null ? "silent" : `token ${trial.divergence + 1}`;
  const kl = trial.mean_kl === null ? "overflow" : `KL ${Number(trial.mean_kl.toPrecision(3))}`;
  return `${parted} · ${kl} · similarity ${trial.cosine.toFixed(2)}`;
}

function text(trial) {
  const node = written("div", "trial-text");
  node.append(make("span", "", trial.common), make("span", "changed", trial.rest));
  return node;
}

function row(trial, place) {
  const node = make("div", "trial-row");
  const again = press("", `Set ${name(trial)} again`, () => trigger("choose", { place }));
  again.className = "trial-again";
  again.append(make("code", "", name(trial)), make("small", "", measures(trial)), text(trial));
  again.append(written("small", "trial-prompt", trial.prompt));
  node.append(again, press("Pin", `Pin ${name(trial)}`, () => trigger("pin", { place })));
  return node;
}

function card(trial, place) {
  const node = make("section", "trial-card");
  const header = make("header", "");
  const title = press("", `Set ${name(trial)} again`, () => trigger("choose", { place }));
  title.className = "trial-again";
  title.append(make("code", "", name(trial)));
  header.append(title, press("×", `Unpin ${name(trial)}`, () => trigger("unpin", { place })));
  node.append(header, written("small", "trial-prompt", trial.prompt), text(trial), make("small", "", measures(trial)));
  return node;
}

function draw() {
  const trials = props.value ? JSON.parse(props.value) : [];
  list.classList.toggle("cards", Boolean(props.as_cards));
  list.replaceChildren(...trials.map(props.as_cards ? card : row));
}

watch("value", draw);
draw();
