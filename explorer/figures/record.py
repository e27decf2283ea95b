"""A metric over the entries of the lab record, from the frame of `store.record.timeline`."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go
import polars as pl

from explorer.domain.record import metric_name
from explorer.figures.palette import RUN_COLOURS
from explorer.figures.plain import shortened

WIDE = 100
"""How many times the largest value is the smallest, from where on a logarithmic axis tells more."""
MOST_LETTERS = 60
"""Of a genotype that a mark tells."""


def timeline_figure(rows: pl.DataFrame, metric: str, looked_at: int | None = None) -> go.Figure:
    """One mark a run, coloured by its kind; each carries the run's number. `looked_at` is ringed."""
    figure = go.Figure()
    for (kind,), runs in rows.group_by("kind", maintain_order=True):
        figure.add_trace(
            go.Scatter(
                x=runs["time"].to_list(),
                y=runs["value"].to_list(),
                customdata=runs["run"].to_list(),
                mode="markers",
                name=str(kind),
                marker={"color": RUN_COLOURS[str(kind)], "size": 9, "opacity": 0.8, "line": _rings(runs, looked_at)},
                text=[_told(row) for row in runs.iter_rows(named=True)],
                hovertemplate="%{text}<br>%{y:.4g}<extra></extra>",
            )
        )
    low, high = (float(value or 0) for value in (rows["value"].min(), rows["value"].max()))  # type: ignore[arg-type]
    return figure.update_layout(
        height=230,
        margin={"l": 64, "r": 10, "t": 28, "b": 40},
        showlegend=rows["kind"].n_unique() > 1,
        legend={"orientation": "h", "y": 1.16, "x": 0},
        xaxis={"title": {"text": "time (UTC)"}, "type": "date"},
        yaxis={
            "title": {"text": _axis(metric)},
            "type": "log" if low > 0 and high > WIDE * low else "linear",
            "zeroline": False,
        },
    )


def _rings(runs: pl.DataFrame, looked_at: int | None) -> dict[str, object]:
    return {"color": "#f59e0b", "width": [3 if run == looked_at else 0 for run in runs["run"]]}


def _axis(metric: str) -> str:
    unit = {"mean_kl": " (nats)", "first_divergence": " (token, from 0)", "seconds": ""}.get(metric, "")
    return metric_name(metric) + unit


def _told(row: dict[str, object]) -> str:
    genotype = str(row["genotype"]) or str(row["kind"])
    return f"#{row['run']} {escape(shortened(genotype, MOST_LETTERS))}"
