// Keeps the browser's address in step with the page: `props.value` is a query, from `?` on. Its parameters begin with
// the element's prefix; those of the page's other parts stay as they are ("" is the part whose names begin with no prefix).
// What was opened can be returned to: a run, and a tab that has an address, are places of the browser's history. The
// part without a prefix sends `travel` when the visitor goes back or forward.
const PREFIXES = ["stats_", "gallery_", "compare_", "tasks_", "talk_"];
const OF_THE_STAGE = ["stage", "audience"];
const SAME_PLACE_MS = 500;

const { prefix } = element.querySelector("span").dataset;

function isOwn(name) {
  if (OF_THE_STAGE.includes(name)) return false;
  return prefix ? name.startsWith(prefix) : !PREFIXES.some((prefix) => name.startsWith(prefix));
}

// An answer that comes after another tab of the page was opened says nothing of what is seen.
function hasLeft() {
  const panel = prefix && element.closest('[role="tabpanel"]');
  return Boolean(panel) && !panel.checkVisibility();
}

function sorted(query) {
  return [...query].map((pair) => pair.join("=")).sort().join("&");
}

watch("value", () => {
  if (!props.value || (props.value !== "?" && hasLeft())) return;
  const present = new URLSearchParams(location.search);
  const own = [...new URLSearchParams(props.value)];
  const others = [...present].filter(([name]) => !isOwn(name));
  const query = new URLSearchParams([...own, ...others]);
  if (sorted(query) === sorted(present)) return;
  const had = [...present.keys()].some(isOwn);
  const isPlace = prefix ? had !== own.length > 0 : had;  // not what a page without an address opens with
  const state = history.state ?? {};
  const since = Date.now() - (window.mutationExplorerPlace ?? 0);
  const isNew = isPlace && since > SAME_PLACE_MS && !window.mutationExplorerTravels;
  if (!prefix) window.mutationExplorerTravels = false;
  if (isNew) window.mutationExplorerPlace = Date.now();
  history[isNew ? "pushState" : "replaceState"](state, "", `?${query}`);
});

if (!prefix) {
  window.addEventListener("popstate", () => {
    window.mutationExplorerTravels = true;  // until the run of where he went has its address
    trigger("travel", { query: location.search });
  });
}
