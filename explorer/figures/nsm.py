"""The map of one matrix: which units are non-silent, how severely, and in which rows and columns they gather.

Gate and Up are drawn transposed, so that the hidden size runs down in all matrices of an MLP. What a cell stands for
is told by `layout.meta`: see `figures.marks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import polars as pl

from explorer.domain.screened import WHOLE_UNITS, told
from explorer.figures.cells import Grid, categories_of, places_of, shape_of, texts_of
from explorer.figures.heatmaps import cells_of
from explorer.figures.marks import mark
from explorer.figures.palette import CATEGORIES, COLOURS, SEVERITY, colours_of
from explorer.figures.plain import literal
from explorer.statistics.copa import Copa
from explorer.statistics.filters import Filter
from explorer.statistics.severity import MEASURES, Severity
from explorer.store.maps import MatrixMap

_GAPS = 80
"""Cells are set apart where at most so many lie along either side."""

_FEW = 8
"""Of so few units each has a number on its axis."""

_TRANSPOSED = ("gate", "up")
BY_CATEGORY = "categories"
"""The name of a trace whose cells are places in `CATEGORIES`: those that nobody screened are no doors."""


def nsm_figure(
    drawn: MatrixMap,
    chosen: Filter,
    severity: Severity | None = None,
    *,
    coloured: bool = False,
    meta: Mapping[str, object],
) -> go.Figure:
    """The map with its margins, of the operations that a filter leaves.

    `severity` is that by which milder mutants were left out; if `coloured`, its measure gives the colours.
    """
    severity = severity or Severity()
    cells = chosen.rows(drawn.cells)
    figure = go.Figure()
    for trace in _traces(drawn, cells, severity, coloured=coloured):
        figure.add_trace(trace)
    for margin in _margins(drawn, cells.filter(pl.col("shown") > 0)):
        figure.add_trace(margin)
    down, across = _spans(drawn)
    titles = (_name(drawn, across=True), _name(drawn, across=False))
    return _framed(figure, titles, across, down, _meta([drawn], meta, severity)).update_layout(barmode="stack")


def copa_figure(drawn: MatrixMap, pattern: Copa, *, meta: Mapping[str, object]) -> go.Figure:
    """The map rearranged: rows and columns by the first operation's NSMs less the second's; so are the margins."""
    first, second = pattern.operations
    cells = Filter(operations=pattern.operations).rows(drawn.cells)
    kinds, texts = categories_of(drawn, cells), texts_of(drawn, cells)
    loud = cells.filter(pl.col("nonsilent") > 0)
    difference = {
        axis: _counts(drawn, loud, first, axis) - _counts(drawn, loud, second, axis) for axis in ("down", "across")
    }
    rows, columns = pattern.rows, pattern.columns
    kinds, texts = kinds[np.ix_(rows, columns)], texts[np.ix_(rows, columns)]
    by_row, by_column = difference["down"][rows], difference["across"][columns]
    is_turned, than = _is_transposed(drawn), f"{told(first)} than {told(second)}"
    if is_turned:
        kinds, texts, rows, columns, by_row, by_column = kinds.T, texts.T, columns, rows, by_column, by_row
    figure, colours_by_name = go.Figure(_heatmap(kinds, texts, 0, 0, 1)), colours_of(pattern.operations)
    for values, order, direction in ((by_column, columns, "v"), (by_row, rows, "h")):
        places = list(range(len(values)))
        colours = [colours_by_name[first if value > 0 else second] for value in values]
        figure.add_trace(
            go.Bar(
                x=places if direction == "v" else values.tolist(),
                y=values.tolist() if direction == "v" else places,
                orientation=direction,
                xaxis="x" if direction == "v" else "x2",
                yaxis="y2" if direction == "v" else "y",
                marker={"color": colours, "line": {"width": 0}},
                customdata=_strips(drawn, order.tolist(), 1, is_across=direction == "v"),
                hovertemplate=f"%{{{'y' if direction == 'v' else 'x'}}} more {than}<extra></extra>",
            )
        )
    down, across = kinds.shape
    name = ("column", "row") if is_turned else ("row", "column")
    sorted_by = f"{told(first)} less {told(second)}"
    titles = (f"block {name[1]}s, by {sorted_by}", f"block {name[0]}s, by {sorted_by}")
    moved = {**meta, "maps": [{**_geometry(drawn), "rows": rows.tolist(), "columns": columns.tolist()}]}
    framed = _framed(figure, titles, [-0.5, across - 0.5], [-0.5, down - 0.5], moved)
    return framed.update_layout(xaxis=_ranks(columns), yaxis=_ranks(rows))


def pair_figure(
    maps: Sequence[MatrixMap], names: Sequence[str], chosen: Filter, severity: Severity, *, meta: Mapping[str, object]
) -> go.Figure:
    """Two maps side by side: zoom and hover are those of both, if their grids are the same."""
    figure = go.Figure()
    layout: dict[str, Any] = {}
    for place, (drawn, name) in enumerate(zip(maps, names, strict=True)):
        number = "" if place == 0 else str(place + 1)
        cells = chosen.rows(drawn.cells)
        kinds, texts = _turned(drawn, categories_of(drawn, cells), texts_of(drawn, cells))
        trace = _heatmap(kinds, texts, *_origin(drawn))
        figure.add_trace(trace.update(xaxis=f"x{number}", yaxis=f"y{number}"))
        down, across = _spans(drawn)
        left = 0.52 * place
        layout[f"xaxis{number}"] = {
            **_axis(_name(drawn, across=True), across, [left, left + 0.48]),
            "anchor": f"y{number}",
        }
        layout[f"yaxis{number}"] = {
            **_axis("" if place else _name(drawn, across=False), down[::-1], [0, 1]),
            "anchor": f"x{number}",
        }
        figure.add_annotation(
            text=literal(name), x=left + 0.24, y=1.0, xref="paper", yref="paper", yanchor="bottom", showarrow=False
        )
    is_linked = len({(shape_of(drawn), drawn.window, drawn.cell) for drawn in maps}) == 1
    if is_linked:
        layout["xaxis2"] |= {"matches": "x"}
        layout["yaxis2"] |= {"matches": "y", "showticklabels": False}
    return figure.update_layout(
        height=430,
        margin={"l": 56, "r": 10, "t": 30, "b": 40},
        dragmode="zoom",
        showlegend=False,
        meta={**_meta(maps, meta, severity), "linked": is_linked},
        **layout,
    )


# ---------------------------------------------------------------------------------------------------- parts


def _meta(maps: Sequence[MatrixMap], meta: Mapping[str, object], severity: Severity | None = None) -> dict[str, Any]:
    """What clicks and zooms need to know: of each map what `figures.marks.mark_of` reads."""
    first = maps[0]
    told: dict[str, Any] = {**meta, "maps": [_geometry(drawn) for drawn in maps]}
    if severity is not None:
        told["severity"] = [severity.measure, severity.step, severity.own]
    if first.cell > 1 or not first.is_whole:
        told["matrix"] = first.matrix["name"]  # a zoom is then a question to the database
    if not first.is_whole:
        told["window"] = [[part.start, part.stop] for part in (first.window.rows, first.window.columns)]
    return told


def _geometry(drawn: MatrixMap) -> dict[str, Any]:
    return {
        "layer": drawn.matrix["layer"],
        "kind": drawn.matrix["kind"],
        "cell": drawn.cell,
        "transposed": _is_transposed(drawn),
        "closed": CATEGORIES.index("not screened"),
    }


def _is_transposed(drawn: MatrixMap) -> bool:
    return drawn.matrix["kind"].rpartition(".")[2] in _TRANSPOSED


def _turned(drawn: MatrixMap, *grids: Grid) -> tuple[Grid, ...]:
    return tuple(grid.T for grid in grids) if _is_transposed(drawn) else grids


def _name(drawn: MatrixMap, *, across: bool) -> str:
    if drawn.matrix["kind"] in WHOLE_UNITS:
        return "" if across else drawn.matrix["kind"]
    unit = "block " if drawn.matrix["unit_rows"] > 1 or drawn.matrix["unit_columns"] > 1 else ""
    return unit + ("column" if across != _is_transposed(drawn) else "row")


def _spans(drawn: MatrixMap) -> tuple[list[float], list[float]]:
    """Edges downwards and across, as drawn."""
    edges = [[part.start - 0.5, part.stop - 0.5] for part in (drawn.window.rows, drawn.window.columns)]
    return (edges[1], edges[0]) if _is_transposed(drawn) else (edges[0], edges[1])


def _origin(drawn: MatrixMap) -> tuple[float, float, int]:
    """Centre of the first cell across and downwards, as drawn, and the side of a cell, in units."""
    half = (drawn.cell - 1) / 2
    rows, columns = (part.start // drawn.cell * drawn.cell + half for part in (drawn.window.rows, drawn.window.columns))
    return (rows, columns, drawn.cell) if _is_transposed(drawn) else (columns, rows, drawn.cell)


def _axis(title: str, edges: list[float], domain: list[float]) -> dict[str, Any]:
    ticks = {"dtick": 1} if abs(edges[1] - edges[0]) <= _FEW else {"nticks": 12}
    return {
        "title": {"text": title},
        "range": edges,
        "domain": domain,
        "tickangle": 0,
        **ticks,
        "showgrid": False,
        "zeroline": False,
    }


def _framed(
    figure: go.Figure, titles: tuple[str, str], across: list[float], down: list[float], meta: Mapping[str, object]
) -> go.Figure:
    """A map between its margins: titles of both axes, and the edges of what is seen."""
    quiet = {"showgrid": False, "zeroline": False}
    return figure.update_layout(
        height=460,
        margin={"l": 56, "r": 10, "t": 8, "b": 40},
        dragmode="zoom",
        bargap=0,
        showlegend=False,
        xaxis={**_axis(titles[0], across, [0, 0.87]), "anchor": "y"},
        yaxis={**_axis(titles[1], down[::-1], [0, 0.84]), "anchor": "x"},
        xaxis2={"domain": [0.885, 1], "nticks": 2, "tickangle": 0, "anchor": "y", **quiet},
        yaxis2={"domain": [0.86, 1], "nticks": 3, "anchor": "x", **quiet},
        meta=dict(meta),
    )


def _ranks(order: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Ticks of an axis that is rearranged: the places themselves, where they can be read."""
    if len(order) > _GAPS:
        return {"showticklabels": False}
    return {"tickvals": list(range(len(order))), "ticktext": [str(place) for place in order.tolist()]}


def _heatmap(kinds: Grid, texts: Grid, x0: float, y0: float, cell: int) -> go.Heatmap:
    """Cells in the colours of `CATEGORIES`."""
    edges = [round(place / len(COLOURS), 3) for place in range(len(COLOURS) + 1)]
    scale = [(edge, colour) for place, colour in enumerate(COLOURS) for edge in edges[place : place + 2]]
    gap = int(max(kinds.shape) <= _GAPS)
    return go.Heatmap(
        name=BY_CATEGORY,
        z=kinds.astype(object),  # plotly takes an array of objects as it is, and looks at each item of a list
        text=texts,
        x0=x0,
        dx=cell,
        y0=y0,
        dy=cell,
        zmin=-0.5,
        zmax=len(COLOURS) - 0.5,
        colorscale=scale,
        xgap=gap,
        ygap=gap,
        showscale=False,
        hovertemplate="%{text}<extra></extra>",
    )


def _traces(drawn: MatrixMap, cells: pl.DataFrame, severity: Severity, *, coloured: bool) -> list[go.Heatmap]:
    kinds, texts = _turned(drawn, categories_of(drawn, cells), texts_of(drawn, cells))
    if not coloured:
        return [_heatmap(kinds, texts, *_origin(drawn))]
    loud = cells.filter((pl.col("shown") > 0) & pl.col(severity.measure).is_not_null())
    worst = pl.col(severity.measure).min() if severity.is_falling else pl.col(severity.measure).max()
    values = np.full(shape_of(drawn), np.nan, np.float32)
    worst_of = loud.group_by("down", "across").agg(worst)
    values[places_of(drawn, worst_of)] = worst_of[severity.measure].to_numpy()
    (values,) = _turned(drawn, values)
    quiet = np.where(kinds == CATEGORIES.index("not screened"), kinds, CATEGORIES.index("silent"))
    top = 1.0 if severity.measure == "cosine" else float(np.nanquantile(values, 0.98)) if len(worst_of) else 1.0
    x0, y0, cell = _origin(drawn)
    under = _heatmap(quiet, texts, x0, y0, cell)
    return [
        under,
        go.Heatmap(
            z=cells_of(values),
            text=texts,
            x0=x0,
            dx=cell,
            y0=y0,
            dy=cell,
            zmin=0,
            zmax=top or 1.0,
            colorscale=SEVERITY,
            reversescale=severity.is_falling,
            xgap=under.xgap,
            ygap=under.ygap,
            hoverongaps=False,
            colorbar={
                "thickness": 8, "outlinewidth": 0, "len": 0.3, "x": 0, "y": 1.0, "yanchor": "top", "xanchor": "left",
                "orientation": "h", "nticks": 4, "title": {"text": MEASURES[severity.measure], "side": "top"},
            },
            hovertemplate="%{text}<extra></extra>",
        ),
    ]  # fmt: skip


def _margins(drawn: MatrixMap, loud: pl.DataFrame) -> list[go.Bar]:
    """NSM counts of rows and columns, by operation."""
    x0, y0, cell = _origin(drawn)
    bars = []
    colours = colours_of(drawn.cells["operation"].unique())
    for operation in colours:
        by_row, by_column = (_counts(drawn, loud, operation, axis) for axis in ("down", "across"))
        if _is_transposed(drawn):
            by_row, by_column = by_column, by_row
        if not by_row.any():
            continue
        common = {"marker": {"color": colours[operation], "line": {"width": 0}}, "width": cell}
        across, down = (
            [round(start - (cell - 1) / 2) + cell * place for place in range(len(counts))]
            for start, counts in ((x0, by_column), (y0, by_row))
        )
        bars += [
            go.Bar(
                x=[x0 + cell * place for place in range(len(by_column))], y=by_column.tolist(), yaxis="y2",
                customdata=_strips(drawn, across, cell, is_across=True, operation=operation),
                hovertemplate=f"%{{x}}: %{{y}} {told(operation)}<extra></extra>", **common,
            ),
            go.Bar(
                y=[y0 + cell * place for place in range(len(by_row))], x=by_row.tolist(), xaxis="x2", orientation="h",
                customdata=_strips(drawn, down, cell, is_across=False, operation=operation),
                hovertemplate=f"%{{y}}: %{{x}} {told(operation)}<extra></extra>", **common,
            ),
        ]  # fmt: skip
    return bars


def _counts(drawn: MatrixMap, loud: pl.DataFrame, operation: str, axis: str) -> npt.NDArray[np.int64]:
    """Non-silent mutants of an operation along the rows (`down`) or columns (`across`) of cells."""
    rows = loud.filter(pl.col("operation") == operation)
    place = places_of(drawn, rows)[0 if axis == "down" else 1]
    length = shape_of(drawn)[0 if axis == "down" else 1]
    return np.bincount(place, weights=rows["shown"].to_numpy(), minlength=length).astype(np.int64)


def _strips(
    drawn: MatrixMap, places: Sequence[int], cell: int, *, is_across: bool, operation: str | None = None
) -> list[str]:
    """What the bars of a margin stand for: the units of a column, or a row, as drawn."""
    low, high = ("left", "right") if is_across != _is_transposed(drawn) else ("top", "bottom")
    of_operation = {} if operation is None else {"operation": operation}
    matrix = {"layer": drawn.matrix["layer"], "kind": drawn.matrix["kind"], **of_operation}
    return [mark(**matrix, **{low: place, high: place + cell}) for place in places]
