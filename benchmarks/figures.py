"""A measurement with the limits that it must keep, and how a benchmark ends."""

import math
import sys
from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One measurement and what it must keep: at most `limit`, at least `least`."""

    name: str
    value: float
    limit: float = math.inf
    unit: str = ""
    least: float = -math.inf

    @property
    def is_kept(self) -> bool:
        """Whether it keeps both."""
        return self.least <= self.value <= self.limit

    @property
    def told(self) -> str:
        """What it must keep, and whether it does."""
        bounds = [f"limit {self.limit:g}"] * math.isfinite(self.limit)
        bounds += [f"at least {self.least:g}"] * math.isfinite(self.least)
        return "   ".join([*bounds, *([] if not bounds else ["ok" if self.is_kept else "MISSED"])])


def report(figures: Sequence[Figure]) -> None:
    """Print every figure with what it must keep, and leave the program: 1 if one is missed."""
    for figure in figures:
        print(f"{figure.name:<52} {figure.value:6.2f} {figure.unit}   {figure.told}".rstrip())
    sys.exit(not all(figure.is_kept for figure in figures))
