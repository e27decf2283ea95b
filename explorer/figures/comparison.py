"""Pictures of a comparison: paired differences with their intervals, and items where two genotypes part."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from explorer.statistics.comparison import LETTERS, Contrast, Measure

DIFFERENT, ALIKE, BETTER, WORSE = "#be123c", "#94a3b8", "#0072b2", "#d55e00"
TICKS = [step * 10.0**power for power in range(-4, 7) for step in (1, 2, 5)]
"""Of a logarithmic axis."""
ROW, GAP, EDGE = 28, 58, 58
"""Pixels of a genotype's row, between two measures, and around all of them."""


def differences_figure(found: Sequence[Contrast]) -> go.Figure:
    """A panel a measure, a row a genotype: the mean paired difference from A and its 95 % interval.

    Coloured where the difference is significant after correction; of ratios, the axis is logarithmic around 1.
    """
    measures = list(dict.fromkeys(contrast.measure for contrast in found))
    rows = max(len([each for each in found if each.measure == measure]) for measure in measures)
    inside = len(measures) * ROW * rows + (len(measures) - 1) * GAP
    figure = make_subplots(
        rows=len(measures), cols=1, subplot_titles=[_title(measure) for measure in measures],
        vertical_spacing=GAP / inside,
    )  # fmt: skip
    for panel, measure in enumerate(measures, 1):
        own = [contrast for contrast in found if contrast.measure == measure]
        figure.add_trace(_points(own), row=panel, col=1)
        figure.add_vline(
            x=1 if measure.is_ratio else 0, line={"dash": "dot", "color": ALIKE, "width": 1}, row=panel, col=1
        )
        figure.update_yaxes(type="category", autorange="reversed", showgrid=False, row=panel, col=1)
        if measure.is_ratio:
            labels = [f"{tick:g}" for tick in TICKS]
            figure.update_xaxes(type="log", tickvals=TICKS, ticktext=labels, row=panel, col=1)
    figure.update_xaxes(zeroline=False)
    figure.update_annotations(font={"size": 12}, x=0, xanchor="left")
    return figure.update_layout(
        height=inside + EDGE,
        margin={"l": 30, "r": 16, "t": 30, "b": EDGE - 30},
        showlegend=False,
        dragmode=False,
    )


def _title(measure: Measure) -> str:
    """Short enough for a phone."""
    unit = {"of the items": "points", "times": "factor"}.get(measure.unit, measure.unit)
    return f"{'' if measure.is_ratio else 'Δ '}{measure.title}{f', {unit}' if unit else ''}"


def _points(own: Sequence[Contrast]) -> go.Scatter:
    spans = [_span(contrast) for contrast in own]
    return go.Scatter(
        x=[middle for _, middle, _ in spans],
        y=[LETTERS[contrast.genotype] for contrast in own],
        mode="markers",
        marker={"size": 11, "color": [DIFFERENT if each.is_significant else ALIKE for each in own]},
        error_x={
            "type": "data", "symmetric": False, "thickness": 2, "width": 5, "color": "#64748b",
            "array": [high - middle for _, middle, high in spans],
            "arrayminus": [middle - low for low, middle, _ in spans],
        },
        text=[_hover(contrast, span) for contrast, span in zip(own, spans, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _span(contrast: Contrast) -> tuple[float, float, float]:
    """Low end, difference and high end in the terms of the axis."""
    interval = contrast.interval
    ends = (interval.low, interval.high) if interval else (contrast.difference, contrast.difference)
    values = (ends[0], contrast.difference, ends[1])
    if contrast.measure.is_ratio:
        low, middle, high = (math.exp(value) for value in values)
    else:
        low, middle, high = (value * (100 if contrast.table else 1) for value in values)
    return low, middle, high


def _hover(contrast: Contrast, span: tuple[float, float, float]) -> str:
    low, middle, high = (f"{value:.3g}" for value in span)
    interval = f"95 % interval {low} to {high}" if contrast.interval else "no interval"
    p = "" if contrast.corrected_p is None else f"<br>p = {contrast.corrected_p:.2g}"
    return f"<b>{LETTERS[contrast.genotype]} − A</b>: {middle}<br>{interval}{p}<br>{contrast.items:,} items"


def discordance_figure(found: Sequence[Contrast], passed: str) -> go.Figure:
    """Items that A alone passes, to the left, and that the other alone passes, to the right; `passed` as in “right”."""
    own = [contrast for contrast in found if contrast.table is not None]
    tables = [contrast.table for contrast in own if contrast.table is not None]
    letters = [LETTERS[contrast.genotype] for contrast in own]
    most = max(1, *(max(table.only_first, table.only_second) for table in tables)) * 1.08
    figure = go.Figure()
    for name, sign, counts, colour in (
        (f"only A {passed}", -1, [table.only_first for table in tables], WORSE),
        (f"only the other {passed}", 1, [table.only_second for table in tables], BETTER),
    ):
        figure.add_trace(
            go.Bar(
                x=[sign * count for count in counts], y=letters, orientation="h", name=name,
                marker={"color": colour}, text=[f"{count:,}" for count in counts], textposition="auto",
                hovertemplate=f"%{{y}}: {name} on %{{text}} items<extra></extra>",
            )
        )  # fmt: skip
    return figure.update_layout(
        height=92 + ROW * len(own),
        margin={"l": 30, "r": 16, "t": 30, "b": 28},
        barmode="relative",
        dragmode=False,
        legend={"orientation": "h", "y": 1.05, "yanchor": "bottom", "x": 0},
        xaxis={
            "range": [-most, most],
            "zeroline": True,
            "zerolinecolor": ALIKE,
            "showticklabels": False,
            "showgrid": False,
        },
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )
