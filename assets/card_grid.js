// Phenotypes as cards. `props.value` is a message (JSON text): {kind: "page", start, total, cards} draws cards, or adds
// them after the first `start`; {kind: "alike", screen, cluster, cards} opens a group; {kind: "surprise", cards: [one]}.
// Texts are what models say: they are set as text, never as HTML.
const grid = element.querySelector(".gallery");

function press(className, label, title, act) {
  const node = Object.assign(make("button", className, label), { type: "button", title });
  node.addEventListener("click", act);
  return node;
}

function number(value) {
  if (value === null) return "–";
  return value >= 10000 ? value.toExponential(1).replace("e+", "e") : String(Number(value.toPrecision(3)));
}

function measure(name, value, meaning) {
  const node = Object.assign(make("span", ""), { title: meaning });
  node.append(`${name} `, make("b", "", value));
  return node;
}

function measures(card) {
  const node = make("p", "gallery-measures");
  if (card.cosine !== null || card.score === null) node.append(measure("cosine", card.cosine === null ? "–" : card.cosine.toFixed(2), "Of its words and those of the standard output: 1 is the same words, 0 none in common."));
  if (card.perplexity !== null) node.append(measure("perplexity", number(card.perplexity), "How surprising the original model finds this text."));
  if (card.score !== null) node.append(measure("score", card.score, "Questions that it answers right."));
  node.append(measure("", `× ${card.mutants.toLocaleString("en")} ${card.mutants === 1 ? "mutant" : "mutants"}`, "How many mutants say exactly this."));
  return node;
}

function passage(title, className, common, rest) {
  const node = make("div", `gallery-passage ${className}`);
  const said = written("p", "gallery-text");
  said.append(make("span", "", common), rest || common ? make("span", "changed", rest) : make("i", "", "says nothing"));
  node.append(make("small", "", title), said);
  return node;
}

function own(card) {
  const node = written("p", "gallery-text clamped", card.text.trim() ? card.text.replace(/^\s*\n/, "") : "");
  if (!card.text.trim()) node.append(make("i", "", "says nothing"));
  const unfold = () => node.classList.toggle("clamped");
  node.tabIndex = 0;
  node.addEventListener("click", () => String(getSelection()) || unfold());
  node.addEventListener("keydown", (event) => event.key === "Enter" && unfold());
  return node;
}

function draw(card, kind) {
  const node = make("article", `gallery-card ${kind}`);
  const head = make("header", "");
  const style = Object.assign(make("span", "style-label", card.style ?? (card.score === null ? "no style" : "answers")), { title: "Style of the text" });
  style.dataset.style = card.style ?? "";
  const compare = press("gallery-compare", "Standard output", "What the unmutated model says, beside this text", flip);
  compare.setAttribute("aria-pressed", "false");
  head.append(style, make("small", "", card.title), compare);
  const body = make("div", "gallery-body");
  body.append(own(card));
  const foot = make("footer", "");
  const open = press("gallery-open", "Open in Explore", `Set ${card.genotype} and run it`, () =>
    trigger("open", { meta: { screen: card.screen }, customdata: card.mark }),
  );
  const notation = Object.assign(make("code", "", card.genotype), { title: card.genotype });
  foot.append(notation, open);
  node.append(head, body, measures(card), foot);
  if (card.members > 1) {
    const group = press("gallery-alike", `${(card.members - 1).toLocaleString("en")} more nearly the same`, "Show them", () =>
      close(node, group) || trigger("alike", { screen: card.screen, cluster: card.cluster }),
    );
    node.dataset.group = `${card.screen} ${card.cluster}`;
    node.append(group);
  }
  function flip() {
    const shown = compare.getAttribute("aria-pressed") !== "true";
    compare.setAttribute("aria-pressed", String(shown));
    node.classList.toggle("flipped", shown);
    body.replaceChildren(
      ...(shown
        ? [passage("This mutant", "mutated", card.common, card.rest), passage("Standard output", "original", card.common, card.standard)]
        : [own(card)]),
    );
  }
  return node;
}

// Whether a group was open: then it is closed.
function close(node, button) {
  const group = node.nextElementSibling;
  if (!group?.classList.contains("gallery-group")) return false;
  group.remove();
  button.classList.remove("opened");
  return true;
}

function openGroup(message) {
  const node = [...grid.querySelectorAll("[data-group]")].find((each) => each.dataset.group === `${message.screen} ${message.cluster}`);
  if (!node) return;
  const button = node.querySelector(".gallery-alike");
  close(node, button);
  button.classList.add("opened");
  const group = make("section", "gallery-group");
  const rest = message.total - message.cards.length;
  group.append(make("p", "caption", `Nearly the same${rest ? `: the ${message.cards.length} most shared of ${message.total.toLocaleString("en")}` : ""}`));
  group.append(...message.cards.map((card) => draw({ ...card, members: 1 }, "")));
  node.after(group);
}

function showSurprise(message) {
  grid.querySelector(".surprise")?.remove();
  grid.prepend(draw(message.cards[0], "surprise"));
  grid.firstChild.scrollIntoView({ block: "nearest", behavior: "smooth" });
}

function showPage(message) {
  grid.querySelector(".gallery-more")?.remove();
  const cards = message.cards.map((card) => draw(card, ""));
  if (message.start) grid.append(...cards);
  else grid.replaceChildren(...cards);
  const end = message.start + cards.length;
  if (end >= message.total) return;
  const more = make("p", "gallery-more");
  const next = press("", "Show more", "The next cards", () => {
    next.disabled = true;
    trigger("more", { start: end });
  });
  more.append(next, make("small", "", `${end.toLocaleString("en")} of ${message.total.toLocaleString("en")}`));
  grid.append(more);
}

function read() {
  if (!props.value) return grid.replaceChildren();
  const message = JSON.parse(props.value);
  ({ page: showPage, alike: openGroup, surprise: showSurprise })[message.kind](message);
}

watch("value", read);
read();
