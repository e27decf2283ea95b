// The stage, for a hall: prompt, change, both texts and the slider, large, and nothing else (`on-stage` on the body; the
// look is the style sheet's). Its keys press the controls of the tab Explore, never while somebody types. And the
// audience: what these controls show is sent to the server under a name, a few times a second; others follow it there.
const find = (selector) => document.querySelector(selector);
const own = (name) => element.querySelector(`.stage-${name}`);
const SENT_EVERY_MS = 200;
const ALIVE_EVERY_MS = 20000;
const TOLD_MS = 2600;
const AGAIN_MS = 5000;
const PATIENCE_MS = 60000;
const NAME = /^[A-Za-z0-9_-]{1,40}$/;
const BEGUN = "mutation-explorer-audience";
const HEAVY = ["readouts", "curve"];
const TYPED = 'input:not([type="range"]), textarea, select, [contenteditable="true"], [contenteditable=""]';
const PRESSED = 'button, a, summary, [role="tab"], [role="button"]';

let at = -1;
let known = "";
let timer = 0;

const isOn = () => document.body.classList.contains("on-stage");
const isRunning = () => find(".explore .pair")?.dataset.running === "true";

function tell(sentence) {
  const line = own("told");
  line.textContent = sentence;
  line.hidden = !sentence;
  clearTimeout(timer);
  timer = setTimeout(() => (line.hidden = true), TOLD_MS);
}

function press(selector, sentence = "") {
  const node = find(selector);
  node?.click();
  if (node && sentence) tell(sentence);
}

function toggle(name) {
  for (const sheet of ["keys", "code", "black"]) own(sheet).hidden = sheet !== name || !own(sheet).hidden;
}

// ------------------------------------------------------------------------------------------------- the address

function said(name) {
  return new URLSearchParams(location.search).get(name);
}

function say(name, value) {
  const query = new URLSearchParams(location.search);
  if (value === null) query.delete(name);
  else query.set(name, value);
  history.replaceState(history.state, "", `?${query}`);
}

// --------------------------------------------------------------------------------------------------- the stage

function enter() {
  const tab = Array.from(document.querySelectorAll('[role="tab"]')).find((each) => each.textContent.trim() === "Explore");
  if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
  document.body.classList.add("on-stage");
  document.activeElement?.blur();
  window.scrollTo(0, 0);
  say("stage", "1");
  own("notes").textContent = find(".explore .presets button.chosen")?.title ?? own("notes").textContent;
  window.dispatchEvent(new Event("resize"));
}

window.mutationExplorerStage = enter;

function leave() {
  document.body.classList.remove("on-stage");
  toggle("");
  own("notes").hidden = true;
  if (document.fullscreenElement) document.exitFullscreen();
  say("stage", null);
  window.dispatchEvent(new Event("resize"));
}

function step(by) {
  const steps = Array.from(document.querySelectorAll(".explore .presets button"));
  if (!steps.length) return tell("There are no steps for this model.");
  const titles = steps.map((each) => each.textContent).join("\n");
  if (titles !== known) at = -1;
  known = titles;
  const chosen = steps.findIndex((each) => each.classList.contains("chosen"));
  if (chosen >= 0) at = chosen;
  const wanted = Math.min(steps.length - 1, Math.max(0, at + by));
  if (wanted === at) return tell(by > 0 ? "This is the last one." : "This is the first one.");
  at = wanted;
  steps[at].click();
  own("notes").textContent = steps[at].title;
  tell(`${at + 1} of ${steps.length}: ${steps[at].textContent}`);
  if (steps[at].dataset.looks?.split(" ").includes("dose")) drawWhenDone();
}

// The curve of a step is drawn when its texts are there.
function drawWhenDone() {
  const wanted = at;
  const seen = find(".explore .pair")?.dataset.run;
  const began = Date.now();
  const clock = setInterval(() => {
    const pair = find(".explore .pair");
    if (wanted !== at || !isOn() || Date.now() - began > PATIENCE_MS) return clearInterval(clock);
    if (pair?.dataset.run === seen || isRunning()) return;
    clearInterval(clock);
    press(".key-dose");
  }, 100);
}

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => tell("This browser gives no full screen."));
}

const ACTS = {
  ArrowRight: () => step(1),
  PageDown: () => step(1),
  ArrowLeft: () => step(-1),
  PageUp: () => step(-1),
  " ": () => press(isRunning() ? ".key-stop" : ".key-run", isRunning() ? "Stopped" : ""),
  r: () => press(".key-reset", "The original"),
  d: () => press(".key-dose", "Dose–response …"),
  p: () => press('.takeaway [data-key="pin"]', "Pinned"),
  m: () => document.body.classList.toggle("with-map"),
  n: () => (own("notes").hidden = !own("notes").hidden || !own("notes").textContent),
  q: () => invite(),
  f: fill,
  t: () => press(".theme-toggle"),
  b: () => toggle("black"),
  ".": () => toggle("black"),
  "?": () => toggle("keys"),
  Escape: () => {
    if (["keys", "code", "black"].some((name) => !own(name).hidden)) toggle("");
    else leave();
  },
};

document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || target.closest?.(TYPED)) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!isOn()) {
    if (key === "s" && !event.repeat && !target.closest?.('[role="application"], [role="dialog"]')) enter();
    return;
  }
  if (key === "s") return event.repeat || leave();
  const act = ACTS[key];
  if (event.repeat && !/^(Arrow|Page)/.test(key)) return event.preventDefault();
  if (!act || ([" ", "Enter"].includes(key) && target.closest?.(PRESSED))) return;
  if (target.type === "range" && /^(Arrow|Page)/.test(key)) return;  // the slider's own, while it has the focus
  event.preventDefault();
  act();
});

// After a drag the arrow keys go through the steps again.
document.addEventListener("pointerup", (event) => {
  if (isOn() && event.target.type === "range") setTimeout(() => event.target.blur());
});
document.addEventListener("click", (event) => {
  if (event.target.closest(".stage-enter")) enter();
});
own("leave").addEventListener("click", leave);
for (const name of ["keys", "code", "black"]) own(name).addEventListener("click", () => toggle(""));

// ------------------------------------------------------------------------------------------------ the audience

let audience = null;
let token = "";
let sending = false;
let sentAt = 0;
let room = null;
let waitsUntil = 0;
const shown = {};
const sent = {};

document.addEventListener("shown", (event) => {
  for (const [name, value] of Object.entries(event.detail)) {
    if (name !== "figure") shown[name] = value;
    else if (event.target.closest(".curve")) shown.curve = value;
  }
});

function gathered() {
  shown.prompt = find(".explore .prompt textarea")?.value ?? "";
  shown.change = find(".explore .change")?.textContent ?? "";
  const query = new URLSearchParams(location.search);
  for (const name of ["stage", "audience"]) query.delete(name);
  shown.address = `?${query}`;
  return Object.fromEntries(Object.entries(shown).filter(([name, value]) => sent[name] !== value));
}

async function send() {
  if (!audience || sending || Date.now() < waitsUntil) return;
  const parts = gathered();
  if (!Object.keys(parts).length && Date.now() - sentAt < ALIVE_EVERY_MS) return;
  sending = true;
  try {
    const options = { method: "POST", body: JSON.stringify(parts), headers: { "x-presenter": token } };
    const answer = await fetch(`audience/${audience}`, options);
    if (answer.ok) {
      Object.assign(sent, parts);
      const told = await answer.json();
      if (room !== told.room && room !== null) for (const name of Object.keys(sent)) delete sent[name];  // it begins anew
      room = told.room;
      count(`${told.followers} follow${told.followers === 1 ? "s" : ""}`);
    } else if (answer.status === 413) {
      for (const name of HEAVY) if (name in parts) sent[name] = parts[name];
      tell(await answer.text());
    } else {
      waitsUntil = Date.now() + AGAIN_MS;
      const sentence = await answer.text();
      count(sentence);
      tell(sentence);
    }
  } catch {
    waitsUntil = Date.now() + AGAIN_MS;
    count("The server does not answer.");
  }
  sentAt = Date.now();
  sending = false;
}
setInterval(send, SENT_EVERY_MS);

function count(sentence) {
  own("count").textContent = sentence;
  own("live").hidden = !audience;
  own("live").querySelector("span").textContent = `Followed as ${audience}: ${sentence}`;
}

// What is shown is shown to others from the press of a key on, in this tab of the browser, until it is ended.
function gather(name) {
  const key = "mutation-explorer-presenter";
  token = sessionStorage.getItem(key) ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (each) => each.toString(16)).join("");
  sessionStorage.setItem(key, token);
  sessionStorage.setItem(BEGUN, name);
  audience = name;
  say("audience", name);
  count("0 follow");
}

function end() {
  sessionStorage.removeItem(BEGUN);
  audience = room = null;
  for (const name of Object.keys(sent)) delete sent[name];
  say("audience", null);
  own("live").hidden = true;
  own("code").hidden = true;
}

// The name of an address, if it is one.
function wanted() {
  const name = said("audience") ?? "";
  return NAME.test(name) ? name : "";
}

function invite() {
  if (!audience) gather(wanted() || Math.random().toString(36).slice(2, 6).padEnd(4, "x"));
  const base = location.origin + location.pathname;
  own("code").querySelector("img").src = `audience/${audience}/code.svg?at=${encodeURIComponent(location.pathname)}`;
  const isAlone = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  own("address").textContent = `${base}?follow=${audience}`;
  if (isAlone) own("address").textContent += " · only this machine reaches it: see docs/stage.md";
  toggle("code");
}

if (wanted() && sessionStorage.getItem(BEGUN) === wanted()) gather(wanted());
element.querySelectorAll('[data-act="end"]').forEach((button) => button.addEventListener("click", (event) => {
  event.stopPropagation();
  end();
}));
if (said("stage")) enter();
