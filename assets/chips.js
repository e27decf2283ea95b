// The mutations of the genotype as chips; the cross of one sends `remove` with its place in the list.
const list = element.querySelector(".chips");

function chip(text, index, isCurrent) {
  const node = document.createElement("span");
  node.className = "chip" + (isCurrent ? " current" : "");
  node.appendChild(Object.assign(document.createElement("code"), { textContent: text }));
  const cross = Object.assign(document.createElement("button"), { type: "button", textContent: "×", title: `Remove ${text}` });
  cross.setAttribute("aria-label", `Remove ${text}`);
  cross.addEventListener("click", () => trigger("remove", { index: index }));
  node.appendChild(cross);
  return node;
}

function draw() {
  const texts = props.value ? props.value.split(";") : [];
  list.replaceChildren(...texts.map((text, index) => chip(text, index, props.has_current && index === texts.length - 1)));
  if (!texts.length) {
    const empty = Object.assign(document.createElement("span"), { className: "chips-empty" });
    empty.textContent = "No mutation: this is the original model.";
    list.appendChild(empty);
  }
}

watch(["value", "has_current"], draw);
draw();
