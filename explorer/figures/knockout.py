"""The knock-out map of all attention heads as a plotly figure. Knows no torch and no page."""

import math
from collections.abc import Mapping

import plotly.graph_objects as go

from explorer.domain.effects import Knockout, Knockouts
from explorer.domain.site_notation import format_site
from explorer.figures.heatmaps import KL_COLOURS, kl_level

_FEW = 16
"""Of so many heads a layer each has a number on the axis."""


def knockout_figure(found: Knockouts, *, meta: Mapping[str, object]) -> go.Figure:
    """Layers across, heads down; colour is the mean KL of the head's knock-out, on a logarithmic scale.

    A cell carries the notation of its knock-out as customdata.
    """
    by_place = {(each.site.head or 0, each.site.layer or 0): each for each in found.heads}
    heads, layers = (1 + max((place[axis] for place in by_place), default=0) for axis in (0, 1))
    cells = [[by_place.get((head, layer)) for layer in range(layers)] for head in range(heads)]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if cell is None else kl_level(cell.effect.mean_kl) for cell in row] for row in cells],
            text=[["" if cell is None else _told(cell, found) for cell in row] for row in cells],
            customdata=[["" if cell is None else f"{format_site(cell.site)}*0" for cell in row] for row in cells],
            coloraxis="coloraxis",
            xgap=1,
            ygap=1,
            hoverongaps=False,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    return figure.update_layout(
        height=70 + 26 * heads,
        margin={"l": 48, "r": 10, "t": 10, "b": 40},
        dragmode=False,
        coloraxis=KL_COLOURS,
        xaxis={"title": {"text": "layer"}, "showgrid": False, "zeroline": False, "nticks": 16},
        yaxis={
            "title": {"text": "head"}, "autorange": "reversed", "dtick": 1 if heads <= _FEW else 4, "showgrid": False,
            "zeroline": False,
        },
        meta=dict(meta),
    )  # fmt: skip


def _told(cell: Knockout, found: Knockouts) -> str:
    effect = cell.effect
    lines = [f"<b>{format_site(cell.site)}</b> knocked out"]
    if found.questions:
        lines.append(f"{cell.right} of {found.questions} right ({found.right} with it)")
    elif effect.first_divergence is None:
        lines.append("silent")
    else:
        lines.append(f"parts at token {effect.first_divergence + 1}")
    lines.append("overflow" if effect.mean_kl is None else f"mean KL {effect.mean_kl:.3g} nats")
    if math.isfinite(effect.added_nll):
        lines.append(f"adds {effect.added_nll:+.3g} nats a token to the NLL")
    return "<br>".join(lines)
