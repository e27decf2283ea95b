"""What the answers of a comparison show: each genotype against the first, measure by measure, item by item paired.

Frames of `tasks.comparison.ROW_TYPES` in, plain values and frames out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from explorer.domain.errors import ComparisonError
from explorer.statistics.multiplicity import holm
from explorer.statistics.paired import (
    ALPHA,
    Discordance,
    Interval,
    Values,
    discordance,
    items_for_discordance,
    items_for_mean,
    mean_interval,
    score_interval,
    sign_flip_p,
    standardised_difference,
)

LETTERS = "ABCDEF"
"""Of the genotypes, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Something that every answer has a value of."""

    column: str
    title: str
    unit: str
    is_ratio: bool = False
    """Whether logarithms are compared, so that a difference tells a factor."""


RIGHT = Measure(column="passed", title="Right answers", unit="of the items")
READABLE = Measure(column="passed", title="Texts not destroyed", unit="of the items")
MARGIN = Measure(column="margin", title="Margin of the right choice", unit="nats")
CLOZE_MARGIN = replace(MARGIN, unit="nats a byte")
KL = Measure(column="mean_kl", title="Mean KL from the original", unit="nats a token")
PERPLEXITY = Measure(column="perplexity", title="Perplexity under the original", unit="times", is_ratio=True)
COSINE = Measure(column="cosine", title="Cosine with the original's text", unit="")

OF_LETTERS, OF_CLOZE, OF_PROMPTS = (RIGHT, MARGIN), (RIGHT, CLOZE_MARGIN), (KL, PERPLEXITY, COSINE, READABLE)
"""What answers to questions of each form, and to prompts, are measured by."""
BOUNDED = ("mean_kl", "cosine")
"""Distances from the original: its own is an end of the scale, so that there is nothing to test against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One measure of one genotype, less that of the first, over the items for which both are defined."""

    genotype: int
    """Its place in the comparison."""
    measure: Measure
    items: int
    left_out: int
    """Items that both answered, but that have no such measure: a forward pass overflowed, or a text is empty."""
    first: float
    """Its mean; of a ratio the geometric one."""
    second: float
    difference: float
    """Mean paired difference; of a ratio, of the natural logarithms."""
    interval: Interval | None
    """Of the difference, 95 %: by bootstrap, of what is passed or failed by Newcombe's score method."""
    bootstrap: Interval | None
    """By bootstrap in any case; of few discordant items it is too narrow."""
    p: float | None
    """McNemar's exact test, or sign flips; None where there is nothing to test."""
    corrected_p: float | None
    """Holm's, over the genotypes."""
    effect: float | None
    """Cohen's g, or d_z."""
    items_needed: int | None
    """In all, for a power of 80 % at α = 0.05 if the truth is what was observed; None: no number of them."""
    table: Discordance | None = None
    """Of a measure that is passed or failed."""

    @property
    def further_items(self) -> int | None:
        """How many more items are needed; 0 if there are enough."""
        return None if self.items_needed is None else max(0, self.items_needed - self.items)

    @property
    def is_significant(self) -> bool:
        """At α = 0.05, corrected."""
        return self.corrected_p is not None and self.corrected_p < ALPHA


def contrasts(answers: pl.DataFrame, measures: Sequence[Measure], *, first_is_original: bool) -> tuple[Contrast, ...]:
    """Each genotype against the first, by measure and then genotype.

    Raises ComparisonError while no item has been answered by the first and another.
    """
    found: list[Contrast] = []
    for measure in measures:
        is_tested = not (first_is_original and measure.column in BOUNDED)
        each = (_contrast(answers, measure, place, is_tested) for place in _others(answers))
        found += _corrected([contrast for contrast in each if contrast is not None])
    if not found:
        raise ComparisonError("No item has been answered by two genotypes yet: let the comparison run on.")
    return tuple(found)


def paired(answers: pl.DataFrame, place: int) -> pl.DataFrame:
    """The items that the first genotype and another have answered: the first's columns, and its with `_second`."""
    second = answers.filter(pl.col("genotype") == place).drop("name", "asked", "genotype")
    return answers.filter(pl.col("genotype") == 0).join(second, on="item", suffix="_second").sort("item")


Part = Literal["all", "different", "only_first", "only_second"]
"""Some of the items: those with different texts, those that one alone passes."""


def part_of(pairs: pl.DataFrame, part: Part) -> pl.DataFrame:
    """Some rows of `paired`."""
    passed, passed_second = pl.col("passed"), pl.col("passed_second")
    match part:
        case "all":
            return pairs
        case "different":
            return pairs.filter((pl.col("text") != pl.col("text_second")) | (passed != passed_second))
        case "only_first":
            return pairs.filter(passed & ~passed_second)
        case "only_second":
            return pairs.filter(passed_second & ~passed)


def _others(answers: pl.DataFrame) -> list[int]:
    return sorted(set(answers["genotype"].to_list()) - {0})


def _contrast(answers: pl.DataFrame, measure: Measure, place: int, is_tested: bool) -> Contrast | None:
    pairs = paired(answers, place)
    first, second = _values(pairs[measure.column]), _values(pairs[f"{measure.column}_second"])
    if measure.is_ratio:
        with np.errstate(divide="ignore"):
            first, second = np.log(first), np.log(second)
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return None
    found = _of_values(measure, place, first[known], second[known], is_tested)
    return replace(found, left_out=int((~known).sum()))


def _values(column: pl.Series) -> Values:
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _of_values(measure: Measure, place: int, first: Values, second: Values, is_tested: bool) -> Contrast:
    differences = second - first
    table = discordance(first > 0, second > 0) if measure.column == "passed" else None
    effect = table.cohens_g if table else standardised_difference(differences)
    p = (table.p if table else sign_flip_p(differences)) if is_tested else None
    bootstrap = mean_interval(differences)
    needed = items_for_discordance(table) if table else items_for_mean(effect) if is_tested else None
    means = np.exp([first.mean(), second.mean()]) if measure.is_ratio else [first.mean(), second.mean()]
    return Contrast(
        genotype=place,
        measure=measure,
        items=int(first.size),
        left_out=0,
        first=float(means[0]),
        second=float(means[1]),
        difference=float(differences.mean()),
        interval=score_interval(table) if table else bootstrap,
        bootstrap=bootstrap,
        p=p,
        corrected_p=p,
        effect=effect,
        items_needed=needed,
        table=table,
    )


def _corrected(found: Sequence[Contrast]) -> list[Contrast]:
    """Holm's correction of those that are tested."""
    tested = [contrast.p for contrast in found if contrast.p is not None]
    corrected = iter(holm(tested))
    return [replace(contrast, corrected_p=None if contrast.p is None else next(corrected)) for contrast in found]
