"""All matrices of a screen at a glance, from its frame. Knows no torch and no page."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
import polars as pl

from explorer.domain.weights import Overview
from explorer.figures.heatmaps import overview_figure


def shares_figure(shares: pl.DataFrame, present: str | None, *, meta: Mapping[str, object]) -> go.Figure:
    """The share of non-silent mutants of each matrix, by `store.queries.matrix_shares`; empty where there are none.

    Where no share is known, how many are non-silent, in shares of the most.
    """
    is_known = shares["share"].count() > 0
    most = max(1, int(shares["nonsilent"].max() or 0))  # type: ignore[arg-type]  # whole numbers
    kinds = tuple(dict.fromkeys(shares["kind"]))
    values = np.full((len(kinds), max(shares["layer"].to_list()) + 1), np.nan, np.float32)
    for row in shares.iter_rows(named=True):
        value = row["share"] if is_known else row["nonsilent"] / most
        if value is not None:
            values[kinds.index(row["kind"]), row["layer"]] = value
    place = None
    if present is not None:
        (found,) = shares.filter(pl.col("name") == present).select("kind", "layer").iter_rows()
        place = found
    figure = overview_figure(
        Overview(kinds=kinds, values=values),
        place,
        meaning="share non-silent" if is_known else "of the most non-silent",
    )
    return figure.update_layout(meta=dict(meta), xaxis_range=[-0.5, values.shape[1] - 0.5])
