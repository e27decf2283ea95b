"""Malignant mutants: what they say is far from the standard output, and they answer few questions right."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from explorer.domain.errors import StatisticsError
from explorer.statistics.filters import Filter
from explorer.store.measured import SITE

MOST_SCORE = 1000
"""More questions than a task asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a malignant mutant has at most; by default the study's. Raises StatisticsError."""

    cosine: float = 0.5
    score: float = 8

    def __post_init__(self) -> None:
        if not 0 <= self.cosine <= 1 or not 0 <= self.score <= MOST_SCORE:
            raise StatisticsError("The limits are a cosine from 0 to 1 and a number of right answers from 0 on.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Malignant:
    """The malignant mutants of two screens of one model."""

    mutants: pl.DataFrame
    """Columns `store.measured.SITE`, score and cosine; the worst first."""
    scored: int
    """Mutants that answer as few questions right, whatever they say."""
    compared: int
    """Mutants that say something as far from the standard output, whatever they answer."""

    def by_matrix(self) -> pl.DataFrame:
        """How many each matrix has, with one of the worst: layer, kind, count, and the columns of its place."""
        first = [pl.col(name).first() for name in ("operation", "down", "across", "score", "cosine")]
        return self.mutants.group_by("layer", "kind", maintain_order=True).agg(pl.len().alias("count"), *first)


def malignant(scores: pl.DataFrame, cosines: pl.DataFrame, chosen: Filter) -> Malignant:
    """From the mutants below either limit, as `store.measured.below` has them."""
    scores, cosines = chosen.rows(scores), chosen.rows(cosines)
    both = scores.rename({"value": "score"}).join(cosines.rename({"value": "cosine"}), on=list(SITE))
    ordered = both.sort("score", "cosine", "layer", "kind", "down", "across", "operation")
    return Malignant(mutants=ordered, scored=len(scores), compared=len(cosines))
