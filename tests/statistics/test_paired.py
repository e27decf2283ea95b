"""Paired tests against statsmodels, scipy's other ways and enumeration."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.power import TTestPower

from explorer.statistics.paired import (
    Discordance,
    discordance,
    items_for_discordance,
    items_for_mean,
    mean_interval,
    score_interval,
    sign_flip_p,
    standardised_difference,
)

CELLS = ("both", "only_first", "only_second", "neither")
COUNT = st.integers(0, 60)


@given(COUNT, COUNT, COUNT, COUNT)
def test_mcnemar_is_that_of_statsmodels(both: int, only_first: int, only_second: int, neither: int) -> None:
    table = Discordance(both=both, only_first=only_first, only_second=only_second, neither=neither)
    oracle = mcnemar([[both, only_first], [only_second, neither]], exact=True).pvalue
    assert table.p == pytest.approx(min(1.0, oracle))
    assert 0 <= table.mid_p <= table.p
    assert table.items == both + only_first + only_second + neither


@given(COUNT, COUNT)
def test_mid_p_counts_half_of_the_table_itself(only_first: int, only_second: int) -> None:
    table = Discordance(both=0, only_first=only_first, only_second=only_second, neither=0)
    parted, smaller = only_first + only_second, min(only_first, only_second)
    below = stats.binom.cdf(smaller - 1, parted, 0.5)
    assert table.mid_p == pytest.approx(min(1.0, 2 * below + stats.binom.pmf(smaller, parted, 0.5)))


def test_the_table_of_two_genotypes() -> None:
    first = np.array([True, True, True, False, False, True])
    second = np.array([True, False, False, True, False, False])
    table = discordance(first, second)
    assert (table.both, table.only_first, table.only_second, table.neither) == (1, 3, 1, 1)
    assert table.cohens_g == -0.25
    assert Discordance(both=3, only_first=0, only_second=0, neither=1).cohens_g is None


def test_the_sign_flip_test_is_exact_for_few_items() -> None:
    differences = np.array([0.4, -0.1, 0.9, 1.3, 0.2, -0.3])
    flipped = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=6)]
    expected = np.mean([value >= abs(differences.sum()) - 1e-12 for value in flipped])
    assert sign_flip_p(differences) == pytest.approx(expected)
    assert sign_flip_p(np.zeros(4)) == 1.0
    assert sign_flip_p(np.array([3.0])) == 1.0


def test_the_sign_flip_test_agrees_with_the_t_test_on_many_items() -> None:
    differences = np.random.default_rng(1).normal(0.2, 1, 120)
    assert sign_flip_p(differences) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)


def test_the_interval_is_that_of_a_paired_bootstrap_of_both_columns() -> None:
    random = np.random.default_rng(2)
    first = random.normal(0, 1, 40)
    second = first + random.normal(0.5, 0.4, 40)
    found = mean_interval(second - first)
    oracle = stats.bootstrap(
        (second, first), lambda x, y, axis: (x - y).mean(axis), paired=True, rng=np.random.default_rng(0)
    ).confidence_interval
    assert found is not None
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))
    assert found == mean_interval(second - first)
    assert found.low < 0.5 < found.high


def test_the_interval_of_paired_shares_is_the_published_one() -> None:
    """Airway hyper-responsiveness before and after transplantation (Fagerland, Lydersen, Laake 2014)."""
    found = score_interval(Discordance(both=1, only_first=1, only_second=7, neither=12))
    assert (found.low, found.high) == pytest.approx((0.026, 0.507), abs=5e-4)


def test_the_interval_of_paired_shares_covers_the_truth() -> None:
    shares, random = np.array([0.5, 0.05, 0.2, 0.25]), np.random.default_rng(3)
    tables = random.multinomial(40, shares, size=600)
    held = [score_interval(Discordance(**dict(zip(CELLS, map(int, table), strict=True)))) for table in tables]
    assert 0.93 < np.mean([found.low <= 0.15 <= found.high for found in held]) < 0.98


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0]])
def test_what_does_not_vary_has_no_interval(values: list[float]) -> None:
    assert mean_interval(np.array(values)) is None
    assert standardised_difference(np.array(values)) is None


@pytest.mark.parametrize(("gained", "lost"), [(30, 10), (5, 20), (60, 40), (45, 1)])
def test_so_many_items_give_the_power_that_was_asked_for(gained: int, lost: int) -> None:
    table = Discordance(both=100 - lost, only_first=lost, only_second=gained, neither=100 - gained)
    items = items_for_discordance(table)
    assert items is not None
    rate, share = table.parted / table.items, gained / table.parted
    draws = np.random.default_rng(0)
    parted = draws.binomial(items, rate, 4000)
    won = draws.binomial(parted, share)
    power = np.mean([stats.binomtest(int(k), int(n)).pvalue < 0.05 for k, n in zip(won, parted, strict=True) if n])
    assert 0.68 < power < 0.9  # the formula is of the asymptotic test, the exact one is a little less powerful


def test_no_difference_needs_no_number_of_items() -> None:
    assert items_for_discordance(Discordance(both=5, only_first=3, only_second=3, neither=0)) is None
    assert items_for_discordance(Discordance(both=10**7, only_first=2, only_second=1, neither=0)) is None
    assert items_for_mean(None) is None
    assert items_for_mean(1e-5) is None


@pytest.mark.parametrize("effect", [0.05, 0.2, -0.5, 1.0, 2.0])
def test_items_for_a_mean_are_those_of_statsmodels(effect: float) -> None:
    oracle = TTestPower().solve_power(effect_size=abs(effect), alpha=0.05, power=0.8)
    found = items_for_mean(effect)
    assert found is not None
    assert abs(found - oracle) <= 1
