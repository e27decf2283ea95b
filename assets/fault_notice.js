// What is said of a fault that nobody foresaw (`props.value`), until it is closed.
const notice = element.querySelector(".fault-notice");

function draw() {
  notice.hidden = !props.value;
  const close = Object.assign(make("button", "", "✕"), { type: "button", title: "Close", ariaLabel: "Close" });
  close.addEventListener("click", () => (notice.hidden = true));
  notice.replaceChildren(make("span", "", props.value || ""), close);
}

watch("value", draw);
draw();
