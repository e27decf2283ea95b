"""Counts of a screen by layer, kind and operation, and what they come to together.

Takes the frame of `store.summaries.counts`: a null layer, kind or operation there means all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from explorer.domain.screened import USUAL, ordered
from explorer.statistics.filters import Filter

Measure = Literal["nonsilent", "phenotypes", "mean_kl", "mean_added_nll", "destructive"]

MEASURES: dict[Measure, str] = {
    "nonsilent": "share of non-silent mutants",
    "phenotypes": "distinct phenotypes",
    "mean_kl": "mean KL, nats a token",
    "mean_added_nll": "mean change of NLL, nats a token",
    "destructive": "share of destructive mutants",
}
"""What a cell of the overview can tell."""

_ADDED = ("mutants", "nonsilent", "near_ties", "overflows", "destructive", "measured")
_AVERAGED = ("mean_kl", "mean_added_nll")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Frames with the columns of `_totals` each; `phenotypes` where they are known."""

    cells: pl.DataFrame
    """By layer and kind."""
    by_layer: pl.DataFrame
    by_kind: pl.DataFrame
    by_operation: pl.DataFrame
    """By kind, layer and operation."""
    whole: pl.DataFrame
    """One row."""
    controls: pl.DataFrame
    """By layer: all of them, whatever the filter."""


def overview(counts: pl.DataFrame, distinct: pl.DataFrame | None, chosen: Filter) -> Overview:
    """The counts that a filter leaves; `distinct` is `store.summaries.distinct` of the same filter, if it is asked."""
    rows = chosen.rows(matrix_counts(counts))
    is_control = (pl.col("operation") == "control") & pl.col("layer").is_not_null()
    return Overview(
        cells=_totals(rows, distinct, ["layer", "kind"]),
        by_layer=_totals(rows, distinct, ["layer"]),
        by_kind=_totals(rows, distinct, ["kind"]),
        by_operation=_totals(rows, None, ["layer", "kind", "operation"]),
        whole=_totals(rows, distinct, []),
        controls=_totals(counts.filter(is_control), None, ["layer"]),
    )


def matrix_counts(counts: pl.DataFrame) -> pl.DataFrame:
    """The rows of single layers, kinds and operations; of a screen of which only their sums are known, these.

    A null operation then stands for all; a filter of operations leaves nothing of such a screen.
    """
    of_matrices = counts.filter(pl.col("layer").is_not_null() & pl.col("kind").is_not_null())
    single = of_matrices.filter(pl.col("operation").is_in(ordered(of_matrices["operation"])))
    return of_matrices.filter(pl.col("operation").is_null()) if single.is_empty() else single


def operation_totals(counts: pl.DataFrame) -> dict[str, Any]:
    """NSMs of a whole screen by operation, None of those of the study that were not screened; and all together."""
    whole = counts.filter(pl.col("layer").is_null() & pl.col("kind").is_null())
    by_operation = {row["operation"]: row for row in whole.iter_rows(named=True)}
    every, controls = by_operation.get(None, {}), by_operation.get("control", {})
    return {
        "by_operation": {
            name: by_operation.get(name, {}).get("nonsilent") for name in ordered({*USUAL, *by_operation})
        },
        "nonsilent": every.get("nonsilent"),
        "mutants": every.get("mutants"),
        "phenotypes": every.get("phenotypes"),
        "controls": controls.get("mutants"),
        "failed_controls": controls.get("nonsilent"),
    }


def _totals(rows: pl.DataFrame, distinct: pl.DataFrame | None, by: Sequence[str]) -> pl.DataFrame:
    """Sums over groups, means weighted by the mutants that were measured, and the shares."""
    weight = pl.col("measured")
    sums = [pl.when(pl.col(name).count() > 0).then(pl.col(name).cast(pl.Int64).sum()).alias(name) for name in _ADDED]
    means = [
        pl.when(weight.sum() > 0).then((pl.col(name).fill_null(0) * weight).sum() / weight.sum()).alias(name)
        for name in _AVERAGED
    ]
    grouped = rows.group_by(list(by)).agg(*sums, *means) if by else rows.select(*sums, *means)
    whole = pl.col("mutants")
    table = grouped.with_columns(
        nonsilent_share=pl.when(whole > 0).then(pl.col("nonsilent") / whole),
        destructive_share=pl.when(whole > 0).then(pl.col("destructive") / whole),
    )
    if distinct is not None:
        for name in ("layer", "kind"):
            distinct = distinct.filter(pl.col(name).is_not_null() if name in by else pl.col(name).is_null())
        known = distinct.select(*by, "phenotypes")
        if by:
            table = table.join(known, on=list(by), how="left")
        else:  # nothing, where it is not known of all of them together
            table = table.with_columns(phenotypes=pl.lit(next(iter(known["phenotypes"]), None), pl.UInt32))
    return table.sort(list(by)) if by else table


def value_column(measure: str) -> str:
    """The column of the frames of an `Overview` that holds a measure."""
    return f"{measure}_share" if measure in ("nonsilent", "destructive") else measure
