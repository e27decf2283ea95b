// A plotly figure (JSON text in `props.value`) that follows the page's width and theme. Clicking a mark sends
// `mark_click` with its x, y and customdata, and the figure's own layout.meta. Where the figure says what it shows
// (meta.matrix), a drag sends `zoom` with the edges that are to be seen.
const host = element.querySelector(".figure");
const config = {
  displaylogo: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  showAxisDragHandles: false,
  doubleClick: "autosize",
  modeBarButtonsToRemove: ["sendChartToCloud", "select2d", "lasso2d", "resetScale2d"],
};
let isBound = false;

function themed(layout) {
  const style = getComputedStyle(document.body);
  const [ink, line] = ["--ink", "--line"].map((name) => style.getPropertyValue(name).trim());
  const axes = Object.keys(layout).filter((key) => /^[xy]axis/.test(key));
  const coloured = Object.fromEntries(axes.map((key) => [key, { ...layout[key], gridcolor: line, linecolor: line }]));
  const font = { color: ink, family: getComputedStyle(element).fontFamily, size: 12 };
  return { ...layout, ...coloured, font, paper_bgcolor: "transparent", plot_bgcolor: "transparent", template: null };
}

// Labels in cells take the page's ink (cells near zero let the page through, which plotly's own choice ignores), and
// are left out where they would run into each other.
function inked(traces) {
  const ink = getComputedStyle(document.body).getPropertyValue("--ink").trim();
  return traces.map((trace) => {
    if (trace.type !== "heatmap") return trace;
    const fits = host.clientWidth > 52 * trace.z[0].length;
    return { ...trace, textfont: { ...trace.textfont, color: ink }, texttemplate: fits ? trace.texttemplate : undefined };
  });
}

function draw() {
  host.hidden = !props.value;
  if (!props.value) return;
  const figure = JSON.parse(props.value);
  Plotly.react(host, inked(figure.data), themed(figure.layout), config).then(() => Plotly.Plots.resize(host));
  if (isBound) return;
  isBound = true;
  host.on("plotly_click", (event) => {
    const mark = event.points[0];
    const meta = host.layout.meta ?? null;
    trigger("mark_click", { x: mark.x, y: mark.y, customdata: mark.customdata ?? null, meta });
  });
  host.on("plotly_relayout", (change) => {
    if (!host.layout.meta?.matrix || !Object.keys(change).some((key) => /^[xy]axis/.test(key))) return;
    const isWhole = Object.keys(change).some((key) => key.endsWith("autorange"));
    const edges = (axis) => (isWhole ? null : host.layout[axis].range.slice());
    trigger("zoom", { x: edges("xaxis"), y: edges("yaxis"), meta: host.layout.meta });
  });
}

new ResizeObserver(() => isBound && !host.hidden && Plotly.Plots.resize(host)).observe(element);
new MutationObserver(draw).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", draw);
draw();
