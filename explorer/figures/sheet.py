"""A sheet of small maps: the same matrix kind in all layers, or one matrix in all screens; they are zoomed together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from explorer.figures.cells import Grid
from explorer.figures.palette import BOTH, CATEGORIES, COLOURS, FIRST, OTHERS, SECOND, places_of
from explorer.figures.plain import literal
from explorer.store.summaries import Bitmap

MOST_CELLS = 176
"""Cells of a small map along either side; of more units, squares of them are one."""
COLUMNS = 8
"""Maps beside each other, at most."""


class Small(NamedTuple):
    """One map of the sheet."""

    title: str
    key: str
    """What a click brings back: screen and matrix, such as `own:3 12.v`."""
    bitmaps: Sequence[Bitmap]
    """Of the operations that are shown, of one matrix."""


def sheet_figure(maps: Sequence[Small], *, is_turned: bool, meta: Mapping[str, object]) -> go.Figure:
    """The maps, eight beside each other; `is_turned` draws rows across."""
    columns = min(COLUMNS, len(maps))
    rows = -(-len(maps) // columns)
    figure, layout = go.Figure(), dict[str, Any]()
    scale = [(edge / len(COLOURS), colour) for place, colour in enumerate(COLOURS) for edge in (place, place + 1)]
    for place, small in enumerate(maps):
        row, column = divmod(place, columns)
        number = "" if place == 0 else str(place + 1)
        kinds, cell = categories(small.bitmaps)
        kinds = kinds.T if is_turned else kinds
        figure.add_trace(
            go.Heatmap(
                z=kinds.astype(object), x0=(cell - 1) / 2, dx=cell, y0=(cell - 1) / 2, dy=cell, zmin=-0.5,
                zmax=len(COLOURS) - 0.5, colorscale=scale, showscale=False, xaxis=f"x{number}", yaxis=f"y{number}",
                hovertemplate=f"{literal(small.title)}: row %{{{'x' if is_turned else 'y'}:.0f}}, column "
                f"%{{{'y' if is_turned else 'x'}:.0f}}<extra></extra>",
            )
        )  # fmt: skip
        width, height = 1 / columns, 1 / rows
        left, top = column * width, 1 - row * height
        quiet = {"showgrid": False, "zeroline": False, "showticklabels": False, "constrain": "domain"}
        linked = {"matches": "x"} if place else {}
        layout[f"xaxis{number}"] = {"domain": [left, left + 0.92 * width], "anchor": f"y{number}", **quiet, **linked}
        linked = {"matches": "y"} if place else {"autorange": "reversed"}
        bottom = max(0.0, top - height)
        layout[f"yaxis{number}"] = {
            "domain": [bottom, bottom + 0.82 * height], "anchor": f"x{number}", **quiet, **linked
        }  # fmt: skip
        figure.add_annotation(
            text=literal(small.title), x=left + 0.46 * width, y=bottom + 0.82 * height, xref="paper", yref="paper",
            yanchor="bottom", showarrow=False, font={"size": 10},
        )  # fmt: skip
    return figure.update_layout(
        height=30 + 118 * rows,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        dragmode="zoom",
        showlegend=False,
        meta={**meta, "sheet": [small.key for small in maps]},
        **layout,
    )


def categories(bitmaps: Sequence[Bitmap]) -> tuple[Grid, int]:
    """The place of each cell in `CATEGORIES`, and how many units it has along a side."""
    shape = bitmaps[0].screened.shape
    cell = max(1, -(-max(shape) // MOST_CELLS))
    by_name = {bitmap.operation: _pooled(bitmap.nonsilent, cell) for bitmap in bitmaps}
    nothing = np.zeros_like(_pooled(bitmaps[0].screened, cell))
    places = places_of(by_name)
    first, second, others = (
        np.logical_or.reduce([nothing, *(grid for name, grid in by_name.items() if places[name] == place)])
        for place in (FIRST, SECOND, OTHERS)
    )
    screened = np.maximum.reduce([_pooled(bitmap.screened, cell) for bitmap in bitmaps])
    kinds: Grid = np.where(screened, CATEGORIES.index("silent"), CATEGORIES.index("not screened"))
    for place, grid in ((OTHERS, others), (SECOND, second), (FIRST, first), (BOTH, first & second)):
        kinds[grid] = CATEGORIES.index(place)
    return kinds, cell


def _pooled(grid: Grid, cell: int) -> Grid:
    """Whether any of the units of a cell is set."""
    down, across = (-(-size // cell) * cell for size in grid.shape)
    padded = np.zeros((down, across), np.bool_)
    padded[: grid.shape[0], : grid.shape[1]] = grid
    return np.asarray(padded.reshape(down // cell, cell, across // cell, cell).any((1, 3)))
