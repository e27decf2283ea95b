// The button for light and dark; the choice is remembered by the browser.
const KEY = "mutation-explorer-theme";
const remembered = localStorage.getItem(KEY);
if (remembered) document.body.classList.toggle("dark", remembered === "dark");
element.addEventListener("click", (event) => {
  if (!event.target.closest(".theme-toggle")) return;
  const isDark = document.body.classList.toggle("dark");
  localStorage.setItem(KEY, isDark ? "dark" : "light");
});
