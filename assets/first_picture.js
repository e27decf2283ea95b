// The first picture (`SHOWN`: what its two texts are): there until the page has drawn its own, or is late with it.
const picture = document.getElementById("first-picture");
takeTheme();
picture.classList.toggle("staged", new URLSearchParams(location.search).has("stage"));
picture.hidden = false;
mount("pair_panel", document.getElementById("first-pair"), SHOWN);

let mounted = null;
const clock = setInterval(() => {
  const page = document.querySelector("gradio-app");
  if (page?.querySelector("h1")) mounted ??= performance.now();
  const isDrawn = page?.querySelector(".pair-text .token");
  const isLate = mounted !== null && performance.now() - mounted > PATIENCE_MS;
  if (!isDrawn && !isLate && !page?.querySelector(".status.fault")) return;
  clearInterval(clock);
  document.querySelectorAll(".of-first-picture").forEach((node) => node.remove());
}, 40);
