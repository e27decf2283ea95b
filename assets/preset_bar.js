// Presets (JSON text in `props.value`) as buttons; a press sends `choose` with the name and tells what it shows.
const bar = element.querySelector(".presets");
const shows = element.querySelector(".preset-shows");

function button(preset) {
  const node = Object.assign(document.createElement("button"), { type: "button", textContent: preset.title });
  node.title = preset.shows;
  node.addEventListener("click", () => {
    for (const other of bar.children) other.classList.toggle("chosen", other === node);
    shows.textContent = preset.shows;
    trigger("choose", { name: preset.name });
  });
  return node;
}

bar.replaceChildren(...JSON.parse(props.value).map(button));
