"""An answer of the console as a chart: whatever it has of numbers, over what they belong to."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from explorer.figures.plain import FIRST, INK, SECOND, literal, plain

MOST_BARS, MOST_POINTS = 60, 10_000
_COLOURS = (INK, SECOND, FIRST, "#cc79a7", "#e69f00", "#56b4e9")
_MOST_LETTERS = 28


def answer_figure(answer: pl.DataFrame) -> tuple[go.Figure | None, str]:
    """Bars over the first column of names, or lines over the first of numbers; and a sentence on what is drawn.

    None where there is nothing to be drawn.
    """
    numbers = [name for name, kind in answer.schema.items() if kind.is_numeric()]
    names = [name for name in answer.columns if name not in numbers]
    if answer.height <= 1 or not numbers or (len(numbers) == 1 and not names):
        return None, "It has no numbers to be drawn over anything."
    if names and answer.height <= MOST_BARS:
        labels = [_short(value) for value in answer[names[0]].to_list()]
        drawn = numbers[: len(_COLOURS)]
        traces = [_bars(answer, name, labels, colour) for name, colour in zip(drawn, _COLOURS, strict=False)]
        return _laid_out(traces, names[0], drawn), f"Drawn: {', '.join(drawn)}, for each {names[0]}."
    over, *drawn = numbers[: len(_COLOURS) + 1]
    if not drawn or answer.height > MOST_POINTS:
        return None, f"It is too much to be drawn: at most {MOST_BARS} names, or {MOST_POINTS:,} pairs of numbers, are."
    traces = [_points(answer, over, name, colour) for name, colour in zip(drawn, _COLOURS, strict=False)]
    return _laid_out(traces, over, drawn), f"Drawn: {', '.join(drawn)} over {over}."


def _bars(answer: pl.DataFrame, name: str, labels: list[str], colour: str) -> go.Bar:
    hover = f"%{{x}}: %{{y:,.4~g}} {literal(name)}<extra></extra>"
    return go.Bar(x=labels, y=answer[name].to_list(), name=literal(name), marker={"color": colour}, hovertemplate=hover)


def _points(answer: pl.DataFrame, over: str, name: str, colour: str) -> go.Scatter:
    rows = answer.select(over, name).drop_nulls().unique(maintain_order=True)
    is_line = rows[over].is_sorted() and rows[over].n_unique() == rows.height
    return go.Scatter(
        x=rows[over].to_list(), y=rows[name].to_list(), name=literal(name), marker={"color": colour, "size": 5},
        mode="lines+markers" if is_line else "markers", line={"color": colour},
        hovertemplate=f"%{{x:.4~g}}: %{{y:.4~g}} {literal(name)}<extra></extra>",
    )  # fmt: skip


def _laid_out(traces: list[go.Bar] | list[go.Scatter], over: str, drawn: list[str]) -> go.Figure:
    xaxis = {"title": {"text": literal(over)}}
    y = literal(drawn[0]) if len(drawn) == 1 else ""
    return plain(go.Figure(traces), {}, height=300, xaxis=xaxis, y=y).update_layout(
        showlegend=len(drawn) > 1, legend={"orientation": "h", "y": 1.14, "x": 0}, margin={"t": 24}
    )


def _short(value: object) -> str:
    text = "–" if value is None else str(value)
    return literal(text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} …")
