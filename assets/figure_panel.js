// A plotly figure (JSON text in `props.value`) that follows the page's width and theme. Clicking a mark sends
// `mark_click` with its x, y, customdata and axes, and the figure's own layout.meta. Where the figure says what it shows
// (meta.matrix), a drag sends `zoom` with the edges that are to be seen. Where its maps are linked (meta.linked), a cell
// that is pointed at is told in all of them. Where it is a view (meta.view), it can be taken away as a picture, or its
// data as a table (`take`). Where no mutant is behind any mark (meta.is_closed), and on cells that nobody screened, a
// click does nothing. On a single map a box or a loop can be drawn: `encircle` is sent with its corners.
// By keyboard: arrow keys go from mark to mark as they lie, Page Up and Page Down to the figure's other parts, Enter is a
// click, Escape leaves. What is told of a mark is spoken.
const host = element.querySelector(".figure");
const keys = keyed(host, element.querySelector(".figure-cursor"), element.querySelector(".figure-spoken"), choose);
const takeaways = element.querySelector(".figure-takeaways");
const config = {
  displaylogo: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  showAxisDragHandles: false,
  doubleClick: "autosize",
  modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d", "resetScale2d", "toImage"],
};
const drawing = { ...config, modeBarButtonsToAdd: ["drawrect", "drawclosedpath"], displayModeBar: true };
let isBound = false;
let told = "";

function colour(name) {
  return getComputedStyle(document.body).getPropertyValue(name).trim();
}

function themed(layout) {
  const [ink, line] = ["--ink", "--line"].map(colour);
  const axes = Object.keys(layout).filter((key) => /^[xy]axis/.test(key));
  const coloured = Object.fromEntries(axes.map((key) => [key, { ...layout[key], gridcolor: line, linecolor: line }]));
  const isStaged = document.body.classList.contains("on-stage");
  const font = { color: ink, family: getComputedStyle(element).fontFamily, size: isStaged ? 28 : 12 };
  const room = isStaged ? { height: Math.max(300, layout.height ?? 0), margin: { l: 110, r: 24, t: 20, b: 90 } } : {};
  return { ...layout, ...coloured, ...room, font, paper_bgcolor: "transparent", plot_bgcolor: "transparent", template: null };
}

// Labels in cells take the page's ink (cells near zero let the page through, which plotly's own choice ignores), and
// are left out where they would run into each other.
function inked(traces) {
  return traces.map((trace) => {
    if (trace.type !== "heatmap") return trace;
    const fits = host.clientWidth > 52 * trace.z[0].length;
    const textfont = { ...trace.textfont, color: colour("--ink") };
    return { ...trace, textfont, texttemplate: fits ? trace.texttemplate : undefined };
  });
}

// A mark that stands for nothing: one of a trace whose other marks say what they stand for.
function isEmpty(mark, meta) {
  const held = mark.data.customdata;
  return !meta?.maps && Array.isArray(held) && (mark.customdata ?? null) === null;
}

// The corners of a box or a loop that was drawn.
function polygon(shape) {
  if (shape.type === "rect") {
    const { x0, x1, y0, y1 } = shape;
    return { x: [x0, x1, x1, x0], y: [y0, y0, y1, y1] };
  }
  const points = (shape.path ?? "").match(/-?[\d.]+(?:e-?\d+)?,-?[\d.]+(?:e-?\d+)?/g) ?? [];
  const [x, y] = [0, 1].map((place) => points.map((point) => Number(point.split(",")[place])));
  return { x, y };
}

function choose(mark) {
  const meta = host.layout.meta ?? null;
  const isUnscreened = mark.data.name === "categories" && meta?.maps?.[0]?.closed === mark.z;
  if (meta?.is_closed || isUnscreened || isEmpty(mark, meta)) return;
  const axes = [mark.xaxis?._id ?? "x", mark.yaxis?._id ?? "y"];
  trigger("mark_click", { x: mark.x, y: mark.y, customdata: mark.customdata ?? null, axes, meta });
}

function draw() {
  host.hidden = !props.value;
  element.dispatchEvent(new CustomEvent("shown", { bubbles: true, detail: { figure: props.value } }));
  takeaways.hidden = true;
  keys.leave();
  if (!props.value) return;
  const figure = JSON.parse(props.value);
  takeaways.hidden = !figure.layout.meta?.view;
  const isMap = figure.layout.meta?.maps?.length === 1;
  Plotly.react(host, inked(figure.data), themed(figure.layout), isMap ? drawing : config).then(() => Plotly.Plots.resize(host));
  if (isBound) return;
  isBound = true;
  host.on("plotly_click", (event) => choose(event.points.at(-1)));
  host.on("plotly_relayout", (change) => {
    if (change.shapes?.length) {
      const drawn = polygon(change.shapes.at(-1));
      Plotly.relayout(host, { shapes: [], dragmode: "zoom" });
      trigger("encircle", { ...drawn, meta: host.layout.meta });
      return;
    }
    if (!host.layout.meta?.matrix || !Object.keys(change).some((key) => /^[xy]axis/.test(key))) return;
    const isWhole = Object.keys(change).some((key) => key.endsWith("autorange"));
    const edges = (axis) => (isWhole ? null : host.layout[axis].range.slice());
    trigger("zoom", { x: edges("xaxis"), y: edges("yaxis"), meta: host.layout.meta });
  });
  host.on("plotly_hover", (event) => {
    const { x, y } = event.points[0];
    if (!host.layout.meta?.linked || told === `${x} ${y}`) return;
    told = `${x} ${y}`;
    const places = host.data.map((_, curveNumber) => ({ curveNumber, xval: x, yval: y }));
    Plotly.Fx.hover(host, places, ["xy", "x2y2"]);
  });
  host.on("plotly_unhover", () => (told = ""));
}

async function save(format) {
  const name = host.layout.meta.view;
  const layout = { ...host.layout, paper_bgcolor: colour("--card"), plot_bgcolor: colour("--card") };
  const { width, height } = host._fullLayout;
  await Plotly.downloadImage({ data: host.data, layout }, { format, width, height, scale: 2, filename: name });
}

takeaways.addEventListener("click", (event) => {
  const format = event.target.dataset.format;
  if (format === "png" || format === "svg") save(format);
  else if (format) trigger("take", { format, meta: host.layout.meta });
});

new ResizeObserver(() => isBound && !host.hidden && Plotly.Plots.resize(host)).observe(element);
new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", draw);
draw();
