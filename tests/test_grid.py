"""The covering set of a grid."""

import pytest

from tests import grid


def test_every_pair_of_values_meets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "WHOLE", False)
    factors = ("abcd", "xyz", (0, 1), (True, False))
    cases = grid.covering(*factors)
    for first in range(len(factors)):
        for second in range(first + 1, len(factors)):
            met = {(case[first], case[second]) for case in cases}
            assert met == {(one, other) for one in factors[first] for other in factors[second]}
    assert len(cases) < 4 * 3 * 2 * 2 / 2


def test_the_whole_grid_is_every_combination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "WHOLE", True)
    assert len(grid.covering("abcd", "xyz", (0, 1))) == len(set(grid.covering("abcd", "xyz", (0, 1)))) == 24
