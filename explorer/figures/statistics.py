"""Pictures of whole screens, and of screens beside each other, from the frames of `explorer.statistics`.

Every mark carries, as customdata, what it stands for: JSON that `store.doors.strongest` takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from explorer.domain import MATRIX_KINDS
from explorer.figures.heatmaps import RISING, cells_of
from explorer.figures.marks import axis_mark, mark
from explorer.figures.palette import NOT_SCREENED, OPERATION_COLOURS
from explorer.statistics.experiments import Correlation, Overlap
from explorer.statistics.overview import MEASURES, Overview
from explorer.store.summaries import COSINE_BINS, OPERATIONS

INK, FIRST, SECOND = "#0d9488", "#0072b2", "#d55e00"
BOTH_WAYS = [[0.0, "#0072b2"], [0.5, "rgba(148,163,184,0.10)"], [1.0, "#d55e00"]]
MOST_PLACES = 600
"""Rows or columns that stripes are drawn of one by one."""

MOST_POINTS = 4000
"""Points of a scatter; of more, evenly drawn ones are shown."""

BINNED = {
    "cosine": "cosine similarity with the standard output",
    "first_divergence": "token at which they part",
    "score": "right answers to the task's questions",
}
"""What mutants are counted by."""

_QUIET = {"showgrid": False, "zeroline": False}


def overview_figure(seen: Overview, column: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Layers across, kinds down; a row of controls; above and to the right the same for whole layers and kinds.

    `column` is one of the frames of the overview, see `statistics.overview.value_column`.
    """
    kinds = kinds_of(seen.cells)
    layers = list(range(int(seen.cells["layer"].max() or 0) + 1))  # type: ignore[arg-type]
    values = {(row["layer"], row["kind"]): row for row in seen.cells.iter_rows(named=True)}
    table = [[_value(values.get((layer, kind)), column) for layer in layers] for kind in kinds]
    marks = [[mark(layer=layer, kind=kind) for layer in layers] for kind in kinds]
    texts = [[_told(values.get((layer, kind)), f"{layer}.{kind}") for layer in layers] for kind in kinds]
    controls = {row["layer"]: row for row in seen.controls.iter_rows(named=True)}
    has_controls = column in ("nonsilent_share", "mean_kl", "mean_added_nll") and bool(controls)
    if has_controls:
        kinds = [*kinds, "controls"]
        table.append([_value(controls.get(layer), column) for layer in layers])
        marks.append([""] * len(layers))  # they stand for no mutant
        texts.append([_told(controls.get(layer), f"controls of layer {layer}") for layer in layers])
    numbers = [value for line in table for value in line if value is not None]
    top = float(np.quantile(np.abs(numbers), 0.98)) if numbers else 1.0
    falls = any(value < 0 for value in numbers)  # a change of NLL may
    figure = go.Figure()
    figure.add_trace(
        go.Heatmap(
            z=[[0 if value is None else None for value in line] for line in table],
            x=layers, y=kinds, colorscale=[[0, NOT_SCREENED], [1, NOT_SCREENED]], showscale=False, xgap=2, ygap=2,
            hoverongaps=False, hovertemplate="%{x}.%{y}: not screened<extra></extra>",
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
            customdata=[mark(layer=row["layer"]) for row in by_layer], marker={"color": INK},
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
        xaxis={"title": {"text": "layer"}, "domain": [0, 0.87], "range": [-0.5, len(layers) - 0.5], **_QUIET},
        yaxis={"autorange": "reversed", "type": "category", "domain": [0, 0.74], **_QUIET},
        xaxis2={"domain": [0.885, 1], "nticks": 3, **_QUIET},
        yaxis2={"domain": [0.78, 1], "nticks": 3, **_QUIET},
        meta=dict(meta),
    )


def counts_figure(seen: Overview, by: str, *, meta: Mapping[str, object]) -> go.Figure:
    """NSM counts by `kind` or `layer`, each operation apart."""
    counted = seen.by_operation.group_by(by, "operation").agg(pl.col("nonsilent", "mutants").sum()).sort(by)
    figure = go.Figure()
    for operation in (*OPERATIONS, None):
        rows = counted.filter(pl.col("operation").eq_missing(pl.lit(operation, pl.String))).to_dicts()
        if not rows:
            continue
        of_operation = {} if operation is None else {"operation": operation}
        figure.add_trace(
            go.Bar(
                x=[row[by] for row in rows],
                y=[row["nonsilent"] for row in rows],
                name=operation or "all together",
                marker={"color": INK if operation is None else OPERATION_COLOURS[operation]},
                customdata=[mark(**{by: row[by]}, **of_operation) for row in rows],
                text=[f"{row['nonsilent']:,} of {row['mutants'] or 0:,}" for row in rows],
                textposition="none",
                hovertemplate=f"%{{x}}, {operation or 'all'}: %{{text}} non-silent<extra></extra>",
            )
        )
    axis: dict[str, Any] = {"title": {"text": "" if by == "kind" else "layer"}, **_QUIET}
    if by == "kind":
        axis |= {"categoryorder": "array", "categoryarray": kinds_of(counted)}
    return _plain(figure, meta, height=230, xaxis=axis, y="non-silent mutants").update_layout(
        legend={"orientation": "h", "y": 1.12, "x": 0}, bargap=0.25
    )


def axes_figure(found: pl.DataFrame, most: int = 24, *, meta: Mapping[str, object]) -> go.Figure:
    """The most sensitive rows and columns, with how many of their mutants are non-silent."""
    rows = found.head(most).to_dicts()[::-1]
    return _plain(
        go.Figure(
            go.Bar(
                y=[f"{row['kind']} {row['axis']} {row['place']}" for row in rows],
                x=[row["nonsilent"] / max(1, row["screened"]) for row in rows],
                orientation="h",
                marker={"color": [FIRST if row["axis"] == "row" else SECOND for row in rows]},
                customdata=[axis_mark(row["kind"], row["axis"], row["place"]) for row in rows],
                text=[f"p {row['p']:.2g}" for row in rows],
                textposition="auto",
                hovertext=[
                    f"{row['kind']} {row['axis']} {row['place']}: {row['nonsilent']:,} of {row['screened']:,} "
                    f"non-silent<br>among the top twentieth in {row['layers']} of {row['of_layers']} layers"
                    f"<br>p {row['p']:.2g}"
                    for row in rows
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        ),
        meta,
        height=60 + 20 * len(rows),
        xaxis={"title": {"text": "share of non-silent mutants"}, "range": [0, 1], **_QUIET},
        y="",
    ).update_layout(margin={"l": 110, "r": 10, "t": 8, "b": 40}, yaxis={"type": "category", **_QUIET})


def stripes_figure(
    shares: np.ndarray, layers: Sequence[int], kind: str, axis: str, *, meta: Mapping[str, object]
) -> go.Figure:
    """One kind's rows or columns across, layers down: a stripe is a place that is sensitive in many layers.

    Of very many places, several are one cell, which shows the highest of their shares.
    """
    cell = -(-shares.shape[1] // MOST_PLACES)
    starts = np.arange(0, shares.shape[1], cell)
    figure = go.Figure(
        go.Heatmap(
            z=cells_of(np.maximum.reduceat(shares, starts, axis=1)), x0=(cell - 1) / 2, dx=cell, y=list(layers),
            colorscale=RISING, zmin=0, zmax=max(float(np.nanmax(shares)), 1e-9), showscale=False,
            hovertemplate=f"layer %{{y}}, {kind} {axis} %{{x:.0f}}: %{{z:.1%}} non-silent<extra></extra>",
        )
    )  # fmt: skip
    return _plain(
        figure,
        {**meta, "kind": kind, "axis": axis, "cell": cell},
        height=120 + 10 * len(layers),
        xaxis={"title": {"text": f"{axis} of units of {kind}"}, **_QUIET},
        y="layer",
    ).update_layout(yaxis={"autorange": "reversed", **_QUIET}, dragmode="zoom")


def correlation_figure(
    names: Sequence[str], keys: Sequence[str], table: Sequence[Sequence[float | None]], *, meta: Mapping[str, object]
) -> go.Figure:
    """Pearson's r of the layers' shares, of every pair of screens; a cell's customdata are the keys of both."""
    figure = go.Figure(
        go.Heatmap(
            z=[list(line) for line in table],
            customdata=[[f"{first} {second}" for second in keys] for first in keys],
            x=list(names), y=list(names), colorscale=BOTH_WAYS, zmin=-1, zmax=1,
            xgap=2, ygap=2, showscale=False, hoverongaps=False, texttemplate="%{z:.2f}",
            hovertemplate="%{y}<br>%{x}<br>r %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    return figure.update_layout(
        height=120 + 44 * len(names),
        margin={"l": 150, "r": 10, "t": 8, "b": 70},
        dragmode=False,
        xaxis={"tickangle": 20, **_QUIET},
        yaxis={"autorange": "reversed", **_QUIET},
        meta=dict(meta),
    )


def scatter_figure(pair: Correlation, names: tuple[str, str], *, meta: Mapping[str, object]) -> go.Figure:
    """Two screens layer by layer."""
    points = pair.points.to_dicts()
    ticks = ".2~%" if max((row[name] for row in points for name in "xy"), default=0) <= 1 else ""
    figure = go.Figure(
        go.Scatter(
            x=[row["x"] for row in points], y=[row["y"] for row in points], mode="markers+text",
            text=[str(row["layer"]) for row in points], textposition="top center", textfont={"size": 9},
            marker={"size": 9, "color": INK}, customdata=[mark(layer=row["layer"]) for row in points],
            hovertemplate="layer %{text}: %{x:.3~g}, %{y:.3~g}<extra></extra>",
        )
    )  # fmt: skip
    return _plain(
        figure,
        meta,
        height=320,
        xaxis={"title": {"text": names[0]}, "zeroline": False, "tickformat": ticks},
        y=names[1],
    ).update_layout(yaxis={"tickformat": ticks, "zeroline": False})


def overlap_figure(found: Overlap, names: tuple[str, str], *, meta: Mapping[str, object]) -> go.Figure:
    """Non-silent mutations of the first alone, of both, of the second alone."""
    labels = [f"only {names[0]}", "both", f"only {names[1]}"]
    counts = [found.only_first, found.shared, found.only_second]
    examples = [found.examples.get(name) for name in ("only_first", "shared", "only_second")]
    figure = go.Figure(
        go.Bar(
            x=counts, y=labels, orientation="h", marker={"color": [FIRST, "#009e73", SECOND]},
            text=[f"{count:,}" for count in counts], textposition="auto",
            customdata=[None if example is None else mark(**example) for example in examples],
            hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    )  # fmt: skip
    return _plain(figure, meta, height=170, xaxis={"title": {"text": "mutations"}, **_QUIET}, y="").update_layout(
        margin={"l": 190, "r": 10, "t": 8, "b": 40}, yaxis={"autorange": "reversed", **_QUIET}
    )


def histogram_figure(counted: pl.DataFrame, measure: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Non-silent mutants by a measure of `BINNED`, each operation apart."""
    figure = go.Figure()
    for operation in OPERATIONS:
        rows = counted.filter(pl.col("operation") == operation).to_dicts()
        if not rows:
            continue
        scale = 1 / COSINE_BINS if measure == "cosine" else 1
        shift = 0.5 if measure == "cosine" else 0
        figure.add_trace(
            go.Bar(
                x=[(row["bin"] + shift) * scale for row in rows],
                y=[row["mutants"] for row in rows],
                width=scale,
                name=operation,
                marker={"color": OPERATION_COLOURS[operation]},
                customdata=[mark(operation=operation, **{measure: row["bin"]}) for row in rows],
                hovertemplate=f"%{{x:.3~g}}, {operation}: %{{y:,}}<extra></extra>",
            )
        )
    return _plain(
        figure, meta, height=230, xaxis={"title": {"text": BINNED[measure]}, **_QUIET}, y="mutants"
    ).update_layout(barmode="stack", bargap=0.05, legend={"orientation": "h", "y": 1.12, "x": 0})


def styles_figure(counted: pl.DataFrame, by: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Styles down, kinds or layers across: the share of the mutants with a text."""
    totals = counted.group_by("style").agg(pl.col("mutants").sum()).sort("mutants", descending=True)
    names = totals["style"].to_list()
    places = kinds_of(counted) if by == "kind" else sorted(counted["layer"].unique().to_list())
    rows = {(row[by], row["style"]): row for row in counted.iter_rows(named=True)}
    shares = [[rows[place, name]["share"] if (place, name) in rows else None for place in places] for name in names]
    texts = [
        [f"{rows[place, name]['mutants']:,}" if (place, name) in rows else "" for place in places] for name in names
    ]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if share is None else float(np.sqrt(share)) for share in line] for line in shares],
            x=places,
            y=names,
            text=texts,
            customdata=[[mark(style=name, **{by: place}) for place in places] for name in names],
            colorscale=RISING,
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverongaps=False,
            texttemplate="%{text}",
            textfont={"size": 10},
            hovertemplate=f"{by} %{{x}}, %{{y}}: %{{text}} mutants<extra></extra>",
        )
    )
    return figure.update_layout(
        height=70 + 24 * len(names),
        margin={"l": 100, "r": 10, "t": 8, "b": 40},
        dragmode=False,
        xaxis={"title": {"text": by}, **({"type": "category"} if by == "kind" else {}), **_QUIET},
        yaxis={"autorange": "reversed", **_QUIET},
        meta=dict(meta),
    )


def distinct_figure(cells: pl.DataFrame, *, meta: Mapping[str, object]) -> go.Figure:
    """Distinct phenotypes over NSMs, a point a matrix: on the line every NSM says something of its own."""
    rows = cells.filter(pl.col("phenotypes").is_not_null()).to_dicts()
    top = max((row["nonsilent"] for row in rows), default=1)
    figure = go.Figure(_diagonal(0, top))
    for kind in kinds_of(cells):
        own = [row for row in rows if row["kind"] == kind]
        figure.add_trace(
            go.Scatter(
                x=[row["nonsilent"] for row in own], y=[row["phenotypes"] for row in own], mode="markers", name=kind,
                marker={"size": 8}, text=[f"{row['layer']}.{kind}" for row in own],
                customdata=[mark(layer=row["layer"], kind=kind) for row in own],
                hovertemplate="%{text}: %{x:,} NSMs, %{y:,} distinct<extra></extra>",
            )
        )  # fmt: skip
    return _plain(
        figure,
        meta,
        height=320,
        xaxis={"title": {"text": "non-silent mutants"}, "zeroline": False},
        y="distinct phenotypes",
    ).update_layout(colorway=["#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#94a3b8"])


def agreement_figure(pairs: pl.DataFrame, layer: int, kind: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Measured over estimated change of NLL, both as magnitudes on logarithmic axes; on the line they are equal."""
    shown = thinned(pairs)
    low, high = 1e-5, max(10.0, float(shown["added_nll"].abs().max() or 1))  # type: ignore[arg-type]
    figure = go.Figure(_diagonal(low, high))
    for operation in OPERATIONS:
        rows = shown.filter(pl.col("operation") == operation).to_dicts()
        if not rows:
            continue
        figure.add_trace(
            go.Scatter(
                x=[max(low, abs(row["predicted"])) for row in rows],
                y=[max(low, abs(row["added_nll"])) for row in rows],
                mode="markers",
                name=operation,
                marker={
                    "size": 6, "color": OPERATION_COLOURS[operation], "opacity": 0.7,
                    "symbol": ["circle" if row["nonsilent"] else "circle-open" for row in rows],
                },
                customdata=[
                    mark(
                        layer=layer, kind=kind, operation=operation, top=row["down"], bottom=row["down"] + 1,
                        left=row["across"], right=row["across"] + 1,
                    )
                    for row in rows
                ],
                text=[
                    f"{operation} at ({row['down']}, {row['across']}): estimated {row['predicted']:+.3g}, measured "
                    f"{row['added_nll']:+.3g}"
                    for row in rows
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    axis = {"type": "log", "zeroline": False}
    return _plain(
        figure,
        meta,
        height=380,
        xaxis={"title": {"text": "estimated change of NLL, nats a token"}, **axis},
        y="measured",
    ).update_layout(yaxis=axis, legend={"orientation": "h", "y": 1.08, "x": 0})


def thinned(pairs: pl.DataFrame) -> pl.DataFrame:
    """At most `MOST_POINTS` rows, drawn at random, the same at every call."""
    return pairs if len(pairs) <= MOST_POINTS else pairs.sort(pairs.columns).sample(MOST_POINTS, seed=0)


def kinds_of(frame: pl.DataFrame) -> list[str]:
    """The kinds of a frame, those of a plain layer first and in their order."""
    found = frame["kind"].unique().to_list()
    known = [kind for kind in MATRIX_KINDS if kind in found]
    return [*known, *sorted(set(found) - set(known))]


def _diagonal(low: float, high: float) -> go.Scatter:
    """The line on which both axes are equal."""
    ends, line = [low, high], {"dash": "dot", "color": "#94a3b8"}
    return go.Scatter(x=ends, y=ends, mode="lines", line=line, hoverinfo="skip", showlegend=False)


def _value(row: Mapping[str, Any] | None, column: str) -> float | None:
    value = None if row is None else row.get(column)
    return None if value is None else float(f"{value:.4g}")


def _told(row: Mapping[str, Any] | None, name: str) -> str:
    """All measures of a group, in a few lines."""
    if row is None:
        return f"{name}: not screened"
    known = row["mutants"] or 0
    lines = [
        f"<b>{name}</b>",
        f"{row['nonsilent']:,} of {known:,} non-silent" if known else f"{row['nonsilent']:,} non-silent",
    ]
    if row.get("phenotypes"):
        lines.append(f"{row['phenotypes']:,} {MEASURES['phenotypes']}")
    for name_, column in (("mean KL", "mean_kl"), ("change of NLL", "mean_added_nll")):
        if row[column] is not None:
            lines.append(f"{name_} {row[column]:.3g} nats a token")
    if row["destructive"]:
        lines.append(f"{row['destructive']:,} destructive")
    return "<br>".join(lines)


def _plain(
    figure: go.Figure, meta: Mapping[str, object], *, height: int, xaxis: Mapping[str, object], y: str
) -> go.Figure:
    return figure.update_layout(
        height=height,
        margin={"l": 64, "r": 10, "t": 8, "b": 44},
        dragmode=False,
        xaxis=dict(xaxis),
        yaxis={"title": {"text": y}, "zeroline": False},
        meta=dict(meta),
    )
