// Runs the scripts of components (`scripts`, by name) on a page without gradio: what they ask of it is element, props,
// watch and trigger. `mount` draws one; what it returns takes changed props, as gradio's updates do.
const scripts = {};

function mount(name, element, initial, act = () => {}) {
  const watched = [];
  const props = { ...initial };
  const watch = (names, draw) => watched.push([[names].flat(), draw]);
  scripts[name](element, props, watch, act);
  return (changes) => {
    Object.assign(props, changes);
    for (const [names, draw] of watched) if (names.some((each) => each in changes)) draw();
  };
}

// Light or dark: as it was chosen in the page, else as the machine has it.
function takeTheme() {
  let remembered = null;
  try {
    remembered = localStorage.getItem("mutation-explorer-theme");
  } catch {
    // a file that may not keep anything
  }
  const isDark = remembered ? remembered === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.body.classList.toggle("dark", isDark);
}
