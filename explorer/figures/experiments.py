"""Screens beside each other: correlations, layer by layer, and what they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from explorer.domain.screened import told
from explorer.figures.marks import mark
from explorer.figures.palette import colours_of
from explorer.figures.plain import BOTH_WAYS, FIRST, INK, QUIET, SECOND, literal, plain
from explorer.statistics.experiments import Coefficient, Correlation, Overlap


def correlation_figure(
    names: Sequence[str], keys: Sequence[str], table: Sequence[Sequence[Coefficient]], *, meta: Mapping[str, object]
) -> go.Figure:
    """A correlation of every pair of screens with its n; a cell's customdata are the keys of both."""
    values = [[cell.value for cell in line] for line in table]
    texts = [[_written(cell) for cell in line] for line in table]
    told = [[f"{cell.reason or f'{cell.value:.3f}'}, n = {cell.count:,}" for cell in line] for line in table]
    figure = go.Figure(
        go.Heatmap(
            z=[[0.0 if value is None else value for value in line] for line in values],
            text=texts, hovertext=told,
            customdata=[[f"{first} {second}" for second in keys] for first in keys],
            x=list(map(literal, names)), y=list(map(literal, names)), colorscale=BOTH_WAYS, zmin=-1, zmax=1,
            xgap=2, ygap=2, showscale=False, hoverongaps=False, texttemplate="%{text}",
            hovertemplate="%{y}<br>%{x}<br>%{hovertext}<extra></extra>",
        )
    )  # fmt: skip
    return figure.update_layout(
        height=120 + 44 * len(names),
        margin={"l": 20, "r": 10, "t": 8, "b": 20},
        dragmode=False,
        xaxis={"tickangle": 30, "automargin": True, **QUIET},
        yaxis={"autorange": "reversed", "automargin": True, **QUIET},
        meta=dict(meta),
    )


def _written(cell: Coefficient) -> str:
    value = "–" if cell.value is None else f"{cell.value:.2f}"
    return f"{value}<br>({cell.count:,})"


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
        xaxis={"title": {"text": literal(names[0])}, "zeroline": False, "tickformat": ticks, "rangemode": "tozero"},
        y=literal(names[1]),
    ).update_layout(yaxis={"tickformat": ticks, "zeroline": False, "rangemode": "tozero"})


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
        margin={"l": 20, "r": 10, "t": 8, "b": 40}, yaxis={"autorange": "reversed", "automargin": True, **QUIET}
    )


def side_by_side_figure(rows: Sequence[Mapping[str, Any]], *, meta: Mapping[str, object]) -> go.Figure:
    """Screens beside each other: their non-silent mutants by operation, one on the other.

    A row has model, name, key, nonsilent, and those of each operation where they are known, `by_operation`.
    """
    figure = go.Figure()
    colours = colours_of(name for row in rows for name, value in row["by_operation"].items() if value is not None)
    for operation in (*colours, None):
        shown = list(rows)
        values = [_height(row, operation) for row in shown]
        if not any(values):
            continue
        figure.add_trace(
            go.Bar(
                x=[[literal(row["model"]) for row in shown], [literal(row["name"]) for row in shown]], y=values,
                name="all together" if operation is None else told(operation), customdata=[row["key"] for row in shown],
                marker={"color": INK if operation is None else colours[operation]},
                hovertemplate=f"%{{x}}: %{{y:,}} {told(operation or '')} non-silent<extra></extra>",
            )
        )  # fmt: skip
    return plain(figure, meta, height=340, xaxis={"automargin": True, **QUIET}, y="non-silent mutants").update_layout(
        barmode="stack", bargap=0.25, legend={"orientation": "h", "y": 1.1, "x": 0}
    )


def _has_operations(row: Mapping[str, Any]) -> bool:
    return any(value is not None for value in row["by_operation"].values())


def _height(row: Mapping[str, Any], operation: str | None) -> int:
    if operation is None:
        return 0 if _has_operations(row) else row["nonsilent"] or 0
    return row["by_operation"].get(operation) or 0
