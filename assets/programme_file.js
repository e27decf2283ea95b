// A programme as a file: steps that are gone through, texts that are replayed at the speed at which they came, curves and
// maps whose marks say what was recorded there. Nothing is computed and nothing is fetched.
const named = (name) => document.getElementById(name);
const { steps } = PROGRAMME;
const LONGEST_REPLAY_MS = 20000;
takeTheme();

const NOTHING = { original: [], mutated: [], divergence: null, notes: ["", ""], running: false };
const pair = mount("pair_panel", named("pair"), { value: NOTHING, readouts: "" });
const drawn = [];  // figures, by step
let at = 0;
let shown = null;
let replaying = 0;

function show(run) {
  cancelAnimationFrame(replaying);
  shown = run;
  named("summary").style.visibility = "";
  named("command").textContent = run.command;
  named("change").innerHTML = run.change;
  named("summary").innerHTML = run.summary;
  pair({ value: run.pair.value, readouts: run.pair.readouts });
}

// The texts as they grew, token by token, at their own speed; at twice and more of it where that would take too long.
function replay() {
  cancelAnimationFrame(replaying);
  const { value, readouts } = shown.pair;
  const moments = shown.moments;
  const length = moments.length ? moments.at(-1)[0] * 1000 : 0;
  const speed = Math.max(1, length / LONGEST_REPLAY_MS);
  const began = performance.now();
  const run = shown;
  named("summary").style.visibility = "hidden";
  pair({ value: NOTHING, readouts: "" });
  function grow() {
    if (run !== shown) return (named("summary").style.visibility = "");
    const seconds = ((performance.now() - began) * speed) / 1000;
    const there = moments.filter(([when]) => when <= seconds).at(-1) ?? [0, 0, 0];
    if (seconds * 1000 >= length) {
      named("summary").style.visibility = "";
      return pair({ value, readouts });
    }
    const [, original, mutated] = there;
    const grown = { ...value, original: value.original.slice(0, original), mutated: value.mutated.slice(0, mutated) };
    pair({ value: { ...grown, notes: ["replayed …", "replayed …"], running: true } });
    replaying = requestAnimationFrame(grow);
  }
  grow();
}

// ------------------------------------------------------------------------------------------- curves and maps

// plotly lies in the file as it was packed; it is unpacked when the first figure is looked at.
let library = null;
function withPlotly() {
  library ??= (async () => {
    const packed = Uint8Array.from(atob(named("plotly-source").textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const source = await new Response(stream).text();
    const script = document.createElement("script");
    script.textContent = source;
    document.head.append(script);
  })();
  return library;
}

function place(mark) {
  return `${mark.x},${mark.y}`;
}

function told(at, figure) {
  const cell = figure.cells[at];
  const box = document.createElement("div");
  box.className = "behind";
  const line = (tag, text, dir = "") => {
    const node = Object.assign(document.createElement(tag), { textContent: text, dir });
    box.append(node);
  };
  if (!cell && figure.loud.includes(at)) {
    line("p", "It says something else than the original; its text was not kept.");
    return box;
  }
  if (!cell) {
    line("p", "Silent: what its mutants say is what the original says.");
    line("blockquote", figure.standard, "auto");
    return box;
  }
  line("code", cell.genotype);
  line("p", cell.divergence === null ? "It says:" : `It parts from the original at token ${cell.divergence + 1}, and says:`);
  line("blockquote", cell.text ?? "The screen did not keep its text.", "auto");
  return box;
}

function figureOf(figure) {
  const section = document.createElement("article");
  section.className = "programme-figure";
  const title = Object.assign(document.createElement("h2"), { textContent: figure.title });
  const caption = Object.assign(document.createElement("p"), { className: "caption", textContent: figure.told });
  const host = document.createElement("div");
  host.innerHTML = FIGURE_MARKUP;
  const answer = document.createElement("div");
  answer.setAttribute("aria-live", "polite");
  const legend = document.createElement("div");
  legend.innerHTML = figure.legend ?? "";
  section.append(title, host, legend, answer, caption);
  const act = (name, mark) => {
    if (name !== "mark_click") return;
    if (figure.runs) {
      const values = Object.keys(figure.runs).sort((one, other) => Math.abs(one - mark.x) - Math.abs(other - mark.x));
      if (values.length) show(figure.runs[values[0]]);
      return;
    }
    if (mark.axes.join("") === "xy") answer.replaceChildren(told(place(mark), figure));
  };
  withPlotly().then(() => mount("figure_panel", host.firstElementChild, { value: figure.figure }, act));
  return section;
}

// -------------------------------------------------------------------------------------------------- the steps

function go(number) {
  at = Math.min(steps.length - 1, Math.max(0, number));
  const step = steps[at];
  named("title").textContent = step.title;
  named("say").textContent = step.say;
  named("say").hidden = !step.say;
  named("prompt").textContent = step.prompt;
  named("place").textContent = `${at + 1} of ${steps.length}`;
  named("earlier").disabled = at === 0;
  named("later").disabled = at === steps.length - 1;
  Array.from(named("steps").children).forEach((button, each) => {
    button.classList.toggle("chosen", each === at);
    if (each === at) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
  show(step);
  named("figures").hidden = !step.figures.length;
  drawn[at] ??= step.figures.map(figureOf);
  named("figures").replaceChildren(...drawn[at]);
  history.replaceState(null, "", `#${at + 1}`);
}

steps.forEach((step, number) => {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: step.title });
  button.addEventListener("click", () => go(number));
  named("steps").append(button);
});
named("replay").addEventListener("click", replay);
named("earlier").addEventListener("click", () => go(at - 1));
named("later").addEventListener("click", () => go(at + 1));
document.querySelector(".theme-toggle").addEventListener("click", () => document.body.classList.toggle("dark"));

const KEYS = { ArrowRight: () => go(at + 1), PageDown: () => go(at + 1), ArrowLeft: () => go(at - 1), PageUp: () => go(at - 1), " ": replay };
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !(event.key in KEYS)) return;
  if (event.target.closest('[role="application"]') || (event.key === " " && event.target.closest("button"))) return;
  event.preventDefault();
  KEYS[event.key]();
});
go((parseInt(location.hash.slice(1)) || 1) - 1);
