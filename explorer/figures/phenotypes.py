"""What mutants say: histograms, styles, and distinct texts."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import numpy as np
import plotly.graph_objects as go
import polars as pl

from explorer.domain.screened import told
from explorer.figures.heatmaps import RISING
from explorer.figures.marks import mark
from explorer.figures.palette import colours_of
from explorer.figures.plain import QUIET, diagonal, kinds_of, literal, plain, shortened
from explorer.store.summaries import COSINE_BINS

MOST_LETTERS = 24
"""Of a word that is a label."""
_KIND_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#94a3b8")
BINNED = {
    "cosine": "cosine similarity with the standard output",
    "first_divergence": "token at which they part",
    "score": "right answers to the task's questions",
}
"""What mutants are counted by."""


def histogram_figure(counted: pl.DataFrame, measure: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Non-silent mutants by a measure of `BINNED`, each operation apart."""
    figure = go.Figure()
    colours = colours_of(counted["operation"].unique())
    for operation in colours:
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
                name=told(operation),
                marker={"color": colours[operation]},
                customdata=[mark(operation=operation, **{measure: row["bin"]}) for row in rows],
                hovertemplate=f"%{{x:.3~g}}, {told(operation)}: %{{y:,}}<extra></extra>",
            )
        )
    return plain(
        figure, meta, height=230, xaxis={"title": {"text": BINNED[measure]}, **QUIET}, y="mutants"
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
    marks = [[mark(style=name, **{by: place}) if (place, name) in rows else None for place in places] for name in names]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if share is None else float(np.sqrt(share)) for share in line] for line in shares],
            x=places,
            y=names,
            text=texts,
            customdata=marks,
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
        xaxis={"title": {"text": by}, **({"type": "category"} if by == "kind" else {}), **QUIET},
        yaxis={"autorange": "reversed", **QUIET},
        meta=dict(meta),
    )


def distinct_layers_figure(cells: pl.DataFrame, *, meta: Mapping[str, object]) -> go.Figure:
    """Distinct phenotypes over the layers, a line a kind."""
    figure = go.Figure()
    for kind, colour in zip(kinds_of(cells), cycle(_KIND_COLOURS), strict=False):
        own = cells.filter(pl.col("kind") == kind).sort("layer")
        figure.add_trace(
            go.Scatter(
                x=own["layer"].to_list(), y=own["phenotypes"].to_list(), mode="lines+markers", name=kind,
                marker={"size": 6, "color": colour}, line={"width": 1.5, "color": colour},
                customdata=[mark(layer=layer, kind=kind) for layer in own["layer"].to_list()],
                hovertemplate=f"%{{x}}.{kind}: %{{y:,}} distinct<extra></extra>",
            )
        )  # fmt: skip
    return plain(
        figure, meta, height=300, xaxis={"title": {"text": "layer"}, **QUIET}, y="distinct phenotypes"
    ).update_layout(legend={"orientation": "h", "y": 1.12, "x": 0}, yaxis={"rangemode": "tozero"})


def distinct_figure(cells: pl.DataFrame, *, meta: Mapping[str, object]) -> go.Figure:
    """Distinct phenotypes over NSMs, a point a matrix: on the line every NSM says something of its own."""
    rows = cells.filter(pl.col("phenotypes").is_not_null()).to_dicts()
    top = max((row["nonsilent"] for row in rows), default=1)
    figure = go.Figure(diagonal(0, top))
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
    return plain(
        figure,
        meta,
        height=320,
        xaxis={"title": {"text": "non-silent mutants"}, "zeroline": False},
        y="distinct phenotypes",
    ).update_layout(colorway=list(_KIND_COLOURS))


def beginnings_figure(words: pl.DataFrame, *, meta: Mapping[str, object]) -> go.Figure:
    """Unusual first words and how many mutants begin with them, from `statistics.beginnings.unusual_words`."""
    rows = words.to_dicts()[::-1]
    return plain(
        go.Figure(
            go.Bar(
                y=[_short(row["word"]) for row in rows], x=[row["mutants"] for row in rows], orientation="h",
                marker={"color": "#9333ea"}, customdata=[mark(first_word=row["word"]) for row in rows],
                text=[f"{row['mutants']:,}" for row in rows], textposition="outside", cliponaxis=False,
                hovertext=[f"{row['mutants']:,} mutants in {row['matrices']:,} matrices" for row in rows],
                hovertemplate="“%{y}”: %{hovertext}<extra></extra>",
            )
        ),
        meta,
        height=60 + 20 * len(rows),
        xaxis={"title": {"text": "mutants whose text begins with it"}, "rangemode": "tozero", **QUIET},
        y="",
    ).update_layout(
        margin={"l": 20, "r": 50, "t": 8, "b": 40}, yaxis={"type": "category", "automargin": True, **QUIET}
    )  # fmt: skip


def split_figure(counted: pl.DataFrame, *, meta: Mapping[str, object]) -> go.Figure:
    """Cosine similarities, by whether the first word is usual, from `statistics.beginnings.split_histogram`."""
    figure = go.Figure()
    for is_usual, name, colour in ((True, "usual first word", "#94a3b8"), (False, "unusual first word", "#9333ea")):
        rows = counted.filter(pl.col("is_usual") == is_usual).to_dicts()
        figure.add_trace(
            go.Bar(
                x=[(row["cosine"] + 0.5) / COSINE_BINS for row in rows], y=[row["mutants"] for row in rows],
                width=1 / COSINE_BINS, name=name, marker={"color": colour},
                customdata=[mark(cosine=row["cosine"], first_word=row["word"]) for row in rows],
                text=[_short(row["word"]) for row in rows], textposition="none",
                hovertemplate=f"%{{x:.3~g}}, {name}: %{{y:,}}, most often “%{{text}}”<extra></extra>",
            )
        )  # fmt: skip
    return plain(
        figure, meta, height=250, xaxis={"title": {"text": BINNED["cosine"]}, "range": [0, 1], **QUIET}, y="mutants"
    ).update_layout(barmode="stack", bargap=0.05, legend={"orientation": "h", "y": 1.12, "x": 0})


def _short(word: str) -> str:
    """A word as a label, as it stands."""
    return literal(shortened(word, MOST_LETTERS)) or "(none)"
