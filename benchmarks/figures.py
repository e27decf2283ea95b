"""A measurement with the limit that it must keep, and how a benchmark ends."""

import sys
from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """One measurement and its limit."""

    name: str
    value: float
    limit: float
    unit: str


def report(figures: Sequence[Figure]) -> None:
    """Print every figure with its limit, and leave the program: 1 if one is missed."""
    for figure in figures:
        verdict = "ok" if figure.value <= figure.limit else "MISSED"
        print(f"{figure.name:<52} {figure.value:6.2f} {figure.unit}   limit {figure.limit:g}   {verdict}")
    sys.exit(any(figure.value > figure.limit for figure in figures))
