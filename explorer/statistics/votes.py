"""Votes between two texts whose labels the person does not see: an exact binomial test."""

from collections.abc import Iterable
from dataclasses import dataclass

import scipy  # its parts are imported when they are first named

from explorer.domain.evaluation import Choice
from explorer.statistics.paired import CONFIDENCE, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Votes against pure chance; those for neither are counted and otherwise left out."""

    first: int = 0
    second: int = 0
    neither: int = 0

    @property
    def decided(self) -> int:
        """Votes for one of the two."""
        return self.first + self.second

    @property
    def share(self) -> float | None:
        """Of the second among the decided; None if there are none."""
        return self.second / self.decided if self.decided else None

    @property
    def p(self) -> float:
        """Exact binomial test against one half, two-sided; 1 if nothing is decided."""
        return float(scipy.stats.binomtest(self.second, self.decided).pvalue) if self.decided else 1.0

    @property
    def interval(self) -> Interval | None:
        """Of the share, by Clopper and Pearson (1934); None if nothing is decided."""
        if not self.decided:
            return None
        found = scipy.stats.binomtest(self.second, self.decided).proportion_ci(CONFIDENCE, method="exact")
        return Interval(float(found.low), float(found.high))


def tally(votes: Iterable[Choice]) -> Tally:
    """Count them."""
    given = list(votes)
    return Tally(first=given.count("first"), second=given.count("second"), neither=given.count("neither"))
