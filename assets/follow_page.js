// The page of an audience: draws what the presenter shows, as it is sent, and says whether he is there.
const named = (name) => document.getElementById(`follow-${name}`);
const state = named("state");
const audience = document.body.dataset.audience;
const AGAIN_MS = 3000;
const NOTHING = { original: [], mutated: [], divergence: null, notes: ["", ""], running: false };
takeTheme();

const pair = mount("pair_panel", named("pair"), { value: NOTHING, readouts: "" });
const slider = mount("value_slider", named("slider"), { value: null, minimum: -1, maximum: 1, present: null, present_label: "now", unit: "", step: 0 });
for (const control of named("slider").querySelectorAll("input, button")) control.disabled = true;
let curve = null;
let latest = "";

// plotly is fetched when there is a curve to be drawn, and not before.
function drawCurve(value) {
  const isFirst = !latest;
  latest = value ?? "";
  if (curve) return curve({ value: latest });
  if (!latest || !isFirst || named("library")) return;
  const library = Object.assign(document.createElement("script"), { id: "follow-library", src: document.body.dataset.plotly });
  library.addEventListener("load", () => (curve ??= mount("figure_panel", named("curve"), { value: latest })));
  document.head.append(library);
}

function show(told) {
  named("shown").hidden = false;
  state.textContent = "follows";
  if ("prompt" in told) named("prompt").textContent = told.prompt;
  if ("change" in told) named("change").textContent = told.change;
  if ("pair" in told) pair({ value: told.pair });
  if ("readouts" in told) pair({ readouts: told.readouts });
  if ("slider" in told) {
    slider(told.slider);
    for (const control of named("slider").querySelectorAll("input, button")) control.disabled = true;
  }
  if ("curve" in told) drawCurve(told.curve);
  if ("address" in told) named("leave").href = `./${told.address}`;
}

const waits = (sentence) => (state.textContent = named("shown").hidden ? `waiting for ${audience} …` : sentence);

// A stream begins anew by itself, but not after an answer that is none, such as a proxy's while the server starts.
function listen() {
  const source = new EventSource(`audience/${audience}`);
  source.addEventListener("message", (event) => show(JSON.parse(event.data)));
  source.addEventListener("open", () => waits("follows"));
  source.addEventListener("error", () => {
    waits("not reached; tries again …");
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
  });
}
listen();
