"""Pictures of a screen from its frames: all matrices at a glance, and the map of one. Knows no torch and no page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from explorer.domain import NAMED_OPERATIONS, Genotype, Mutation, Overview, Site, unit_span
from explorer.figures.heatmaps import overview_figure
from explorer.figures.palette import CATEGORIES, COLOURS
from explorer.notation import format_genotype, format_site

_LONGEST_TEXT = 90
_GAPS = 80
"""Cells are set apart where at most so many lie along either side."""


def shares_figure(shares: pl.DataFrame, present: str | None, *, meta: Mapping[str, object]) -> go.Figure:
    """The share of non-silent mutants of each matrix, by `store.queries.matrix_shares`; empty where there are none."""
    kinds = tuple(dict.fromkeys(shares["kind"]))
    values = np.full((len(kinds), max(shares["layer"].to_list()) + 1), np.nan, np.float32)
    for row in shares.iter_rows(named=True):
        if row["share"] is not None:
            values[kinds.index(row["kind"]), row["layer"]] = row["share"]
    place = None
    if present is not None:
        (found,) = shares.filter(pl.col("name") == present).select("kind", "layer").iter_rows()
        place = found
    figure = overview_figure(Overview(kinds=kinds, values=values), place, meaning="share non-silent")
    return figure.update_layout(meta=dict(meta), xaxis_range=[-0.5, values.shape[1] - 0.5])


def nsm_figure(matrix: Mapping[str, Any], mutants: pl.DataFrame, *, meta: Mapping[str, object]) -> go.Figure:
    """The map of one matrix: a row of `matrix_shares`, and its `matrix_mutants`; a unit not screened yet is empty."""
    down, across = (-(-matrix[side] // matrix[f"unit_{side}"]) for side in ("rows", "columns"))
    kinds = np.full((down, across), np.nan)
    texts = np.full((down, across), "", object)
    sites = np.full((down, across), "", object)
    units: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for mutant in mutants.iter_rows(named=True):
        units.setdefault((mutant["down"], mutant["across"]), []).append(mutant)
    for place, unit in units.items():
        loud = [mutant for mutant in unit if mutant["first_divergence"] is not None]
        kinds[place] = _category({mutant["operation"] for mutant in loud})
        site = _site(matrix, *place)
        operation = NAMED_OPERATIONS[(loud or unit)[0]["operation"]]
        sites[place] = format_genotype(Genotype((Mutation(site, operation),)))
        texts[place] = "<br>".join([f"<b>{format_site(site)}</b>", *map(_told, unit)])
    gap = int(max(down, across) <= _GAPS)
    edges = [round(place / len(COLOURS), 3) for place in range(len(COLOURS) + 1)]
    scale = [(edge, colour) for place, colour in enumerate(COLOURS) for edge in edges[place : place + 2]]
    figure = go.Figure(
        go.Heatmap(
            z=[[None if np.isnan(value) else int(value) for value in line] for line in kinds.tolist()],
            text=texts.tolist(),
            customdata=sites.tolist(),
            zmin=-0.5,
            zmax=len(COLOURS) - 0.5,
            colorscale=scale,
            xgap=gap,
            ygap=gap,
            hoverongaps=False,
            showscale=False,
            hovertemplate="%{text}<extra></extra>",
        )
    )
    axis = {"showgrid": False, "zeroline": False}
    return figure.update_layout(
        height=430,
        margin={"l": 56, "r": 10, "t": 28, "b": 40},
        dragmode="zoom",
        xaxis={"title": {"text": "block column"}, "range": [-0.5, across - 0.5], "dtick": -(-across // 16), **axis},
        yaxis={"title": {"text": "block row"}, "range": [down - 0.5, -0.5], "dtick": -(-down // 16), **axis},
        meta=dict(meta),
    )


def _category(loud: set[str]) -> int:
    if {"max", "min"} <= loud:
        return CATEGORIES.index("max and min")
    return next((CATEGORIES.index(name) for name in ("max", "min", "zero") if name in loud), 0)


def _told(mutant: Mapping[str, Any]) -> str:
    """One mutant in one line."""
    name = mutant["operation"]
    if mutant["first_divergence"] is None:
        return f"{name}: silent"
    kl = "overflow" if mutant["mean_kl"] is None else f"KL {mutant['mean_kl']:.3g}"
    told = f"{name}: parts at token {mutant['first_divergence']}, {kl}"
    if mutant["style"] is None:
        return told
    text = " ".join(mutant["text"].split())
    shown = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + " …"
    return f"{told}, {mutant['style']}<br>  “{escape(shown)}”"


def _site(matrix: Mapping[str, Any], down: int, across: int) -> Site:
    """The site of a unit."""
    return Site(
        part=matrix["kind"],
        layer=matrix["layer"],
        rows=unit_span(down, matrix["unit_rows"], matrix["rows"]),
        columns=unit_span(across, matrix["unit_columns"], matrix["columns"]),
    )
