"""Screens beside each other: correlations, layer by layer, and what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from explorer.figures.marks import mark
from explorer.figures.plain import BOTH_WAYS, FIRST, INK, QUIET, SECOND, literal, plain
from explorer.statistics.experiments import Correlation, Overlap


def correlation_figure(
    names: Sequence[str], keys: Sequence[str], table: Sequence[Sequence[float | None]], *, meta: Mapping[str, object]
) -> go.Figure:
    """Pearson's r of the layers' shares, of every pair of screens; a cell's customdata are the keys of both."""
    figure = go.Figure(
        go.Heatmap(
            z=[list(line) for line in table],
            customdata=[[f"{first} {second}" for second in keys] for first in keys],
            x=list(map(literal, names)), y=list(map(literal, names)), colorscale=BOTH_WAYS, zmin=-1, zmax=1,
            xgap=2, ygap=2, showscale=False, hoverongaps=False, texttemplate="%{z:.2f}",
            hovertemplate="%{y}<br>%{x}<br>r %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    return figure.update_layout(
        height=120 + 44 * len(names),
        margin={"l": 150, "r": 10, "t": 8, "b": 70},
        dragmode=False,
        xaxis={"tickangle": 20, **QUIET},
        yaxis={"autorange": "reversed", **QUIET},
        meta=dict(meta),
    )


def scatter_figure(pair: Correlation, names: tuple[str, str], *, meta: Mapping[str, object]) -> go.Figure:
    """Two screens layer by layer."""
    points = pair.points.to_dicts()
    ticks = ".2~%" if max((row[name] for row in points for name in "xy"), default=0) <= 1 else ""
    figure = go.Figure(
        go.Scatter(
            x=[row["x"] for row in points], y=[row["y"] for row in points], mode="markers+text",
            text=[str(row["layer"]) for row in points], textposition="top center", textfont={"size": 9},
            marker={"size": 9, "color": INK}, customdata=[mark(layer=row["layer"]) for row in points],
            hovertemplate="layer %{text}: %{x:.3~g}, %{y:.3~g}<extra></extra>",
        )
    )  # fmt: skip
    return plain(
        figure,
        meta,
        height=320,
        xaxis={"title": {"text": literal(names[0])}, "zeroline": False, "tickformat": ticks},
        y=literal(names[1]),
    ).update_layout(yaxis={"tickformat": ticks, "zeroline": False})


def overlap_figure(found: Overlap, names: tuple[str, str], *, meta: Mapping[str, object]) -> go.Figure:
    """Non-silent mutations of the first alone, of both, of the second alone."""
    labels = [f"only {literal(names[0])}", "both", f"only {literal(names[1])}"]
    counts = [found.only_first, found.shared, found.only_second]
    examples = [found.examples.get(name) for name in ("only_first", "shared", "only_second")]
    figure = go.Figure(
        go.Bar(
            x=counts, y=labels, orientation="h", marker={"color": [FIRST, "#009e73", SECOND]},
            text=[f"{count:,}" for count in counts], textposition="auto",
            customdata=[None if example is None else mark(**example) for example in examples],
            hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    )  # fmt: skip
    return plain(figure, meta, height=170, xaxis={"title": {"text": "mutations"}, **QUIET}, y="").update_layout(
        margin={"l": 190, "r": 10, "t": 8, "b": 40}, yaxis={"autorange": "reversed", **QUIET}
    )
