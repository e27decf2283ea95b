"""Maps of matrices and of a whole model as plotly figures. Knows no torch and no page.

What a click on a map means is told by its `layout.meta`, which the page sends back with the click.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from explorer.domain.weights import Grid, Overview

LOW, HIGH = "59,130,246", "239,68,68"
DIVERGING = [
    [0.0, f"rgba({LOW},1)"],
    [0.25, f"rgba({LOW},0.45)"],
    [0.5, "rgba(148,163,184,0.06)"],
    [0.75, f"rgba({HIGH},0.45)"],
    [1.0, f"rgba({HIGH},1)"],
]
"""Blue below zero, red above it; zero lets the page through, so that it is calm on light and on dark."""

RISING = [[0.0, "rgba(148,163,184,0.08)"], [0.35, "rgba(217,119,6,0.55)"], [1.0, "rgba(190,18,60,1)"]]
"""From nothing over amber to rose."""

KL_LOWEST, KL_HIGHEST = -4.0, 0.5
"""Powers of ten of the KL, in nats, between which the colours of a logarithmic scale lie."""
KL_COLOURS: dict[str, Any] = {
    "cmin": KL_LOWEST,
    "cmax": KL_HIGHEST,
    "colorscale": RISING,
    "colorbar": {
        "thickness": 10,
        "outlinewidth": 0,
        "tickvals": [-4, -3, -2, -1, 0],
        "ticktext": ["0.0001", "0.001", "0.01", "0.1", "1"],
        "title": {"text": "mean KL, nats", "side": "right"},
    },
}
"""The colour axis of cells that are `kl_level`."""

OUTLINE = "#0d9488"
_MOST_LABELS = 26
"""Cells are labelled with their values where fewer than this many fit across."""


def kl_level(mean_kl: float | None) -> float:
    """Where a mean KL, in nats, lies on the axis `KL_COLOURS`; None, an overflow, at its end."""
    if mean_kl is None:
        return KL_HIGHEST
    return round(min(KL_HIGHEST, max(KL_LOWEST, math.log10(max(mean_kl, 1e-12)))), 3)


def grid_figure(
    grid: Grid, name: str, site: tuple[range, range] | None, *, unit: str = "", meta: Mapping[str, object]
) -> go.Figure:
    """A map of one matrix: rows downwards, columns across, the `site` outlined; values are written where they fit.

    `meta` is sent back with every click, with the matrix and the geometry of the cells.
    """
    sizes = np.abs(grid.values)
    top = float(np.quantile(sizes, 0.995 if sizes.size > _MOST_LABELS**2 else 1.0)) or 1.0  # a few would dim the rest
    labelled = grid.values.shape[1] < _MOST_LABELS and grid.values.shape[0] < _MOST_LABELS
    figure = go.Figure(
        go.Heatmap(
            z=_rounded(grid.values),
            x0=grid.columns.start + (grid.cell_columns - 1) / 2,
            dx=grid.cell_columns,
            y0=grid.rows.start + (grid.cell_rows - 1) / 2,
            dy=grid.cell_rows,
            zmin=-top,
            zmax=top,
            colorscale=DIVERGING,
            colorbar={"thickness": 10, "outlinewidth": 0, "len": 1},
            texttemplate="%{z:.2~g}" if labelled else None,
            textfont={"size": 10},
            hovertemplate=f"{name}[%{{y:.0f}},%{{x:.0f}}]<br>%{{z:.4~g}}{unit}<extra></extra>",
        )
    )
    if site is not None:
        figure.update_layout(shapes=_outline(grid, site))
    return figure.update_layout(
        height=430,
        margin={"l": 56, "r": 10, "t": 28, "b": 40},
        dragmode="zoom",
        xaxis={"title": {"text": "column"}, "range": _edges(grid.columns), "showgrid": False, "zeroline": False},
        yaxis={"title": {"text": "row"}, "range": _edges(grid.rows)[::-1], "showgrid": False, "zeroline": False},
        meta={
            "matrix": name,
            "rows": [grid.rows.start, grid.rows.stop],
            "columns": [grid.columns.start, grid.columns.stop],
            "cell": [grid.cell_rows, grid.cell_columns],
            **meta,
        },
    )


FEW_LAYERS = 12
"""Up to so many, each has its tick."""


def overview_figure(overview: Overview, present: tuple[str, int] | None, *, meaning: str) -> go.Figure:
    """Layers across, kinds of matrix downwards; the `present` one, if any, outlined."""
    kinds = overview.kinds
    figure = go.Figure(
        go.Heatmap(
            z=_rounded(overview.values),
            x=list(range(overview.values.shape[1])),
            y=list(kinds),
            colorscale=RISING,
            zmin=0,
            zmax=float(np.nanquantile(overview.values, 0.98)) or 1.0,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverongaps=False,
            hovertemplate=f"%{{x}}.%{{y}}<br>{meaning} %{{z:.4~g}}<extra></extra>",
        )
    )
    if present is not None and present[0] in kinds:
        row = kinds.index(present[0])
        box = {"x0": present[1] - 0.5, "x1": present[1] + 0.5, "y0": row - 0.5, "y1": row + 0.5}
        figure.add_shape(type="rect", line={"color": OUTLINE, "width": 3}, **box)
    return figure.update_layout(
        height=56 + 22 * len(kinds),
        margin={"l": 56, "r": 10, "t": 6, "b": 44},
        dragmode=False,
        xaxis={
            "title": {"text": "layer", "standoff": 6},
            "showgrid": False,
            "zeroline": False,
            **({"dtick": 1} if overview.values.shape[1] <= FEW_LAYERS else {"nticks": 16}),
        },
        yaxis={"autorange": "reversed", "showgrid": False, "type": "category"},
    )


def cells_of(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Values [rows, columns] as a heatmap takes them fastest: objects, rounded, None where there is nothing."""
    cells = values.round(4).astype(object)
    cells[np.isnan(values)] = None
    return cells


def _rounded(values: npt.NDArray[np.float32]) -> list[list[float | None]]:
    """Four digits, which is what a colour and a label can tell; a figure is a fifth as long then."""
    return [[None if np.isnan(value) else float(f"{value:.4g}") for value in row] for row in values.tolist()]


def _edges(indices: range) -> list[float]:
    return [indices.start - 0.5, indices.stop - 0.5]


def _outline(grid: Grid, site: tuple[range, range]) -> list[dict[str, object]]:
    """A box around the site, and lines that lead to it where it is too small to see."""
    (top, bottom), (left, right) = _edges(site[0]), _edges(site[1])
    line = {"color": OUTLINE, "width": 2}
    shapes: list[dict[str, object]] = [{"type": "rect", "x0": left, "x1": right, "y0": top, "y1": bottom, "line": line}]
    thin = {"color": OUTLINE, "width": 1, "dash": "dot"}
    if len(site[0]) * 40 < len(grid.rows):
        shapes.append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": top, "y1": top, "line": thin})
    if len(site[1]) * 40 < len(grid.columns):
        shapes.append({"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": left, "x1": left, "line": thin})
    return shapes
