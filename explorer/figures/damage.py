"""The damage table as a plotly figure: a map of kinds and layers for each operation. Knows no torch and no page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from explorer.domain.damage import Damage, DamageTable, perplexity
from explorer.domain.operation_notation import format_operation
from explorer.domain.screened import operation_of, told
from explorer.domain.site_notation import format_site
from explorer.figures.heatmaps import KL_COLOURS, kl_level

_ROW = 17
"""Height of a kind, in pixels."""


def damage_figure(table: DamageTable, *, meta: Mapping[str, object]) -> go.Figure:
    """Layers across, kinds down, an operation below the other; colour is the mean KL, on a logarithmic scale.

    A cell carries the notation of its mutation as customdata.
    """
    operations = table.operations
    kinds = list(dict.fromkeys(row.site.part for row in table.rows))
    layers = 1 + max((row.site.layer or 0 for row in table.rows), default=0)
    by_place = {(row.operation, row.site.part, row.site.layer): row for row in table.rows}
    figure, layout = go.Figure(), dict[str, Any]()
    height = 1 / max(1, len(operations))
    for place, operation in enumerate(operations):
        number = "" if place == 0 else str(place + 1)
        cells = [[by_place.get((operation, kind, layer)) for layer in range(layers)] for kind in kinds]
        figure.add_trace(
            go.Heatmap(
                y=kinds,
                z=[[None if cell is None else kl_level(cell.mean_kl) for cell in row] for row in cells],
                text=[["" if cell is None else _told(cell, table) for cell in row] for row in cells],
                customdata=[["" if cell is None else _mutation(cell) for cell in row] for row in cells],
                coloraxis="coloraxis", xgap=1, ygap=1, hoverongaps=False, xaxis="x", yaxis=f"y{number}",
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
        top = 1 - place * height
        layout[f"yaxis{number}"] = {
            "domain": [max(0.0, top - 0.8 * height), top], "autorange": "reversed", "type": "category",
            "showgrid": False, "zeroline": False, "tickfont": {"size": 10}, "anchor": "x",
            "title": {"text": told(operation), "font": {"size": 12}},
        }  # fmt: skip
    return figure.update_layout(
        height=60 + round(len(operations) * len(kinds) * _ROW / 0.8),
        margin={"l": 78, "r": 10, "t": 10, "b": 40},
        dragmode=False,
        xaxis={"title": {"text": "layer"}, "anchor": "free", "position": 0, "showgrid": False, "zeroline": False,
               "nticks": 16, "domain": [0, 1]},
        coloraxis=KL_COLOURS,
        meta=dict(meta),
        **layout,
    )  # fmt: skip


def _mutation(row: Damage) -> str:
    return f"{format_site(row.site)}{format_operation(operation_of(row.operation))}"


def _told(row: Damage, table: DamageTable) -> str:
    lines = [f"<b>{_mutation(row)}</b>"]
    lines.append("overflow" if row.mean_kl is None else f"mean KL {row.mean_kl:.3g} nats")
    after = perplexity(table.nll + row.added_nll)
    if math.isfinite(after):
        lines.append(f"perplexity {perplexity(table.nll):.2f} → {after:.2f}")
    if row.right is not None:
        lines.append(f"{row.right} of {table.questions} right ({table.right} without)")
    return "<br>".join(lines)
