"""What mutants say: histograms, styles, and distinct texts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
import polars as pl

from explorer.figures.heatmaps import RISING
from explorer.figures.marks import mark
from explorer.figures.palette import OPERATION_COLOURS
from explorer.figures.plain import QUIET, diagonal, kinds_of, plain
from explorer.store.summaries import COSINE_BINS, OPERATIONS

BINNED = {
    "cosine": "cosine similarity with the standard output",
    "first_divergence": "token at which they part",
    "score": "right answers to the task's questions",
}
"""What mutants are counted by."""


def histogram_figure(counted: pl.DataFrame, measure: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Non-silent mutants by a measure of `BINNED`, each operation apart."""
    figure = go.Figure()
    for operation in OPERATIONS:
        rows = counted.filter(pl.col("operation") == operation).to_dicts()
        if not rows:
            continue
        scale = 1 / COSINE_BINS if measure == "cosine" else 1
        shift = 0.5 if measure == "cosine" else 0
        figure.add_trace(
            go.Bar(
                x=[(row["bin"] + shift) * scale for row in rows],
                y=[row["mutants"] for row in rows],
                width=scale,
                name=operation,
                marker={"color": OPERATION_COLOURS[operation]},
                customdata=[mark(operation=operation, **{measure: row["bin"]}) for row in rows],
                hovertemplate=f"%{{x:.3~g}}, {operation}: %{{y:,}}<extra></extra>",
            )
        )
    return plain(
        figure, meta, height=230, xaxis={"title": {"text": BINNED[measure]}, **QUIET}, y="mutants"
    ).update_layout(barmode="stack", bargap=0.05, legend={"orientation": "h", "y": 1.12, "x": 0})


def styles_figure(counted: pl.DataFrame, by: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Styles down, kinds or layers across: the share of the mutants with a text."""
    totals = counted.group_by("style").agg(pl.col("mutants").sum()).sort("mutants", descending=True)
    names = totals["style"].to_list()
    places = kinds_of(counted) if by == "kind" else sorted(counted["layer"].unique().to_list())
    rows = {(row[by], row["style"]): row for row in counted.iter_rows(named=True)}
    shares = [[rows[place, name]["share"] if (place, name) in rows else None for place in places] for name in names]
    texts = [
        [f"{rows[place, name]['mutants']:,}" if (place, name) in rows else "" for place in places] for name in names
    ]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if share is None else float(np.sqrt(share)) for share in line] for line in shares],
            x=places,
            y=names,
            text=texts,
            customdata=[[mark(style=name, **{by: place}) for place in places] for name in names],
            colorscale=RISING,
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverongaps=False,
            texttemplate="%{text}",
            textfont={"size": 10},
            hovertemplate=f"{by} %{{x}}, %{{y}}: %{{text}} mutants<extra></extra>",
        )
    )
    return figure.update_layout(
        height=70 + 24 * len(names),
        margin={"l": 100, "r": 10, "t": 8, "b": 40},
        dragmode=False,
        xaxis={"title": {"text": by}, **({"type": "category"} if by == "kind" else {}), **QUIET},
        yaxis={"autorange": "reversed", **QUIET},
        meta=dict(meta),
    )


def distinct_figure(cells: pl.DataFrame, *, meta: Mapping[str, object]) -> go.Figure:
    """Distinct phenotypes over NSMs, a point a matrix: on the line every NSM says something of its own."""
    rows = cells.filter(pl.col("phenotypes").is_not_null()).to_dicts()
    top = max((row["nonsilent"] for row in rows), default=1)
    figure = go.Figure(diagonal(0, top))
    for kind in kinds_of(cells):
        own = [row for row in rows if row["kind"] == kind]
        figure.add_trace(
            go.Scatter(
                x=[row["nonsilent"] for row in own], y=[row["phenotypes"] for row in own], mode="markers", name=kind,
                marker={"size": 8}, text=[f"{row['layer']}.{kind}" for row in own],
                customdata=[mark(layer=row["layer"], kind=kind) for row in own],
                hovertemplate="%{text}: %{x:,} NSMs, %{y:,} distinct<extra></extra>",
            )
        )  # fmt: skip
    return plain(
        figure,
        meta,
        height=320,
        xaxis={"title": {"text": "non-silent mutants"}, "zeroline": False},
        y="distinct phenotypes",
    ).update_layout(colorway=["#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#94a3b8"])
