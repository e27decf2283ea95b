"""Grids of cases: in the gate a covering set, in which every two values of two factors meet at least once.

With GRID=whole in the environment, as `make oracle` sets it, every combination.
"""

import os
from collections.abc import Sequence
from itertools import combinations, product
from typing import Any

WHOLE = os.environ.get("GRID") == "whole"
"""Whether all combinations are run."""


def covering(*factors: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Combinations of one value of each factor: all, or so few that each pair of values of two factors is among them.

    The same at every call. Greedy: each next combination is the one with most pairs that are still missing.
    """
    every = list(product(*factors))
    if WHOLE or len(factors) < 3:  # of two factors, each pair is a combination
        return every
    pairs = [_pairs(case) for case in product(*(range(len(factor)) for factor in factors))]
    missing = set().union(*pairs)
    chosen = []
    while missing:
        best = max(range(len(pairs)), key=lambda place: len(missing & pairs[place]))
        missing -= pairs[best]
        chosen.append(every[best])
    return chosen


def _pairs(case: tuple[int, ...]) -> set[tuple[tuple[int, int], tuple[int, int]]]:
    """The pairs of values in a combination, each value with the number of its factor."""
    return set(combinations(enumerate(case), 2))
