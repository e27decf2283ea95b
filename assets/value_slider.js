// A slider over a matrix's own range, with ticks at its minimum, zero, the present value and its maximum.
// Letting go sends `release` with the value.
const track = element.querySelector("input");
const bubble = element.querySelector("output");
const ticks = element.querySelector(".slider-ticks");

function format(value) {
  const text = Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3) ? value.toExponential(1) : value.toPrecision(3);
  return String(Number(text)).replace("-", "−");
}

function numberOrNull(value) {
  return value === null || value === undefined || value === "" ? null : Number(value);
}

function share(value) {
  const width = props.maximum - props.minimum || 1;
  return Math.min(1, Math.max(0, (value - props.minimum) / width));
}

function place(node, value) {
  // the centre of a native thumb runs from half its width to half its width before the end
  node.style.left = `calc(${share(value) * 100}% + ${(0.5 - share(value)) * 18}px)`;
}

function drawTicks() {
  const marks = props.unit
    ? [[format(props.minimum), props.minimum], [`${format(props.maximum)} ${props.unit}`, props.maximum]]
    : [["min", props.minimum], ["max", props.maximum]];
  if (props.minimum < 0 && props.maximum > 0) marks.push(["0", 0]);
  if (numberOrNull(props.present) !== null) marks.push([props.present_label, props.present]);
  ticks.replaceChildren();
  for (const [label, value] of marks) {
    const tick = document.createElement("button");
    tick.type = "button";
    tick.className = label === props.present_label ? "present" : "";
    tick.title = `Set to ${format(value)}`;
    tick.innerHTML = "<i></i>";
    tick.appendChild(Object.assign(document.createElement("span"), { textContent: label }));
    tick.dataset.edge = share(value) < 0.02 ? "left" : share(value) > 0.98 ? "right" : "";
    tick.addEventListener("click", () => choose(value));
    place(tick, value);
    ticks.appendChild(tick);
  }
}

function drawBubble(value) {
  bubble.textContent = format(value);
  place(bubble, value);
}

function choose(value) {
  track.value = value;
  drawBubble(value);
  trigger("release", { value: value });
}

function draw() {
  track.min = props.minimum;
  track.max = props.maximum;
  track.step = props.step || (props.maximum - props.minimum) / 1000 || 1;
  const chosen = numberOrNull(props.value);
  const value = chosen === null ? (numberOrNull(props.present) ?? 0) : chosen;
  track.value = value;
  element.querySelector(".slider").classList.toggle("idle", chosen === null);
  drawBubble(value);
  drawTicks();
  const { minimum, maximum, present, present_label, unit, step } = props;
  const scale = { value: chosen, minimum, maximum, present, present_label, unit, step };
  element.dispatchEvent(new CustomEvent("shown", { bubbles: true, detail: { slider: scale } }));
}

track.addEventListener("input", () => drawBubble(Number(track.value)));
track.addEventListener("change", () => choose(Number(track.value)));
watch(["value", "minimum", "maximum", "present", "present_label", "unit", "step"], draw);
draw();
