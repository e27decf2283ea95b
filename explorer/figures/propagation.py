"""How a mutation spreads through layers and tokens, as a plotly figure. Knows no torch and no page."""

import numpy as np
import plotly.graph_objects as go

from explorer.domain.effects import Propagation
from explorer.figures.heatmaps import OUTLINE, RISING

_LOWEST, _HIGHEST = -3.0, 0.5
"""Powers of ten between which the colours lie: a thousandth of the hidden state, and three times it."""


def propagation_figure(spread: Propagation) -> go.Figure:
    """Tokens across, layers upwards; colour is the relative change of the hidden state, on a logarithmic scale.

    A line parts the prompt from the answer. A click carries the token's place as x.
    """
    layers, count = spread.changes.shape
    with np.errstate(divide="ignore"):
        logarithms = np.clip(np.log10(spread.changes), _LOWEST, _HIGHEST)
    ticks = [-3, -2, -1, 0]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if np.isnan(value) else round(value, 3) for value in row] for row in logarithms.tolist()],
            x=list(range(count)),
            y=list(range(layers)),
            customdata=[[_said(value) for value in row] for row in spread.changes.tolist()],
            zmin=_LOWEST,
            zmax=_HIGHEST,
            colorscale=RISING,
            colorbar={
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": ticks,
                "ticktext": [f"{10.0**tick:.1%}".replace(".0%", "%") for tick in ticks],
            },
            hoverongaps=False,
            hovertemplate="after %{y} layers, token %{x}<br>changed by %{customdata}<extra></extra>",
        )
    )
    figure.add_vline(x=spread.prompt_length - 0.5, line={"color": OUTLINE, "width": 2, "dash": "dash"})
    return figure.update_layout(
        height=470,
        margin={"l": 48, "r": 10, "t": 28, "b": 92},
        dragmode=False,
        xaxis={
            "tickvals": list(range(count)),
            "ticktext": [_label(token) for token in spread.tokens],
            "tickangle": -70,
            "tickfont": {"size": 10 if count < 90 else 7},  # noqa: PLR2004
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={"title": {"text": "layers applied"}, "showgrid": False, "zeroline": False},
    )


def _label(token: str) -> str:
    """A token as a label; plotly would read `<` as markup."""
    return (token.strip(" ").replace("\n", "⏎")[:12] or "␣").replace("<", "&lt;")


def _said(change: float) -> str:
    return "no number" if np.isnan(change) else f"{change:.3g}"
