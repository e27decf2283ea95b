"""The greedy rule on tables that are small enough to know the answer."""

import math

import pytest

from explorer.domain.damage import Damage, DamageTable, kinds_worst
from explorer.domain.errors import StatisticsError
from explorer.domain.genotype import Site
from explorer.domain.notation import format_genotype
from explorer.statistics.advice import advise, bits_within, interval, megabytes, uniform
from explorer.statistics.paired import Interval

Q, DOWN = Site(part="q", layer=0), Site(part="down", layer=0)


def _row(site: Site, bits: int, kl: float | None, weights: int = 100) -> Damage:
    return Damage(site=site, weights=weights, operation=f"=round({bits})", mean_kl=kl, added_nll=0.0)


def _table(*rows: Damage) -> DamageTable:
    return DamageTable(model="m", tokens=9, nll=2.0, others=50, rows=rows)


TABLE = _table(
    _row(Q, 2, 1.0), _row(Q, 3, 0.9), _row(Q, 4, 0.1),
    _row(DOWN, 2, 0.6), _row(DOWN, 3, 0.2), _row(DOWN, 4, 0.15),
)  # fmt: skip


@pytest.mark.parametrize(
    ("average", "bits"),
    [
        (2.0, {Q: 2, DOWN: 2}),
        (2.5, {Q: 2, DOWN: 3}),  # 0.4 for 1 bit beats 0.45 a bit only if there is room for two
        (3.0, {Q: 4, DOWN: 2}),  # 0.9 for 2 bits: 0.45 a bit is the best, beyond a step that is worth little by itself
        (3.5, {Q: 4, DOWN: 3}),
        (9.0, {Q: 4, DOWN: 4}),
    ],
)
def test_bits_are_bought_where_they_take_away_most(average: float, bits: dict[Site, int]) -> None:
    found = advise(TABLE, average)
    assert found.bits == bits
    assert found.average <= average
    assert found.average == pytest.approx(sum(bits.values()) / 2)


def test_what_overflows_is_bought_off_first_and_what_does_no_good_is_not_bought() -> None:
    table = _table(_row(Q, 2, None), _row(Q, 3, 0.5), _row(DOWN, 2, 0.6), _row(DOWN, 3, 0.7))
    assert advise(table, 2.5).bits == {Q: 3, DOWN: 2}
    assert advise(table, 8).bits == {Q: 3, DOWN: 2}


def test_a_large_matrix_costs_more() -> None:
    table = _table(_row(Q, 2, 0.5, 10), _row(Q, 3, 0.3, 10), _row(DOWN, 2, 1.0, 100), _row(DOWN, 3, 0.5, 100))
    assert advise(table, 2.2).bits == {Q: 3, DOWN: 2}


def test_the_size_counts_scales_and_what_is_not_rounded() -> None:
    bits, weights = {Q: 4, DOWN: 2}, {Q: 320, DOWN: 640}
    assert megabytes(bits, weights, 50) == pytest.approx((320 * 4.5 + 640 * 2.5 + 50 * 16) / 8e6)
    for average in (2.0, 3.0, 4.0):
        assert bits_within(TABLE, advise(TABLE, average).megabytes) == pytest.approx(advise(TABLE, average).average)
    assert uniform(TABLE, 4).megabytes > uniform(TABLE, 3).megabytes
    assert uniform(TABLE, 3).expected_kl == pytest.approx(1.1)
    assert format_genotype(uniform(TABLE, 3).genotype) == "0.q=round(3);0.down=round(3)"


def test_too_few_bits_and_too_few_roundings_are_told() -> None:
    with pytest.raises(StatisticsError, match="fewer than the fewest"):
        advise(TABLE, 1.9)
    with pytest.raises(StatisticsError, match="two at least"):
        advise(_table(_row(Q, 4, 0.1)), 4)


def test_an_interval_holds_the_mean_and_kinds_are_sorted() -> None:
    found = interval([0.1, 0.2, 0.3, 0.2])
    assert found.low < 0.2 < found.high
    assert interval([0.5] * 6) == Interval(0.5, 0.5)
    assert kinds_worst([_row(Q, 2, 0.1), _row(DOWN, 2, None)]) == [("down", math.inf), ("q", 0.1)]
