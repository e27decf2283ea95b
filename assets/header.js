// The button for light and dark; the choice is remembered by the browser. And for the whole page: what is typed into a box
// runs in the direction of its own first letter.
const KEY = "mutation-explorer-theme";
const remembered = localStorage.getItem(KEY);
if (remembered) document.body.classList.toggle("dark", remembered === "dark");
element.addEventListener("click", (event) => {
  if (!event.target.closest(".theme-toggle")) return;
  const isDark = document.body.classList.toggle("dark");
  localStorage.setItem(KEY, isDark ? "dark" : "light");
});

function letRun() {
  for (const box of document.querySelectorAll('textarea:not([dir="auto"])')) box.dir = "auto";
}
let isAwaited = false;
new MutationObserver(() => {
  if (isAwaited) return;
  isAwaited = true;
  requestAnimationFrame(() => {
    isAwaited = false;
    letRun();
  });
}).observe(document.body, { childList: true, subtree: true });
letRun();
