"""Screens beside each other: how alike their layers are, and how many non-silent mutations they share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from explorer.domain.errors import StatisticsError
from explorer.statistics.filters import Filter
from explorer.statistics.overview import matrix_counts
from explorer.statistics.pearson import pearson
from explorer.store.summaries import Bitmap

ALL = "all"
"""The operation of a row that is the sum of all."""

LEAST_POINTS = 10
"""Layers, or mutants, that two screens must have in common for a correlation to be told."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A correlation of two screens."""

    value: float | None
    """None where it is not defined, or would be of too few."""
    count: int
    """Layers, or mutants, that it is of."""

    @property
    def reason(self) -> str:
        """Why there is none; "" if there is one."""
        if self.value is not None:
            return ""
        return f"under {LEAST_POINTS}" if self.count < LEAST_POINTS else "one is the same everywhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """Two screens, layer by layer."""

    points: pl.DataFrame
    """layer, and `x`, `y`: the shares of non-silent mutants in the matrices that both have."""
    r: float | None
    """Pearson's; None where there are too few layers or one share is the same everywhere."""
    has_shares: bool = True
    """Whether `x` and `y` are shares; else sums of counts, for it is not known how many mutants there were."""

    @property
    def coefficient(self) -> Coefficient:
        """With the number of layers."""
        return Coefficient(self.r, len(self.points))

    @property
    def r_squared(self) -> float | None:
        """The share of one's variance that the other explains."""
        return None if self.r is None else self.r**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """The non-silent mutations of two screens, among those that both screened."""

    screened: int
    shared: int
    only_first: int
    only_second: int
    examples: dict[str, dict[str, object]]
    """Of `shared`, `only_first` and `only_second` a mutation each, as `store.doors.strongest` takes it."""

    @property
    def expected(self) -> float:
        """Shared ones, if the two were independent."""
        return (self.shared + self.only_first) * (self.shared + self.only_second) / max(1, self.screened)

    @property
    def jaccard(self) -> float | None:
        """Shared ones among all; None if there are none."""
        union = self.shared + self.only_first + self.only_second
        return self.shared / union if union else None


def correlation(first: pl.DataFrame, second: pl.DataFrame, chosen: Filter) -> Correlation:
    """Of two screens, from their `store.summaries.counts`."""
    one, other = _mutants(first, chosen), _mutants(second, chosen)
    if ALL in (*one["operation"], *other["operation"]):
        one, other = _summed(one), _summed(other)
    both = one.join(other, on=["layer", "kind", "operation"], suffix="_second")
    has_shares = not (first["mutants"].null_count() == len(first) or second["mutants"].null_count() == len(second))
    points = (
        both.group_by("layer")
        .agg(
            x=pl.col("nonsilent").sum() / pl.col("mutants").sum(),
            y=pl.col("nonsilent_second").sum() / pl.col("mutants_second").sum(),
            matrices=pl.col("kind").n_unique(),
        )
        .sort("layer")
    )
    r = None if len(points) < LEAST_POINTS else pearson(points["x"].to_numpy(), points["y"].to_numpy())
    return Correlation(points=points, r=r, has_shares=has_shares)


def correlation_matrix(counts: Mapping[str, pl.DataFrame], chosen: Filter) -> list[list[Coefficient]]:
    """Pearson's r of every pair of screens over their layers, in the order of their names."""
    frames = list(counts.values())
    return _table(len(frames), lambda row, column: correlation(frames[row], frames[column], chosen).coefficient)


def site_matrix(screens: Sequence[Sequence[Bitmap]]) -> list[list[Coefficient]]:
    """φ of every pair of screens over the mutants that both screened, from their bitmaps."""
    return _table(len(screens), lambda row, column: _site_correlation(screens[row], screens[column]))


def _table(count: int, pair: Callable[[int, int], Coefficient]) -> list[list[Coefficient]]:
    """A symmetric table, each pair computed once."""
    table = [[Coefficient(None, 0)] * count for _ in range(count)]
    for row in range(count):
        for column in range(row + 1):
            table[row][column] = table[column][row] = pair(row, column)
    return table


def _site_correlation(first: Sequence[Bitmap], second: Sequence[Bitmap]) -> Coefficient:
    others = {(bitmap.name, bitmap.operation): bitmap for bitmap in second}
    pairs = [(one, others[one.name, one.operation]) for one in first if (one.name, one.operation) in others]
    counted = np.zeros((2, 2), np.int64)
    for one, other in pairs:
        if one.screened.shape == other.screened.shape:
            both = one.screened & other.screened
            counted += np.bincount(2 * one.nonsilent[both] + other.nonsilent[both], minlength=4).reshape(2, 2)
    count = int(counted.sum())
    sides = np.prod([*counted.sum(0).astype(np.float64), *counted.sum(1).astype(np.float64)])
    if count < LEAST_POINTS or not sides:
        return Coefficient(None, count)
    product = float(counted[0, 0]) * float(counted[1, 1]) - float(counted[0, 1]) * float(counted[1, 0])
    return Coefficient(product / float(np.sqrt(sides)), count)


def overlap(first: Sequence[Bitmap], second: Sequence[Bitmap], chosen: Filter) -> Overlap:
    """Of two screens, from their bitmaps. Raises StatisticsError if they have no grid in common."""
    others = {(bitmap.name, bitmap.operation): bitmap for bitmap in second}
    pairs = [
        (bitmap, others[bitmap.name, bitmap.operation])
        for bitmap in first
        if chosen.has(bitmap.layer, bitmap.kind, bitmap.operation) and (bitmap.name, bitmap.operation) in others
    ]
    pairs = [(one, other) for one, other in pairs if one.screened.shape == other.screened.shape]
    if not pairs:
        raise StatisticsError("These two screens have no matrix, operation and size of block in common.")
    screened, counted = 0, dict.fromkeys(("shared", "only_first", "only_second"), 0)
    examples: dict[str, dict[str, object]] = {}
    for one, other in pairs:
        both = one.screened & other.screened
        x, y = one.nonsilent & both, other.nonsilent & both
        screened += int(np.count_nonzero(both))
        for name, units in (("shared", x & y), ("only_first", x & ~y), ("only_second", y & ~x)):
            counted[name] += int(np.count_nonzero(units))
            if name not in examples and units.any():
                down, across = (int(place) for place in np.unravel_index(units.argmax(), units.shape))
                place = {"top": down, "bottom": down + 1, "left": across, "right": across + 1}
                examples[name] = {"layer": one.layer, "kind": one.kind, "operation": one.operation, **place}
    return Overlap(screened=screened, examples=examples, **counted)


def _mutants(counts: pl.DataFrame, chosen: Filter) -> pl.DataFrame:
    """Rows of single layers, kinds and operations that have mutants; of sums, where only these are known."""
    rows = chosen.rows(matrix_counts(counts))
    known = pl.col("mutants").fill_null(1)  # of published counts: r and R² are those of the counts then
    return rows.select("layer", "kind", pl.col("operation").fill_null(ALL), known, "nonsilent").filter(
        pl.col("mutants") > 0
    )


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Over the operations."""
    sums = pl.col("mutants", "nonsilent").cast(pl.Int64).sum()
    return rows.group_by("layer", "kind").agg(sums).with_columns(operation=pl.lit(ALL))
