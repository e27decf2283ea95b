"""How the texts of a screen begin: with words that the standard output or any English text has, or with others.

The study's RIHF words (rare initial words of highest frequency) are of the latter kind: nobody would begin with them.
"""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from explorer.generation.style import COMMON
from explorer.generation.texts import words
from explorer.statistics.filters import Filter


def with_usual(beginnings: pl.DataFrame, standard: str, chosen: Filter) -> pl.DataFrame:
    """The rows of `store.measured.beginnings` that a filter leaves, with `is_usual`.

    A first word is usual if the standard output has it, or if it is among the commonest of English; so is none at all.
    """
    usual: Collection[str] = {"", *words(standard), *COMMON}
    return chosen.rows(beginnings).with_columns(is_usual=pl.col("word").is_in(list(usual)))


def unusual_words(beginnings: pl.DataFrame) -> pl.DataFrame:
    """Unusual first words, the most frequent first: word, mutants, matrices (in how many), usual ones left out."""
    return (
        beginnings.filter(~pl.col("is_usual"))
        .group_by("word")
        .agg(pl.col("mutants").sum(), matrices=pl.struct("layer", "kind").n_unique())
        .sort("mutants", "word", descending=[True, False])
    )


def split_histogram(beginnings: pl.DataFrame) -> pl.DataFrame:
    """Mutants by cosine bin and whether their first word is usual, with the most frequent word of each (`word`)."""
    return (
        beginnings.drop_nulls("cosine")
        .group_by("cosine", "is_usual", "word")
        .agg(pl.col("mutants").sum())
        .sort("mutants", "word", descending=[True, False])
        .group_by("cosine", "is_usual", maintain_order=True)
        .agg(pl.col("mutants").sum(), pl.col("word").first())
        .sort("cosine", "is_usual")
    )
