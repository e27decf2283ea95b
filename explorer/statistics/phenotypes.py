"""What mutants say, counted: how far from the standard output, from which token on, and in which style."""

import math

import polars as pl

from explorer.statistics.filters import Filter

LEAST_PAIRS = 3


def histogram(distribution: pl.DataFrame, chosen: Filter) -> pl.DataFrame:
    """Mutants by operation and whole-number bin, from `store.summaries.distribution`; bins rise."""
    rows = chosen.rows(distribution).with_columns(pl.col("bin").cast(pl.Int64))
    return rows.group_by("operation", "bin").agg(pl.col("mutants").cast(pl.Int64).sum()).sort("operation", "bin")


def styles(distribution: pl.DataFrame, chosen: Filter, by: str) -> pl.DataFrame:
    """Mutants by `layer` or `kind` and style, with their share of all that have a text there."""
    rows = chosen.rows(distribution).rename({"bin": "style"})
    counted = rows.group_by(by, "style").agg(pl.col("mutants").cast(pl.Int64).sum())
    return counted.with_columns(share=pl.col("mutants") / pl.col("mutants").sum().over(by)).sort(by, "style")


def rank_correlation(predicted: pl.Series, measured: pl.Series) -> float | None:
    """Spearman's; None of fewer than three pairs, or where one of them is the same everywhere."""
    if len(predicted) < LEAST_PAIRS or 1 in (predicted.n_unique(), measured.n_unique()):
        return None
    value = pl.select(pl.corr(predicted, measured, method="spearman")).item()
    return None if value is None or math.isnan(value) else float(value)
