"""Two genotypes on the same items: exact tests, intervals of paired differences, effect sizes, items still needed.

All of it is of plain numbers, one pair an item; what is not defined has been left out before.
"""

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt
import scipy  # its parts are imported when they are first named

Values = npt.NDArray[np.float64]

ALPHA, POWER, CONFIDENCE = 0.05, 0.8, 0.95
RESAMPLES = 9999
LEAST_ITEMS = 2
MOST_ITEMS = 1_000_000
"""More items than anybody will ask are as good as no number of them."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Discordance:
    """How two genotypes fare on items that each passes or fails; the tests look at where they part alone."""

    both: int
    only_first: int
    only_second: int
    neither: int

    @property
    def items(self) -> int:
        """All of them."""
        return self.both + self.parted + self.neither

    @property
    def parted(self) -> int:
        """Discordant items: passed by one alone."""
        return self.only_first + self.only_second

    @property
    def p(self) -> float:
        """McNemar's exact test, two-sided: the binomial test of the discordant items against one half; 1 if none."""
        return float(scipy.stats.binomtest(self.only_first, self.parted).pvalue) if self.parted else 1.0

    @property
    def mid_p(self) -> float:
        """As `p`, with half the weight of the table itself: less conservative (Fagerland and others 2013)."""
        if self.only_first == self.only_second:
            return 1.0
        return self.p - float(scipy.stats.binom.pmf(self.only_first, self.parted, 0.5))

    @property
    def cohens_g(self) -> float | None:
        """The share of the second among discordant items, less one half; None if there are none (Cohen 1988, ch. 5)."""
        return self.only_second / self.parted - 0.5 if self.parted else None


def discordance(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> Discordance:
    """The table of two genotypes, from what each passes [items]."""
    return Discordance(
        both=int((first & second).sum()),
        only_first=int((first & ~second).sum()),
        only_second=int((second & ~first).sum()),
        neither=int((~first & ~second).sum()),
    )


def mean_interval(differences: Values, seed: int = 0) -> Interval | None:
    """Of the mean paired difference, by bootstrap over items (BCa, Efron 1987), `RESAMPLES` times.

    None where all differences are the same, or there are fewer than two: resampling then tells nothing.
    """
    if differences.size < LEAST_ITEMS or np.ptp(differences) == 0:
        return None
    found = scipy.stats.bootstrap(
        (differences,), np.mean, n_resamples=RESAMPLES, confidence_level=CONFIDENCE, rng=np.random.default_rng(seed)
    ).confidence_interval
    return Interval(float(found.low), float(found.high))


def score_interval(table: Discordance) -> Interval:
    """Of the difference of two paired shares, second less first, by Newcombe's hybrid score method.

    Method 10 of Newcombe, Statistics in Medicine 17 (1998) 2635–2650: Wilson's intervals of both shares, joined with
    their correlation φ, which is corrected for continuity. It holds its level where few items part, as the bootstrap
    does not.
    """
    low_first, first, high_first = _wilson(table.both + table.only_first, table.items)
    low_second, second, high_second = _wilson(table.both + table.only_second, table.items)
    phi, difference = _phi(table), second - first
    down, up = second - low_second, high_first - first
    below = sqrt(max(0.0, down**2 - 2 * phi * down * up + up**2))
    down, up = first - low_first, high_second - second
    above = sqrt(max(0.0, down**2 - 2 * phi * down * up + up**2))
    return Interval(difference - below, difference + above)


def wilson_interval(passed: int, items: int) -> tuple[float, float]:
    """Of one share, 95 %, by Wilson's score method."""
    found = scipy.stats.binomtest(passed, items).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def _wilson(passed: int, items: int) -> tuple[float, float, float]:
    """The low end of the interval, the share, the high end."""
    low, high = wilson_interval(passed, items)
    return low, passed / items, high


def _phi(table: Discordance) -> float:
    """The correlation of passing; 0 where one of the two passes all items, or none."""
    sides = (
        (table.both + table.only_first) * (table.only_second + table.neither)
        * (table.both + table.only_second) * (table.only_first + table.neither)
    )  # fmt: skip
    product = float(table.both * table.neither - table.only_first * table.only_second)
    if product > 0:
        product = max(0.0, product - table.items / 2)
    return product / sqrt(sides) if sides else 0.0


def sign_flip_p(differences: Values, seed: int = 0) -> float:
    """Two-sided permutation test of the mean paired difference: each item's sign is flipped at random.

    Exact where there are no more than `RESAMPLES` ways to flip them.
    """
    if differences.size < LEAST_ITEMS or not differences.any():
        return 1.0
    return float(
        scipy.stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            n_resamples=RESAMPLES,
            rng=np.random.default_rng(seed),
        ).pvalue
    )


def standardised_difference(differences: Values) -> float | None:
    """Mean over standard deviation of the paired differences, d_z (Lakens 2013); None where they do not vary."""
    if differences.size < LEAST_ITEMS or np.ptp(differences) == 0:
        return None
    return float(differences.mean() / differences.std(ddof=1))


def items_for_discordance(table: Discordance) -> int | None:
    """Items in all for a power of 80 % at α = 0.05, two-sided, if the discordant rates are those observed.

    Connor, Biometrics 43 (1987) 207–211, with ψ the discordant rate and δ the difference:
    n = (z_{1−α/2} √ψ + z_{power} √(ψ − δ²))² / δ². None where the two do not differ, or more than `MOST_ITEMS`.
    """
    if table.only_first == table.only_second:
        return None
    rate = table.parted / table.items
    difference = (table.only_second - table.only_first) / table.items
    high, power = scipy.stats.norm.ppf(1 - ALPHA / 2), scipy.stats.norm.ppf(POWER)
    needed = (high * sqrt(rate) + power * sqrt(max(0.0, rate - difference**2))) ** 2 / difference**2
    return _told(ceil(needed))


def items_for_mean(effect: float | None) -> int | None:
    """Items in all for the same power of a two-sided paired t-test, if d_z is that observed.

    Guenther, The American Statistician 35 (1981) 243–244: n = ((z_{1−α/2} + z_{power}) / d_z)² + z²_{1−α/2} / 2, which
    the exact power by the noncentral t distribution confirms to one item. None where there is no effect, or more than
    `MOST_ITEMS` are needed.
    """
    if not effect:
        return None
    high, power = scipy.stats.norm.ppf(1 - ALPHA / 2), scipy.stats.norm.ppf(POWER)
    return _told(ceil(((high + power) / effect) ** 2 + high**2 / 2))


def _told(items: int) -> int | None:
    return items if items <= MOST_ITEMS else None
