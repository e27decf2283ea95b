// Entries of the lab record (JSON text in `props.value`, see components/record_list.py). Which are chosen is known here
// alone, over all pages, until something else is asked.
const host = element.querySelector(".record");
const chosen = new Set();
let asked = null;
let isDeleting = false;

function press(text, label, act, className = "") {
  const node = make("button", className, text);
  node.type = "button";
  node.setAttribute("aria-label", label);
  node.addEventListener("click", act);
  return node;
}

function edit(action, numbers, text = "") {
  trigger("edit", { action, numbers, text });
}

// A button that becomes a box; Enter hands over what was typed, Escape gives the button back.
function asking(text, label, take, { value = "", isLong = false } = {}) {
  const holder = make("span", isLong ? "asking long" : "asking");
  const close = () => holder.replaceChildren(button);
  const button = press(text, label, () => {
    const box = Object.assign(document.createElement(isLong ? "textarea" : "input"), { value, rows: 2 });
    box.setAttribute("aria-label", label);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      take(box.value);
      close();
    });
    box.addEventListener("blur", () => (isLong && box.value !== value ? take(box.value) : close()));
    holder.replaceChildren(box);
    box.focus();
  });
  close();
  return holder;
}

function tags(entry) {
  const node = make("span", "record-tags");
  for (const tag of entry.tags) {
    const label = `Take the tag ${tag} from entry ${entry.number}`;
    const cross = press("×", label, () => edit("untag", [entry.number], tag));
    node.append(make("span", "record-tag", tag, cross));
  }
  node.append(asking("+ tag", `Tag entry ${entry.number}`, (text) => edit("tag", [entry.number], text)));
  return node;
}

function details(entry) {
  const table = make("dl", "");
  for (const [name, value] of entry.setup) table.append(make("dt", "", name), make("dd", "", value));
  return make("details", "record-setup", make("summary", "", "Made with"), table);
}

function reopen(entry) {
  const label = `Reopen entry ${entry.number}`;
  if (entry.is_here) {
    return press("Reopen", label, () => {
      window.scrollTo({ top: 0 });
      trigger("reopen", { number: entry.number });
    }, "record-reopen");
  }
  if (!entry.link) return "";
  const link = make("a", "record-reopen", "Reopen");
  link.href = entry.link;
  link.setAttribute("aria-label", label);
  return link;
}

function addition(entry) {
  if (!entry.is_step) return "";
  const node = press("+ programme", `Add entry ${entry.number} to the programme`, () => trigger("enlist", { number: entry.number }));
  node.classList.add("record-add");
  return node;
}

function row(entry) {
  const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: chosen.has(entry.number) });
  box.setAttribute("aria-label", `Choose entry ${entry.number}`);
  box.addEventListener("change", () => {
    if (box.checked) chosen.add(entry.number);
    else chosen.delete(entry.number);
    isDeleting = false;
    bar.replaceWith((bar = toolbar()));
  });
  const kind = make("b", "record-kind", entry.kind);
  kind.style.setProperty("--kind", entry.colour);
  const head = make("header", "", make("span", "record-number", `#${entry.number}`), kind,
    make("span", "", entry.time), make("span", "record-model", entry.model), addition(entry), reopen(entry));
  const node = make("article", "record-entry", make("label", "record-choose", box));
  node.dataset.number = entry.number;
  const body = make("div", "record-body", head, make("code", "", entry.title));
  if (entry.prompt) body.append(written("p", "record-prompt", entry.prompt));
  if (entry.common || entry.rest) {
    body.append(written("p", "record-text", entry.common, make("span", "changed", entry.rest)));
  }
  body.append(make("p", "record-metrics", entry.metrics.join(" · ")));
  const note = asking(entry.note || "+ note", `Note on entry ${entry.number}`,
    (text) => edit("note", [entry.number], text), { value: entry.note, isLong: true });
  note.classList.toggle("written", Boolean(entry.note));
  body.append(make("div", "record-foot", tags(entry), note, details(entry)));
  node.append(body);
  return node;
}

let bar = null;
let shown = { entries: [], total: 0, page: 0, pages: 1 };

function toolbar() {
  const numbers = [...chosen];
  const node = make("div", "record-bar");
  const all = Object.assign(document.createElement("input"), { type: "checkbox" });
  all.checked = shown.entries.length > 0 && shown.entries.every((entry) => chosen.has(entry.number));
  all.setAttribute("aria-label", "Choose all on this page");
  all.addEventListener("change", () => {
    for (const entry of shown.entries) all.checked ? chosen.add(entry.number) : chosen.delete(entry.number);
    draw();
  });
  const count = numbers.length ? `${numbers.length} chosen` : `${shown.total.toLocaleString("en")} in all`;
  node.append(make("label", "record-choose", all, make("span", "", count)));
  if (isDeleting && numbers.length) {
    const what = numbers.length === 1 ? "this entry" : `these ${numbers.length} entries`;
    node.append(make("span", "record-sure", `Delete ${what} for good?`),
      press("Yes, delete", "Yes, delete", () => { chosen.clear(); isDeleting = false; edit("delete", numbers); }, "danger"),
      press("Keep", "Keep", () => { isDeleting = false; bar.replaceWith((bar = toolbar())); }));
    return node;
  }
  if (numbers.length) {
    node.append(asking("Tag", "Tag the chosen entries", (text) => edit("tag", numbers, text)),
      press("Delete", "Delete the chosen entries", () => { isDeleting = true; bar.replaceWith((bar = toolbar())); }));
  }
  const which = numbers.length ? "the chosen entries" : "all shown entries";
  const report = make("span", "record-report", make("span", "", numbers.length ? "Report of these" : "Report of all"));
  for (const [format, name] of [["md", "Markdown"], ["html", "HTML"]]) {
    const take = () => trigger("take", { format, numbers: numbers.length ? numbers : null });
    report.append(press(name, `Report of ${which} as ${name}`, take));
  }
  if (shown.total) node.append(report);
  return node;
}

function pager() {
  const node = make("nav", "record-pager");
  const turn = (text, label, page, isOn) => {
    const button = press(text, label, () => trigger("turn", { page }));
    button.disabled = !isOn;
    return button;
  };
  node.append(turn("‹ Back", "The page before", shown.page - 1, shown.page > 0),
    make("span", "", `page ${shown.page + 1} of ${shown.pages}`),
    turn("On ›", "The next page", shown.page + 1, shown.page + 1 < shown.pages));
  return node;
}

function draw() {
  bar = toolbar();
  host.replaceChildren(bar, ...shown.entries.map(row));
  if (!shown.entries.length) host.append(make("p", "no-picture", shown.hint ?? ""));
  if (shown.pages > 1) host.append(pager());
}

function read() {
  if (!props.value) return host.replaceChildren();
  shown = JSON.parse(props.value);
  if (shown.asked !== asked) chosen.clear();
  asked = shown.asked;
  isDeleting = false;
  draw();
  const looked = host.querySelector(`[data-number="${Number(shown.looked_at)}"]`);
  looked?.classList.add("looked-at");
  looked?.scrollIntoView({ block: "center" });
}

watch("value", read);
read();
