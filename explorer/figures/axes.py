"""The most sensitive rows and columns, and those of one kind in all layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from explorer.figures.heatmaps import RISING, cells_of
from explorer.figures.marks import axis_mark
from explorer.figures.plain import FIRST, QUIET, SECOND, plain

MOST_PLACES = 600
"""Rows or columns that stripes are drawn of one by one."""


def axes_figure(
    found: pl.DataFrame, most: int = 24, *, is_partial: bool = False, meta: Mapping[str, object]
) -> go.Figure:
    """The most sensitive rows and columns, with the share of their mutants that is non-silent.

    Of a screen that is partial, with how many are listed.
    """
    rows = found.head(most).to_dicts()[::-1]
    values = [row["nonsilent"] if is_partial else row["nonsilent"] / max(1, row["screened"]) for row in rows]
    return plain(
        go.Figure(
            go.Bar(
                y=[f"{row['kind']} {row['axis']} {row['place']}" for row in rows],
                x=values,
                orientation="h",
                marker={"color": [FIRST if row["axis"] == "row" else SECOND for row in rows]},
                customdata=[axis_mark(row["kind"], row["axis"], row["place"]) for row in rows],
                text=[f"p {row['p']:.2g}" for row in rows],
                textposition="auto",
                hovertext=[
                    f"{row['kind']} {row['axis']} {row['place']}: {_counted(row, is_partial=is_partial)}"
                    f"<br>among the top twentieth in {row['layers']} of {row['of_layers']} layers"
                    f"<br>p {row['p']:.2g}"
                    for row in rows
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        ),
        meta,
        height=60 + 20 * len(rows),
        xaxis={"title": {"text": "mutants listed"}, "rangemode": "tozero", **QUIET}
        if is_partial
        else {"title": {"text": "share of non-silent mutants"}, "range": [0, 1], **QUIET},
        y="",
    ).update_layout(margin={"l": 110, "r": 10, "t": 8, "b": 40}, yaxis={"type": "category", **QUIET})


def _counted(row: Mapping[str, Any], *, is_partial: bool) -> str:
    if is_partial:
        return f"{row['nonsilent']:,} listed"
    return f"{row['nonsilent']:,} of {row['screened']:,} non-silent"


def stripes_figure(
    shares: np.ndarray,
    layers: Sequence[int],
    kind: str,
    axis: str,
    *,
    is_partial: bool = False,
    meta: Mapping[str, object],
) -> go.Figure:
    """One kind's rows or columns across, layers down: a stripe is a place that is sensitive in many layers.

    Of very many places, several are one cell, which shows the highest of their shares.
    """
    cell = -(-shares.shape[1] // MOST_PLACES)
    told = "%{z:,} listed" if is_partial else "%{z:.1%} non-silent"
    starts = np.arange(0, shares.shape[1], cell)
    figure = go.Figure(
        go.Heatmap(
            z=cells_of(np.maximum.reduceat(shares, starts, axis=1)), x0=(cell - 1) / 2, dx=cell, y=list(layers),
            colorscale=RISING, zmin=0, zmax=max(float(np.nanmax(shares)), 1e-9), showscale=False,
            hovertemplate=f"layer %{{y}}, {kind} {axis} %{{x:.0f}}: {told}<extra></extra>",
        )
    )  # fmt: skip
    return plain(
        figure,
        {**meta, "kind": kind, "axis": axis, "cell": cell},
        height=120 + 10 * len(layers),
        xaxis={"title": {"text": f"{axis} of units of {kind}"}, **QUIET},
        y="layer",
    ).update_layout(yaxis={"autorange": "reversed", **QUIET}, dragmode="zoom")
