// A hint of the first visit: gone when its cross is pressed, when what it tells of is used, and in every later visit.
const hint = element.querySelector(".hint");
const { hint: name, used, by } = hint.dataset;
const SEEN = "mutation-explorer-visited";
const HERE = "mutation-explorer-visit";

// The first visit lasts until the browser's tab is closed.
function isFirst() {
  try {
    if (sessionStorage.getItem(HERE) === null) {
      sessionStorage.setItem(HERE, localStorage.getItem(SEEN) === null ? "first" : "later");
      localStorage.setItem(SEEN, "1");
    }
    return sessionStorage.getItem(HERE) === "first" && sessionStorage.getItem(`${HERE}-${name}`) === null;
  } catch {
    return false;
  }
}

function close() {
  hint.hidden = true;
  sessionStorage.setItem(`${HERE}-${name}`, "closed");
  document.removeEventListener(by, notice, true);
}

function notice(event) {
  if (event.isTrusted && event.target.closest?.(used)) close();
}

if (isFirst()) {
  hint.hidden = false;
  document.addEventListener(by, notice, true);
  hint.querySelector("button").addEventListener("click", close);
}
