"""The dose–response curve of a site as a plotly figure. Knows no torch and no page."""

from collections.abc import Sequence

import plotly.graph_objects as go

from explorer.domain.effects import Dose
from explorer.figures.palette import MUTANT, ORIGINAL


def dose_figure(
    doses: Sequence[Dose], present: float | None, step: tuple[Dose, Dose], unit: str = "value"
) -> go.Figure:
    """Mean KL over the value: filled where the text diverges, hollow where it does not, a cross where it overflows.

    A dashed line marks the present value, if there is one, a band the widest `step`. Clicks carry the value as x;
    `unit` names it.
    """
    top = max((dose.mean_kl for dose in doses if dose.mean_kl is not None), default=1.0)
    figure = go.Figure(
        go.Scatter(
            x=[dose.value for dose in doses],
            y=[top if dose.mean_kl is None else dose.mean_kl for dose in doses],
            mode="lines+markers",
            line={"color": MUTANT, "width": 2},
            marker={"size": 9, "color": MUTANT, "symbol": [_symbol(dose) for dose in doses]},
            text=[_hover(dose) for dose in doses],
            hovertemplate="%{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.add_vrect(x0=step[0].value, x1=step[1].value, fillcolor=MUTANT, opacity=0.12, line_width=0)
    if present is not None:
        figure.add_vline(x=present, line={"color": ORIGINAL, "width": 2, "dash": "dash"})
    figure.update_layout(
        height=210,
        margin={"l": 48, "r": 10, "t": 8, "b": 36},
        showlegend=False,
        xaxis={"title": {"text": unit}, "zeroline": False},
        yaxis={"title": {"text": "mean KL, nats"}, "rangemode": "tozero", "zeroline": False},
    )
    return figure


def _symbol(dose: Dose) -> str:
    if dose.mean_kl is None:
        return "x"
    return "circle-open" if dose.first_divergence is None else "circle"


def _hover(dose: Dose) -> str:
    value = f"value {dose.value:.3g}"
    if dose.mean_kl is None:
        return f"{value}<br>overflow"
    parted = "silent" if dose.first_divergence is None else f"diverges at token {dose.first_divergence + 1}"
    return f"{value}<br>mean KL {dose.mean_kl:.3g} nats<br>{parted}"
