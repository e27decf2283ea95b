"""How many mutants of some sort each matrix has: layers across, kinds down, bars beside them."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import polars as pl

from explorer.figures.heatmaps import RISING
from explorer.figures.plain import INK, QUIET, kinds_of


def counted_figure(cells: pl.DataFrame, layers: int, *, what: str, meta: Mapping[str, object]) -> go.Figure:
    """`cells` has layer, kind, count and mark (what a click stands for); `layers` is how many the model has."""
    kinds = kinds_of(cells)
    rows = {(row["layer"], row["kind"]): row for row in cells.iter_rows(named=True)}
    places = range(layers)
    by_kind = cells.group_by("kind").agg(pl.col("count").sum())
    totals = dict(by_kind.iter_rows())
    by_layer = dict(cells.group_by("layer").agg(pl.col("count").sum()).iter_rows())
    figure = go.Figure(
        go.Heatmap(
            z=[[rows[layer, kind]["count"] if (layer, kind) in rows else None for layer in places] for kind in kinds],
            x=list(places), y=kinds, colorscale=RISING, zmin=0, showscale=False, xgap=2, ygap=2, hoverongaps=False,
            customdata=[
                [rows[layer, kind]["mark"] if (layer, kind) in rows else None for layer in places] for kind in kinds
            ],
            hovertemplate=f"%{{x}}.%{{y}}: %{{z:,}} {what}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Bar(
            y=kinds, x=[totals[kind] for kind in kinds], xaxis="x2", orientation="h", marker={"color": INK},
            text=[f"{totals[kind]:,}" for kind in kinds], textposition="auto", cliponaxis=False,
            hovertemplate=f"%{{y}}: %{{x:,}} {what}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Bar(
            x=list(places), y=[by_layer.get(layer, 0) for layer in places], yaxis="y2", marker={"color": INK},
            width=0.75, hovertemplate=f"layer %{{x}}: %{{y:,}} {what}<extra></extra>",
        )
    )  # fmt: skip
    return figure.update_layout(
        height=170 + 26 * len(kinds),
        margin={"l": 64, "r": 10, "t": 8, "b": 40},
        dragmode=False,
        showlegend=False,
        bargap=0.25,
        xaxis={"title": {"text": "layer"}, "domain": [0, 0.84], "range": [-0.5, layers - 0.5], **QUIET},
        yaxis={"autorange": "reversed", "type": "category", "domain": [0, 0.74], **QUIET},
        xaxis2={"domain": [0.86, 1], "nticks": 3, **QUIET},
        yaxis2={"domain": [0.78, 1], "nticks": 3, **QUIET},
        meta=dict(meta),
    )
