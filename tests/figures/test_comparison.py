"""Pictures of a comparison, as data."""

import math
from typing import Any

import pytest

from explorer.figures.comparison import differences_figure, discordance_figure
from explorer.statistics.comparison import PERPLEXITY, RIGHT, Contrast
from explorer.statistics.paired import Discordance, Interval

_PLAIN: dict[str, Any] = {
    "left_out": 0, "first": 1.0, "second": 2.0, "bootstrap": None, "effect": 0.5, "items_needed": 30, "items": 20,
}  # fmt: skip
RATIO = Contrast(
    genotype=1, measure=PERPLEXITY, difference=math.log(2), interval=Interval(math.log(1.5), math.log(4)), p=0.01,
    corrected_p=0.02, **_PLAIN,
)  # fmt: skip
SHARES = tuple(
    Contrast(
        genotype=place, measure=RIGHT, difference=-0.1, interval=Interval(-0.2, 0.05), p=0.3, corrected_p=0.6,
        table=Discordance(both=10, only_first=5, only_second=3, neither=2), **_PLAIN,
    )
    for place in (1, 2)
)  # fmt: skip


def test_each_measure_has_a_panel_in_its_own_terms() -> None:
    figure = differences_figure([RATIO, *SHARES])
    ratio, shares = figure.data
    assert ratio.x[0] == pytest.approx(2)
    assert (ratio.error_x.array[0], ratio.error_x.arrayminus[0]) == pytest.approx((2, 0.5))
    assert list(shares.y) == ["B", "C"]
    assert list(shares.x) == pytest.approx([-10, -10])
    assert figure.layout.xaxis.type == "log"
    assert "percent" not in ratio.text[0]
    assert ratio.marker.color != shares.marker.color


def test_discordant_items_go_to_their_own_side() -> None:
    first, second = discordance_figure(SHARES, "right").data
    assert (list(first.x), list(second.x)) == ([-5, -5], [3, 3])
    assert (list(first.text), first.name) == (["5", "5"], "only A right")
