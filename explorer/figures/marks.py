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


def axis_mark(kind: str, axis: str, place: int, layer: int | None = None) -> str:
    """What a row or a column of a kind stands for, in one layer or in all."""
    low, high = ("top", "bottom") if axis == "row" else ("left", "right")
    of_layer = {} if layer is None else {"layer": layer}
    return mark(**of_layer, kind=kind, **{low: place, high: place + 1})


def mark_of(meta: Mapping[str, Any], x: float, y: float) -> dict[str, Any]:
    """What a click at a place of a map stands for."""
    cell = int(meta["cell"])
    across, down = (round(value - (cell - 1) / 2) for value in (x, y))
    if "columns" in meta:
        across, down = meta["columns"][across], meta["rows"][down]
    if meta["transposed"]:
        across, down = down, across
    mark = {"layer": meta["layer"], "kind": meta["kind"], "top": down, "bottom": down + cell}
    return {**mark, "left": across, "right": across + cell}


def margin_mark(meta: Mapping[str, Any], x: float, y: float, axis: str) -> dict[str, Any]:
    """What a click on a bar of a margin stands for: `axis` is the x axis that the bar stands on."""
    cell = int(meta["cell"])
    is_across = axis == "x"
    place = round((x if is_across else y) - (cell - 1) / 2)
    if "columns" in meta:
        place = meta["columns" if is_across else "rows"][place]
    low, high = ("left", "right") if is_across != bool(meta["transposed"]) else ("top", "bottom")
    return {"layer": meta["layer"], "kind": meta["kind"], low: place, high: place + cell}


def window_of(meta: Mapping[str, Any], x: Sequence[float] | None, y: Sequence[float] | None) -> Window | None:
    """The units between the edges of a zoom; None for all of them."""
    if x is None or y is None:
        return None
    across, down = (range(math.floor(min(edges) + 0.5), math.ceil(max(edges) + 0.5)) for edges in (x, y))
    if meta["transposed"]:
        across, down = down, across
    return Window(rows=down, columns=across)
