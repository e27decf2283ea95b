// Keeps the browser's address in step with the page: `props.value` is a query, from `?` on. Its parameters begin with
// the element's prefix; those of the page's other parts stay as they are ("" is the part whose names begin with no prefix).
const PREFIXES = ["stats_", "gallery_", "compare_", "tasks_"];

const { prefix } = element.querySelector("span").dataset;

function isOwn(name) {
  return prefix ? name.startsWith(prefix) : !PREFIXES.some((prefix) => name.startsWith(prefix));
}

// An answer that comes after another tab of the page was opened says nothing of what is seen.
function hasLeft() {
  const panel = prefix && element.closest('[role="tabpanel"]');
  return Boolean(panel) && !panel.checkVisibility();
}

watch("value", () => {
  if (!props.value || (props.value !== "?" && hasLeft())) return;
  const others = [...new URLSearchParams(location.search)].filter(([name]) => !isOwn(name));
  const query = new URLSearchParams([...new URLSearchParams(props.value), ...others]);
  history.replaceState(history.state, "", `?${query}`);
});
