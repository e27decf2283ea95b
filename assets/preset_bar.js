// Presets (JSON text in `props.value`) as buttons; a press sends `choose` with the name. The one that the page shows
// (`props.chosen`) is marked, and told below; a press is marked at once. Of many the first ones are shown until more are
// asked for.
const FEW = 10, MANY = 12;
const bar = element.querySelector(".presets");
const shows = element.querySelector(".preset-shows");
const more = element.querySelector(".presets-more");
let presets = [];

function fold(isFolded) {
  [...bar.children].forEach((node, place) => node.classList.toggle("folded", isFolded && place >= FEW));
  more.hidden = !isFolded;
}

more.addEventListener("click", () => {
  fold(false);
  bar.children[FEW].focus();
});

function mark(name) {
  presets.forEach((preset, place) => bar.children[place].classList.toggle("chosen", preset.name === name));
  if (presets.findIndex((preset) => preset.name === name) >= FEW) fold(false);
  shows.textContent = presets.find((preset) => preset.name === name)?.shows ?? "";
}

function button(preset) {
  const node = Object.assign(document.createElement("button"), { type: "button", textContent: preset.title });
  node.title = preset.shows;
  node.dataset.looks = preset.looks;
  node.addEventListener("click", () => {
    mark(preset.name);
    trigger("choose", { name: preset.name });
  });
  return node;
}

function draw() {
  presets = JSON.parse(props.value);
  bar.replaceChildren(...presets.map(button));
  more.textContent = `${presets.length - FEW} more …`;
  fold(presets.length > MANY);
  mark(props.chosen);
}

watch("value", draw);
watch("chosen", () => mark(props.chosen));
draw();
