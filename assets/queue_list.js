// The queue of screens, or of evolutions (JSON text in `props.value`): what each is, how far it is, and buttons that send `act` with its
// number and "pause", "resume" or "stop".
const list = element.querySelector(".queue");
const actions = {
  waiting: ["stop"], starting: ["stop"], running: ["pause", "stop"], paused: ["resume", "stop"],
};
const labels = { pause: "Pause", resume: "Resume", stop: "Stop" };

function row(entry) {
  const node = make("div", `queued ${entry.state}`);
  const head = make("header", "");
  head.append(make("b", "", entry.title), make("code", "", entry.what), make("span", "state", entry.state));
  for (const action of actions[entry.state] ?? []) {
    const button = Object.assign(make("button", "", labels[action]), { type: "button" });
    button.addEventListener("click", () => trigger("act", { number: entry.number, action }));
    head.append(button);
  }
  const bar = Object.assign(make("progress", ""), { max: Math.max(1, entry.total), value: entry.done });
  bar.setAttribute("aria-label", `${entry.done} of ${entry.total}`);
  node.append(head, bar, make("small", entry.fault ? "fault" : "", entry.fault || entry.told));
  return node;
}

function draw() {
  const entries = props.value ? JSON.parse(props.value) : [];
  list.replaceChildren(...entries.map(row));
  if (!entries.length) list.append(make("p", "caption", "Nothing is queued. What you start appears here."));
}

watch("value", draw);
draw();
