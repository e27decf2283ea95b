"""The correlative complementary pattern, COPA: where max is non-silent, min tends not to be; or any two that oppose."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from explorer.domain.errors import StatisticsError
from explorer.domain.screened import told
from explorer.statistics.axes import AXES, Axis
from explorer.statistics.pearson import pearson
from explorer.store.summaries import Bitmap

Order = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complementarity:
    """How the counts of max and min NSMs go together over the rows, or the columns, of a matrix."""

    axis: Axis
    correlation: float | None
    """Pearson's; None where one of them is the same everywhere."""
    p: float
    """Two-sided, by shuffling the min counts so many times."""
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copa:
    """The pattern of one matrix."""

    operations: tuple[str, str]
    """The two that are compared, below as max and min."""
    rows: Order
    """The places of the rows, by max less min NSMs, the most first; as the next."""
    columns: Order
    by_axis: tuple[Complementarity, Complementarity]
    """Over rows, over columns."""
    both: int
    """Units that max and min make non-silent."""
    expected: float
    """How many these would be if max and min were independent."""
    phi: float | None
    """Correlation of max and min over single units; None where one of them is the same everywhere."""


def copa(maximum: Bitmap, minimum: Bitmap, times: int = 999, seed: int = 0) -> Copa:
    """The pattern of a matrix from its bitmaps of two operations. Raises StatisticsError if no unit has both."""
    units = maximum.screened & minimum.screened
    names = maximum.operation, minimum.operation
    if not units.any():
        raise StatisticsError(
            f"{maximum.name} has no unit with both {' and '.join(map(told, names))}: COPA compares them."
        )
    high, low = maximum.nonsilent & units, minimum.nonsilent & units
    random = np.random.default_rng(seed)
    of_rows, of_columns = (
        _complementarity(high.sum(along), low.sum(along), axis, times, random)
        for axis, along in zip(AXES, (1, 0), strict=True)
    )
    difference = high.astype(np.int64) - low
    loud_high, loud_low = high[units], low[units]
    return Copa(
        operations=names,
        rows=np.argsort(-difference.sum(1), kind="stable"),
        columns=np.argsort(-difference.sum(0), kind="stable"),
        by_axis=(of_rows, of_columns),
        both=int((high & low).sum()),
        expected=float(loud_high.sum() * loud_low.sum() / units.sum()),
        phi=pearson(loud_high.astype(np.float64), loud_low.astype(np.float64)),
    )


def _complementarity(
    high: npt.NDArray[np.int64], low: npt.NDArray[np.int64], axis: Axis, times: int, random: np.random.Generator
) -> Complementarity:
    x, y = high.astype(np.float64), low.astype(np.float64)
    correlation = pearson(x, y)
    if correlation is None:
        return Complementarity(axis=axis, correlation=None, p=1.0, times=0)
    shuffled = random.permuted(np.tile(y, (times, 1)), axis=1)
    x, y = x - x.mean(), y - y.mean()
    drawn = (shuffled - shuffled.mean(1, keepdims=True)) @ x / np.sqrt((x @ x) * (y @ y))
    p = (1 + int((np.abs(drawn) >= abs(correlation) - 1e-12).sum())) / (1 + times)
    return Complementarity(axis=axis, correlation=correlation, p=p, times=times)
