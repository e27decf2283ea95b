"""What the marks of figures stand for, as `store.doors.strongest` takes it: for those who draw, and for clicks.

Needs no plotly.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from explorer.store.maps import Window


def mark(**values: object) -> str:
    """What a mark stands for, as text."""
    return json.dumps(values)


def axis_mark(kind: str, axis: str, place: int) -> str:
    """What a row or a column of a kind stands for, in all layers."""
    low, high = ("top", "bottom") if axis == "row" else ("left", "right")
    return mark(kind=kind, **{low: place, high: place + 1})


def mark_of(drawn: Mapping[str, Any], x: float, y: float) -> dict[str, Any]:
    """What a click at a place of a map stands for; `drawn` is its entry in the figure's `layout.meta.maps`."""
    cell = int(drawn["cell"])
    across, down = (round(value - (cell - 1) / 2) for value in (x, y))
    if "columns" in drawn:
        across, down = drawn["columns"][across], drawn["rows"][down]
    if drawn["transposed"]:
        across, down = down, across
    place = {"top": down, "bottom": down + cell, "left": across, "right": across + cell}
    return {"layer": drawn["layer"], "kind": drawn["kind"], **place}


def stripe_mark(meta: Mapping[str, Any], x: float, layer: int) -> dict[str, Any]:
    """What a click on a picture of stripes stands for."""
    low, high = ("top", "bottom") if meta["axis"] == "row" else ("left", "right")
    place = round(x - (int(meta["cell"]) - 1) / 2)
    return {"layer": layer, "kind": meta["kind"], low: place, high: place + int(meta["cell"])}


def encircled(drawn: Mapping[str, Any], x: Sequence[float], y: Sequence[float]) -> list[tuple[range, range]]:
    """The units of a map whose middle lies in a polygon that was drawn on it: runs of rows and columns of units.

    `drawn` is the map's entry in the figure's `layout.meta.maps`; of a map that is rearranged its own places are taken.
    """
    found: list[tuple[range, range]] = []
    for row in _middles(drawn, "rows", y):
        for column in _middles(drawn, "columns", x):
            if _is_inside(column, row, x, y):
                place = mark_of(drawn, column, row)
                found.append((range(place["top"], place["bottom"]), range(place["left"], place["right"])))
    return _joined(found)


def _middles(drawn: Mapping[str, Any], axis: str, edges: Sequence[float]) -> list[float]:
    """The middles of a map's cells along an axis, between the edges of a polygon."""
    cell = int(drawn["cell"])
    middle = (cell - 1) / 2
    first, last = math.ceil((min(edges) - middle) / cell), math.floor((max(edges) - middle) / cell)
    if axis in drawn:
        last = min(last, len(drawn[axis]) - 1)
    return [middle + cell * place for place in range(max(0, first), last + 1)]


def _is_inside(x: float, y: float, xs: Sequence[float], ys: Sequence[float]) -> bool:
    """Whether a point lies in a polygon: a ray from it crosses an odd number of edges."""
    crossings = 0
    for (x0, y0), (x1, y1) in zip(zip(xs, ys, strict=True), zip(xs[1:], ys[1:], strict=True), strict=False):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            crossings += 1
    if (ys[-1] > y) != (ys[0] > y) and x < xs[-1] + (y - ys[-1]) * (xs[0] - xs[-1]) / (ys[0] - ys[-1]):
        crossings += 1
    return crossings % 2 == 1


def _joined(units: Sequence[tuple[range, range]]) -> list[tuple[range, range]]:
    """Units put together: those beside each other in a row first, then equal runs below each other."""
    runs: list[tuple[range, range]] = []
    for rows, columns in sorted(set(units), key=lambda unit: (unit[0].start, unit[1].start)):
        if runs and runs[-1][0] == rows and runs[-1][1].stop >= columns.start:
            runs[-1] = rows, range(runs[-1][1].start, max(columns.stop, runs[-1][1].stop))
        else:
            runs.append((rows, columns))
    blocks: list[tuple[range, range]] = []
    for rows, columns in runs:
        above = next(
            (place for place, (own, same) in enumerate(blocks) if same == columns and own.stop == rows.start), None
        )
        if above is None:
            blocks.append((rows, columns))
        else:
            blocks[above] = range(blocks[above][0].start, rows.stop), columns
    return blocks


def window_of(drawn: Mapping[str, Any], x: Sequence[float] | None, y: Sequence[float] | None) -> Window | None:
    """The units of a map between the edges of a zoom; None for all of them."""
    if x is None or y is None:
        return None
    across, down = (range(math.floor(min(edges) + 0.5), math.ceil(max(edges) + 0.5)) for edges in (x, y))
    if drawn["transposed"]:
        across, down = down, across
    return Window(rows=down, columns=across)
