"""What the figures of screens share: colours, a plain layout, the order of kinds.

Every mark of theirs carries, as customdata, what it stands for: JSON that `store.doors.strongest` takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import plotly.graph_objects as go
import polars as pl

from explorer.domain.genotype import MATRIX_KINDS

INK, FIRST, SECOND = "#0d9488", "#0072b2", "#d55e00"
BOTH_WAYS = [[0.0, "#0072b2"], [0.5, "rgba(148,163,184,0.10)"], [1.0, "#d55e00"]]

QUIET = {"showgrid": False, "zeroline": False}


def kinds_of(frame: pl.DataFrame) -> list[str]:
    """The kinds of a frame, those of a plain layer first and in their order."""
    found = frame["kind"].unique().to_list()
    known = [kind for kind in MATRIX_KINDS if kind in found]
    return [*known, *sorted(set(found) - set(known))]


def diagonal(low: float, high: float) -> go.Scatter:
    """The line on which both axes are equal."""
    ends, line = [low, high], {"dash": "dot", "color": "#94a3b8"}
    return go.Scatter(x=ends, y=ends, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def shortened(text: str, most: int) -> str:
    """A text of so many letters at most, and an ellipsis where more was there."""
    return text if len(text) <= most else f"{text[:most]}…"


def literal(text: str) -> str:
    """A text that plotly shows as it stands; it takes names, titles and tick texts for markup."""
    return escape(text, quote=False)


def plain(
    figure: go.Figure, meta: Mapping[str, object], *, height: int, xaxis: Mapping[str, object], y: str
) -> go.Figure:
    """The figure, `height` pixels high, with narrow margins; `meta` comes back with a click."""
    return figure.update_layout(
        height=height,
        margin={"l": 64, "r": 10, "t": 8, "b": 44},
        dragmode=False,
        xaxis=dict(xaxis),
        yaxis={"title": {"text": y}, "zeroline": False},
        meta=dict(meta),
    )
