"""The rare initial word of highest frequency, RIHF: which word a mutant begins with where the original seldom does."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import scipy  # its parts are imported when they are first named

from explorer.statistics.multiplicity import benjamini_hochberg
from explorer.statistics.paired import ALPHA

MOST_RARE = 1
"""A first word is rare if the original begins no more of its answers with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RareWord:
    """A word, how many answers begin with it, and whether that exceeds chance."""

    word: str
    mutant: int
    """Answers of the mutant that begin with it."""
    original: int
    of_mutant: int
    """Answers of the mutant in all."""
    of_original: int
    p: float
    """Fisher's exact test, two-sided, that both begin with it as often."""
    corrected_p: float
    """Times the number of rare words that it was chosen from (Bonferroni)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The RIHF word of one mutant among several that were looked at."""

    word: RareWord | None
    q: float
    """Benjamini–Hochberg over the mutants, of the corrected p; 1 without a word."""

    @property
    def finding(self) -> RareWord | None:
        """The word if it exceeds chance, at a false discovery rate of 5 %."""
        return self.word if self.q < ALPHA else None


def rare_word(mutant: Sequence[str], original: Sequence[str], most_rare: int = MOST_RARE) -> RareWord | None:
    """The RIHF word, from the first words of the answers to the same inputs; None if the mutant has no rare one.

    Of words equally frequent, the one that the original uses least, then the first in the alphabet.
    """
    said, known = Counter(mutant), Counter(original)
    rare = [word for word in said if word and known[word] <= most_rare]
    if not rare:
        return None
    word = min(rare, key=lambda each: (-said[each], known[each], each))
    p = word_p(said[word], len(mutant), known[word], len(original))
    return RareWord(
        word=word,
        mutant=said[word],
        original=known[word],
        of_mutant=len(mutant),
        of_original=len(original),
        p=p,
        corrected_p=min(1.0, p * len(rare)),
    )


def word_p(mutant: int, of_mutant: int, original: int, of_original: int) -> float:
    """Fisher's exact test, two-sided, that a word begins answers of both as often."""
    table = [[mutant, of_mutant - mutant], [original, of_original - original]]
    return float(scipy.stats.fisher_exact(table).pvalue)


def word_table(said: pl.DataFrame, genotype: int) -> pl.DataFrame:
    """How many answers begin with each word: columns word, mutant, original; the mutant's most frequent first.

    `said` has the columns of `tasks.writers.ANSWERS`; genotype 0 is the original.
    """
    return _table(said, genotype, ["word"])


def style_table(said: pl.DataFrame, genotype: int) -> pl.DataFrame:
    """How many answers have each style, by kind of input: columns kind, style, mutant, original."""
    return _table(said, genotype, ["kind", "style"])


def rare_word_of(said: pl.DataFrame, genotype: int) -> RareWord | None:
    """The RIHF word of one genotype, see `rare_word`."""
    mutant, original = (said.filter(pl.col("genotype") == place)["word"].to_list() for place in (genotype, 0))
    return rare_word(mutant, original)


def rare_words_of(said: pl.DataFrame, mutants: int) -> list[Ranked]:
    """The RIHF words of the first so many mutants, corrected for having looked at all of them."""
    found = [rare_word_of(said, place) for place in range(1, 1 + mutants)]
    q = benjamini_hochberg([1.0 if word is None else word.corrected_p for word in found])
    return [Ranked(word=word, q=value) for word, value in zip(found, q, strict=True)]


def shared_places(found: pl.DataFrame) -> pl.DataFrame:
    """Rows and columns that mutants with one RIHF word share in several layers.

    `found` has a row a mutant: word, layer, kind, rows and columns (as text; null for all). Columns word, kind, axis,
    place, layers and mutants; those in the most layers first.
    """
    parts = [
        found.filter(pl.col(axis).is_not_null())
        .group_by("word", "kind", pl.lit(axis).alias("axis"), pl.col(axis).alias("place"))
        .agg(layers=pl.col("layer").unique().sort(), mutants=pl.len())
        for axis in ("rows", "columns")
    ]
    return (
        pl.concat(parts)
        .filter(pl.col("layers").list.len() > 1)
        .sort(pl.col("layers").list.len(), "word", "kind", "axis", "place", descending=[True, *[False] * 4])
    )


def _table(said: pl.DataFrame, genotype: int, by: list[str]) -> pl.DataFrame:
    counts = (
        said.filter(pl.col("genotype").is_in([0, genotype]))
        .group_by(by)
        .agg(mutant=(pl.col("genotype") == genotype).sum(), original=(pl.col("genotype") == 0).sum())
    )
    return counts.sort("mutant", "original", *by, descending=[True, True, *[False] * len(by)])
