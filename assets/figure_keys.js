// A plotly figure by keyboard; goes before figure_panel.js. Arrow keys go from cell to cell as they lie on the screen, and
// through bars and points in their order (right or down: the next); Home and End to the ends of a row, Page Up and Page
// Down to the figure's other parts; + shows a quarter of a grid's rows and columns around the cell, - all of them; Enter is
// a click (`choose`), Escape leaves. What is told of a mark stands beside it, and is put into `spoken`.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const TURNS = { PageUp: -1, PageDown: 1 };
const OTHERS = ["Enter", "Home", "End", "Escape", "+", "-"];
const ZOOM = 4;
const LABEL_MS = 80;  // plotly draws a label at most every 50

// What the keyboard goes through, a part for each trace: the middles of its marks, as its axes count them.
function partsOf(host) {
  return host._fullData.flatMap((trace, number) => {
    const axes = ["xaxis", "yaxis"].map((name) => host._fullLayout[name + (trace[name] ?? "").slice(1)]);
    if (trace.visible !== true || trace.hoverinfo === "skip" || axes.includes(undefined)) return [];
    const marks = host.calcdata[number];
    if (trace.type === "heatmap") {
      const edges = [marks[0].x, marks[0].y].map((each) => Array.from(each));
      const [x, y] = edges.map((each) => each.slice(1).map((edge, place) => (edge + each[place]) / 2));
      return [{ number, axes, isGrid: true, x, y, edges }];
    }
    const seen = marks.map((mark, index) => ({ ...mark, index })).filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
    const pixel = (mark, side) => axes[side].l2p(mark["xy"[side]]);
    const along = trace.orientation === "h" ? [1, 0] : [0, 1];
    seen.sort((one, other) => pixel(one, along[0]) - pixel(other, along[0]) || pixel(one, along[1]) - pixel(other, along[1]));
    const [x, y, indices] = ["x", "y", "index"].map((name) => seen.map((mark) => mark[name]));
    return seen.length ? [{ number, axes, isGrid: false, x, y, indices }] : [];
  });
}

function valuesAt(part, at) {
  return part.isGrid ? [part.x[at.column], part.y[at.row]] : [part.x[at.row], part.y[at.row]];
}

function isInView(part, at) {
  return valuesAt(part, at).every((value, side) => {
    const pixel = part.axes[side].l2p(value);
    return pixel >= -1 && pixel <= part.axes[side]._length + 1;
  });
}

// The first mark of a part that is in view.
function entryOf(part, number) {
  const rows = part.isGrid ? part.y : part.x;
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < (part.isGrid ? part.x.length : 1); column++) {
      if (isInView(part, { row, column })) return { part: number, row, column };
    }
  }
  return { part: number, row: 0, column: 0 };
}

// The mark that comes next in a direction; the same one if none does.
function nextOf(part, at, [right, down]) {
  const clamp = (value, length) => Math.min(length - 1, Math.max(0, value));
  if (part.isGrid) {
    const [across, along] = part.axes.map((axis) => Math.sign(axis.l2p(1) - axis.l2p(0)));
    const moved = { ...at, column: clamp(at.column + right * across, part.x.length), row: clamp(at.row + down * along, part.y.length) };
    return isInView(part, moved) ? moved : at;
  }
  const moved = { ...at, row: clamp(at.row + right + down, part.x.length) };
  return isInView(part, moved) ? moved : at;
}

function linesOf(text) {
  const lines = Array.from(text.querySelectorAll("tspan.line"), (line) => line.textContent);
  return lines.length ? lines : [text.textContent];
}

function keyed(host, cursor, spoken, choose) {
  let place = null;
  let isTold = Promise.resolve();  // kept once the label of the mark is drawn
  let timer = 0;

  function show(part) {
    const [x, y] = valuesAt(part, place);
    const mark = part.isGrid ? { xval: x, yval: y } : { pointNumber: part.indices[place.row] };
    Plotly.Fx.hover(host, [{ curveNumber: part.number, ...mark }], [part.axes.map((axis) => axis._id).join("")]);
    const [left, top] = [x, y].map((value, side) => part.axes[side]._offset + part.axes[side].l2p(value));
    const sizes = part.axes.map((axis, side) => (part.isGrid ? Math.abs(axis.l2p(part.edges[side][1]) - axis.l2p(part.edges[side][0])) : 14));
    const [width, height] = sizes.map((size) => Math.max(8, size));
    cursor.hidden = false;
    cursor.style.cssText = `left: ${host.offsetLeft + left - width / 2}px; top: ${host.offsetTop + top - height / 2}px; width: ${width}px; height: ${height}px`;
    clearTimeout(timer);
    isTold = new Promise((done) => (timer = setTimeout(() => done(tell(part)), LABEL_MS)));
  }

  // What the axes call the mark, where they have words for it; a cell's own label has them.
  function namesOf(part) {
    if (part.isGrid) return [];
    return valuesAt(part, place).flatMap((value, side) => {
      const { tickvals, ticktext } = part.axes[side];
      const at = Array.isArray(ticktext) ? Array.from(tickvals ?? []).indexOf(value) : -1;
      return at < 0 ? [] : [String(ticktext[at]).replace(/<[^>]*>/g, "")];
    });
  }

  function tell(part) {
    const labels = Array.from(host.querySelectorAll(".hoverlayer .hovertext text, .hoverlayer .axistext text"), linesOf);
    const told = labels.flat().filter((line) => line.trim());
    spoken.textContent = [...namesOf(part), ...told].join(", ") || "Nothing is told of this mark.";
  }

  function leave() {
    const wasThere = place !== null;
    place = null;
    clearTimeout(timer);
    cursor.hidden = true;
    if (wasThere && host._fullLayout) Plotly.Fx.unhover(host);
  }

  function move(parts, key) {
    const part = parts[place.part];
    if (key in TURNS) {
      const other = (place.part + TURNS[key] + parts.length) % parts.length;
      return entryOf(parts[other], other);
    }
    if (key in ARROWS) return nextOf(part, place, ARROWS[key]);
    return { ...place, [part.isGrid ? "column" : "row"]: key === "Home" ? 0 : part.x.length - 1 };
  }

  function zoom(part, key) {
    const changes = {};
    part.axes.forEach((axis, side) => {
      const edges = part.edges[side];
      const [middle, half] = [valuesAt(part, place)[side], Math.abs(edges.at(-1) - edges[0]) / ZOOM / 2];
      const isRising = axis.range[0] < axis.range[1];
      if (key === "-") changes[`${axis._name}.autorange`] = isRising ? true : "reversed";
      else changes[`${axis._name}.range`] = isRising ? [middle - half, middle + half] : [middle + half, middle - half];
    });
    Plotly.relayout(host, changes);
  }

  host.addEventListener("keydown", (event) => {
    const { key } = event;
    const isOurs = key in ARROWS || key in TURNS || OTHERS.includes(key);
    if (event.target !== host || event.ctrlKey || event.altKey || event.metaKey || !isOurs || !host._fullData) return;
    const parts = partsOf(host);
    if (!parts.length) return;
    event.preventDefault();
    event.stopPropagation();
    if (key === "Escape") return leave();
    if (place && key === "Enter") return isTold.then(() => host._hoverdata?.length && choose(host._hoverdata.at(-1)));
    if (key === "+" || key === "-") return place && parts[place.part]?.isGrid && zoom(parts[place.part], key);
    place = place && place.part < parts.length ? move(parts, key) : entryOf(parts[0], 0);
    show(parts[place.part]);
  });
  host.addEventListener("blur", leave);
  return { leave };
}
