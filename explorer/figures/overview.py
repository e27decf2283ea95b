"""All matrices of a screen at a glance, and counts by kind and layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from explorer.domain.screened import told
from explorer.figures.heatmaps import FEW_LAYERS, RISING
from explorer.figures.marks import mark
from explorer.figures.palette import NOT_SCREENED, colours_of
from explorer.figures.plain import BOTH_WAYS, INK, QUIET, kinds_of, plain
from explorer.statistics.overview import MEASURES, Overview


def overview_figure(seen: Overview, column: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Layers across, kinds down; a row of controls; above and to the right the same for whole layers and kinds.

    `column` is one of the frames of the overview, see `statistics.overview.value_column`.
    """
    kinds = kinds_of(seen.cells)
    layers = list(range(int(seen.cells["layer"].max() or 0) + 1))  # type: ignore[arg-type]
    values = {(row["layer"], row["kind"]): row for row in seen.cells.iter_rows(named=True)}
    table = [[_value(values.get((layer, kind)), column) for layer in layers] for kind in kinds]
    marks = [[mark(layer=layer, kind=kind) if (layer, kind) in values else None for layer in layers] for kind in kinds]
    texts = [[_told(values.get((layer, kind)), f"{layer}.{kind}") for layer in layers] for kind in kinds]
    controls = {row["layer"]: row for row in seen.controls.iter_rows(named=True)}
    has_controls = column in ("nonsilent_share", "mean_kl", "mean_added_nll") and bool(controls)
    if has_controls:
        kinds = [*kinds, "controls"]
        table.append([_value(controls.get(layer), column) for layer in layers])
        marks.append([None] * len(layers))  # they stand for no mutant
        texts.append([_told(controls.get(layer), f"controls of layer {layer}") for layer in layers])
    numbers = [value for line in table for value in line if value is not None]
    top = float(np.quantile(np.abs(numbers), 0.98)) if numbers else 1.0
    falls = any(value < 0 for value in numbers)  # a change of NLL may
    figure = go.Figure()
    figure.add_trace(
        go.Heatmap(
            z=[[0 if value is None else None for value in line] for line in table],
            x=layers, y=kinds, colorscale=[[0, NOT_SCREENED], [1, NOT_SCREENED]], showscale=False, xgap=2, ygap=2,
            hoverongaps=False, hovertemplate="%{x}.%{y}: not screened, or unknown<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Heatmap(
            z=table, x=layers, y=kinds, customdata=marks, text=texts, colorscale=BOTH_WAYS if falls else RISING,
            zmin=-(top or 1.0) if falls else 0, zmax=top or 1.0,
            showscale=False, xgap=2, ygap=2, hoverongaps=False, hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    by_layer, by_kind = (frame.to_dicts() for frame in (seen.by_layer, seen.by_kind))
    figure.add_trace(
        go.Bar(
            x=[row["layer"] for row in by_layer], y=[_value(row, column) for row in by_layer], yaxis="y2",
            customdata=[mark(layer=row["layer"]) for row in by_layer], marker={"color": INK}, width=0.75,
            text=[_told(row, f"layer {row['layer']}") for row in by_layer], textposition="none",
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_trace(
        go.Bar(
            y=[row["kind"] for row in by_kind], x=[_value(row, column) for row in by_kind], xaxis="x2",
            orientation="h", customdata=[mark(kind=row["kind"]) for row in by_kind], marker={"color": INK},
            text=[_told(row, row["kind"]) for row in by_kind], textposition="none",
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    return figure.update_layout(
        height=150 + 24 * len(kinds),
        margin={"l": 64, "r": 10, "t": 8, "b": 40},
        dragmode=False,
        showlegend=False,
        bargap=0.25,
        xaxis={"title": {"text": "layer"}, "domain": [0, 0.87], "range": [-0.5, len(layers) - 0.5], **QUIET},
        yaxis={"autorange": "reversed", "type": "category", "domain": [0, 0.74], **QUIET},
        xaxis2={"domain": [0.885, 1], "nticks": 3, **QUIET},
        yaxis2={"domain": [0.78, 1], "nticks": 3, **QUIET},
        meta=dict(meta),
    )


def counts_figure(seen: Overview, by: str, *, meta: Mapping[str, object]) -> go.Figure:
    """NSM counts by `kind` or `layer`, each operation apart."""
    counted = seen.by_operation.group_by(by, "operation").agg(pl.col("nonsilent", "mutants").sum()).sort(by)
    figure = go.Figure()
    colours = colours_of(counted["operation"].unique())
    for operation in (*colours, None):
        rows = counted.filter(pl.col("operation").eq_missing(pl.lit(operation, pl.String))).to_dicts()
        if not rows:
            continue
        of_operation = {} if operation is None else {"operation": operation}
        figure.add_trace(
            go.Bar(
                x=[row[by] for row in rows],
                y=[row["nonsilent"] for row in rows],
                name="all together" if operation is None else told(operation),
                marker={"color": INK if operation is None else colours[operation]},
                customdata=[mark(**{by: row[by]}, **of_operation) for row in rows],
                text=[_of(row) for row in rows],
                textposition="none",
                hovertemplate=f"%{{x}}, {'all' if operation is None else told(operation)}: %{{text}}<extra></extra>",
            )
        )
    axis: dict[str, Any] = {"title": {"text": "" if by == "kind" else "layer"}, **QUIET}
    if by == "layer" and counted["layer"].n_unique() <= FEW_LAYERS:  # some layers of many: each beside the next
        axis |= {"type": "category"}
    if by == "kind":
        axis |= {"categoryorder": "array", "categoryarray": kinds_of(counted)}
    return plain(figure, meta, height=230, xaxis=axis, y="non-silent mutants").update_layout(
        legend={"orientation": "h", "y": 1.12, "x": 0}, bargap=0.25
    )


def _of(row: Mapping[str, Any]) -> str:
    """Non-silent mutants, of how many where that is known."""
    if row["nonsilent"] is None:
        return "non-silent mutants not counted"
    of_mutants = f" of {row['mutants']:,}" if row["mutants"] else ""
    return f"{row['nonsilent']:,}{of_mutants} non-silent"


def _value(row: Mapping[str, Any] | None, column: str) -> float | None:
    value = None if row is None else row.get(column)
    return None if value is None else float(f"{value:.4g}")


def _told(row: Mapping[str, Any] | None, name: str) -> str:
    """All measures of a group, in a few lines."""
    if row is None:
        return f"{name}: not screened"
    lines = [f"<b>{name}</b>", _of(row)]
    if row.get("phenotypes"):
        lines.append(f"{row['phenotypes']:,} {MEASURES['phenotypes']}")
    for name_, column in (("mean KL", "mean_kl"), ("change of NLL", "mean_added_nll")):
        if row[column] is not None:
            lines.append(f"{name_} {row[column]:.3g} nats a token")
    if row["destructive"]:
        lines.append(f"{row['destructive']:,} destructive")
    return "<br>".join(lines)
