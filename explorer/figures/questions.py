"""The accuracy of the original and of a mutant, subject by subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from explorer.figures.palette import MUTANT, ORIGINAL
from explorer.figures.plain import literal

FAINT = "#94a3b8"
_SIDES = (
    ("original, choice", "original_right", ORIGINAL, "circle", 15),
    ("mutant, choice", "mutant_right", MUTANT, "circle", 9),
    ("original, token", "original_says_right", ORIGINAL, "diamond-open", 13),
    ("mutant, token", "mutant_says_right", MUTANT, "diamond-open", 8),
)


def accuracy_figure(subjects: Sequence[Mapping[str, Any]], chance: float, *, has_mutant: bool) -> go.Figure:
    """A row a subject, those of `reports.tasks.score_report`; a dotted line where guessing would be.

    Filled marks tell right answers by the likeliest choice, hollow ones by the generated token.
    """
    names = [literal(str(row["subject"]).replace("_", " ")) for row in subjects]
    figure = go.Figure()
    if has_mutant:
        figure.add_trace(_spans(subjects, names))
    for name, column, colour, symbol, size in _SIDES if has_mutant else _SIDES[::2]:
        figure.add_trace(
            go.Scatter(
                x=[row[column] / row["questions"] for row in subjects], y=names, mode="markers", name=name,
                marker={"color": colour, "symbol": symbol, "size": size, "line": {"width": 2 * ("open" in symbol)}},
                text=[f"{row[column]:,} of {row['questions']:,}" for row in subjects],
                hovertemplate=f"%{{y}}: {name}: %{{text}} right<extra></extra>", cliponaxis=False,
            )
        )  # fmt: skip
    figure.add_vline(x=chance, line={"dash": "dot", "color": FAINT, "width": 1})
    return figure.update_layout(
        height=96 + 26 * len(names),
        margin={"l": 128, "r": 20, "t": 8, "b": 76},
        dragmode=False,
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0, "xref": "container"},
        xaxis={"range": [-0.02, 1.02], "tickformat": ".0%", "zeroline": False},
        yaxis={"autorange": "reversed", "type": "category", "showgrid": False},
    )


def _spans(subjects: Sequence[Mapping[str, Any]], names: Sequence[str]) -> go.Scatter:
    """From the original to the mutant, by likelihood."""
    ends = [(row["original_right"] / row["questions"], row["mutant_right"] / row["questions"]) for row in subjects]
    return go.Scatter(
        x=[edge for low, high in ends for edge in (low, high, None)],
        y=[each for name in names for each in (name, name, None)],
        mode="lines",
        line={"color": FAINT, "width": 3},
        hoverinfo="skip",
        showlegend=False,
    )
