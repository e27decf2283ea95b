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


def window_of(drawn: Mapping[str, Any], x: Sequence[float] | None, y: Sequence[float] | None) -> Window | None:
    """The units of a map between the edges of a zoom; None for all of them."""
    if x is None or y is None:
        return None
    across, down = (range(math.floor(min(edges) + 0.5), math.ceil(max(edges) + 0.5)) for edges in (x, y))
    if drawn["transposed"]:
        across, down = down, across
    return Window(rows=down, columns=across)
