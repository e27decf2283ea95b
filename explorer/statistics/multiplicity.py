"""Corrections for having looked many times: Holm for a few tests, Benjamini–Hochberg for thousands."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import scipy  # its parts are imported when they are first named


def holm(p: Sequence[float]) -> list[float]:
    """p values corrected so that the chance of any false finding stays below the level (Holm 1979)."""
    corrected, largest = [0.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        largest = max(largest, min(1.0, p[place] * (len(p) - rank)))
        corrected[place] = largest
    return corrected


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """q values: among the tests up to one, so large a share of false findings is expected (1995)."""
    return [float(q) for q in scipy.stats.false_discovery_control(np.asarray(p, np.float64))] if len(p) else []


def better_than_baseline(mutants: pl.DataFrame) -> pl.DataFrame:
    """The mutants of a screen that answer more questions right than the original, the surest first.

    Columns `gained` and `lost` count the questions that a mutant alone, and that the original alone, gets right; the
    others are kept. Adds `p`, McNemar's exact test, one-sided, and `q`, Benjamini–Hochberg over **all** rows: hand in
    every mutant that was looked at, not the promising ones alone.
    """
    found = tested_one_sided(mutants)
    better = found.filter(pl.col("gained") > pl.col("lost"))
    return better.sort("p", pl.col("gained") - pl.col("lost"), descending=[False, True], maintain_order=True)


def tested_one_sided(mutants: pl.DataFrame) -> pl.DataFrame:
    """With `p`, McNemar's exact test that more is gained than lost, and `q`, Benjamini–Hochberg over all rows."""
    gained, lost = (mutants[name].to_numpy().astype(np.int64) for name in ("gained", "lost"))
    p = scipy.stats.binom.sf(gained - 1, gained + lost, 0.5)
    return mutants.with_columns(p=pl.Series(p, dtype=pl.Float64), q=pl.Series(benjamini_hochberg(p), dtype=pl.Float64))
