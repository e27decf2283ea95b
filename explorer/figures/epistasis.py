"""Mutations alone and together, and the interaction of every pair, as plotly figures. Knows no torch and no page."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from explorer.domain.effects import Epistasis, PairMatrix
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype, format_mutation
from explorer.figures.heatmaps import DIVERGING
from explorer.figures.palette import MUTANT, ORIGINAL

_NEUTRAL = "#94a3b8"


def epistasis_figure(found: Epistasis) -> go.Figure:
    """Bars of what each mutation adds to the NLL, their sum, and all together; a click carries the genotype."""
    names = [format_mutation(mutation) for mutation in found.mutations]
    values = [*(effect.added_nll for effect in found.singles), found.sum, found.joint.added_nll]
    labels = [*names, "sum of these", "all together"]
    top = max((abs(value) for value in values if math.isfinite(value)), default=1.0) or 1.0
    lengths = [value if math.isfinite(value) else top for value in values]
    low, high = min(0.0, *lengths), max(0.0, *lengths)
    margin = 0.16 * (high - low)  # for the numbers that stand beside short bars
    colours = [ORIGINAL] * len(names) + [_NEUTRAL, MUTANT]
    genotypes = [*names, "", format_genotype(Genotype(found.mutations))]
    figure = go.Figure(
        go.Bar(
            x=lengths,
            y=list(range(len(labels))),
            orientation="h",
            marker={"color": colours},
            customdata=genotypes,
            text=[_said(value) for value in values],
            textposition="auto",
            hovertemplate="%{text} nats a token<extra></extra>",
        )
    )
    return figure.update_layout(
        height=90 + 34 * len(labels),
        margin={"l": 10, "r": 10, "t": 28, "b": 40},
        dragmode=False,
        hovermode="y",  # a bar answers over its whole row, however short it is
        bargap=0.25,
        xaxis={
            "title": {"text": "added nats a token"},
            "zeroline": True,
            "range": [low - 2 * margin * (low < 0), high + margin],
        },
        yaxis={"tickvals": list(range(len(labels))), "ticktext": labels, "autorange": "reversed", "automargin": True},
    )


def pair_figure(found: PairMatrix) -> go.Figure:
    """The interaction of every pair; the diagonal is empty. A click carries the pair's genotype."""
    names = [format_mutation(mutation) for mutation in found.mutations]
    places = range(len(names))
    values = [[_interaction(found, row, column) for column in places] for row in places]
    pairs = [[_pair(names, row, column) for column in places] for row in places]
    finite = [abs(value) for line in values for value in line if value is not None and math.isfinite(value)]
    top = max(finite, default=1.0) or 1.0
    figure = go.Figure(
        go.Heatmap(
            z=[[_bounded(value, top) for value in line] for line in values],
            x=list(places),
            y=list(places),
            customdata=pairs,
            text=[["" if value is None else _said(value) for value in line] for line in values],
            texttemplate="%{text}",
            colorscale=DIVERGING,
            zmin=-top,
            zmax=top,
            xgap=2,
            ygap=2,
            colorbar={"thickness": 10, "outlinewidth": 0},
            hoverongaps=False,
            hovertemplate="%{customdata}<br>interaction %{text} nats a token<extra></extra>",
        )
    )
    axis = {"tickvals": list(places), "ticktext": names, "automargin": True, "showgrid": False, "zeroline": False}
    return figure.update_layout(
        height=150 + 40 * len(names),
        margin={"l": 10, "r": 10, "t": 28, "b": 10},
        dragmode=False,
        xaxis={**axis, "tickangle": -35},
        yaxis={**axis, "autorange": "reversed"},
    )


def _interaction(found: PairMatrix, row: int, column: int) -> float | None:
    return None if row == column else found.interaction(row, column)


def _pair(names: Sequence[str], row: int, column: int) -> str:
    return names[row] if row == column else f"{names[min(row, column)]};{names[max(row, column)]}"


def _bounded(value: float | None, top: float) -> float | None:
    if value is None or math.isnan(value):
        return None
    return max(-top, min(top, value))


def _said(value: float) -> str:
    if math.isnan(value):
        return "not defined"
    if math.isinf(value):
        return "overflow" if value > 0 else "−∞"
    return f"{value:+.3g}".replace("-", "−")
