"""Statistics on small frames: against answers worked out by hand, by enumeration, and against scipy."""

from itertools import permutations

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from explorer.domain.errors import StatisticsError
from explorer.statistics.axes import axis_shares, clustering, sensitive_axes, shuffled_tail
from explorer.statistics.copa import copa
from explorer.statistics.experiments import Coefficient, correlation, correlation_matrix, overlap, site_matrix
from explorer.statistics.filters import Filter, chosen_operations, format_layers, read_layers
from explorer.statistics.overview import operation_totals, overview
from explorer.statistics.phenotypes import histogram, rank_correlation, styles
from explorer.statistics.severity import Severity
from explorer.store.maps import Bound
from explorer.store.summaries import Bitmap

Bools = npt.NDArray[np.bool_]


def _bitmap(loud: list[list[int]] | Bools, operation: str = "max", layer: int = 0, kind: str = "v") -> Bitmap:
    grid = np.array(loud, np.bool_)
    return Bitmap(
        name=f"{layer}.{kind}", layer=layer, kind=kind, operation=operation, screened=np.ones_like(grid), nonsilent=grid
    )


def _strewn(seed: int, shape: tuple[int, int] = (12, 9), share: float = 0.3) -> Bools:
    return np.random.default_rng(seed).random(shape) < share


# ------------------------------------------------------------------------------------------------ filters


def test_layers_are_read_and_written() -> None:
    assert read_layers("0-2, 5,7 ,6") == (0, 1, 2, 5, 6, 7)
    assert read_layers("") == read_layers(None) == read_layers("*") == ()
    assert format_layers((0, 1, 2, 5, 6, 7, 9)) == "0-2, 5-7, 9"
    assert read_layers(format_layers((3, 9, 10))) == (3, 9, 10)
    with pytest.raises(StatisticsError, match="runs backwards: write 2-5"):
        read_layers("5-2")
    for wrong in ("a", "3-", "-3", "1;2", "*.down"):
        with pytest.raises(StatisticsError, match="names no layers"):
            read_layers(wrong)
    assert chosen_operations(["min", " max"]) == ("max", "min")
    with pytest.raises(StatisticsError, match="'swap' is no operation"):
        chosen_operations(["swap"])


def test_a_threshold_outside_is_refused_and_none_shows_all() -> None:
    assert Severity(step=0).bound is None
    assert Severity(step=2).bound == Bound(measure="cosine", value=0.5, is_upper=True)
    assert Severity("added_nll", 1).bound == Bound(measure="added_nll", value=0.01, is_upper=False)
    assert Severity(step=2).told() == "cosine similarity ≤ 0.5"
    assert Severity(measure="mean_kl", step=4).told() == "mean KL ≥ 5"
    with pytest.raises(StatisticsError, match="a step from 0 to 4"):
        Severity(step=5)


# ----------------------------------------------------------------------------------------------- overview


def _counts() -> pl.DataFrame:
    """Two layers, two kinds, two operations; ten mutants each."""
    rows = [
        {
            "layer": layer, "kind": kind, "operation": operation, "mutants": 10, "nonsilent": layer + 2 * (kind == "v"),
            "phenotypes": 1, "near_ties": 0, "overflows": 0, "destructive": layer, "measured": 10 - layer,
            "mean_kl": 1.0 + layer, "mean_added_nll": 0.5,
        }
        for layer in (0, 1)
        for kind in ("v", "q")
        for operation in ("max", "min")
    ]  # fmt: skip
    whole = {"layer": None, "kind": None, "operation": None, "mutants": 80, "nonsilent": 12, "phenotypes": 5}
    control = {"layer": 1, "kind": None, "operation": "control", "mutants": 4, "nonsilent": 1}
    of_max = {"layer": None, "kind": None, "operation": "max", "mutants": 40, "nonsilent": 6, "phenotypes": 4}
    every_control = {"layer": None, "kind": None, "operation": "control", "mutants": 4, "nonsilent": 1}
    schema = dict.fromkeys(("layer", "mutants", "nonsilent", "phenotypes", "measured", "destructive"), pl.Int64)
    return pl.DataFrame(
        [*rows, whole, control, of_max, every_control], schema_overrides=schema, infer_schema_length=None
    )


def test_an_overview_adds_up_and_weighs_its_means() -> None:
    distinct = pl.DataFrame({"layer": [0, None], "kind": ["v", None], "phenotypes": [3, 5]})
    seen = overview(_counts(), distinct, Filter())
    cell = seen.cells.filter((pl.col("layer") == 0) & (pl.col("kind") == "v")).row(0, named=True)
    assert (cell["mutants"], cell["nonsilent"], cell["phenotypes"]) == (20, 4, 3)
    assert cell["nonsilent_share"] == pytest.approx(0.2)
    (whole,) = seen.whole.to_dicts()
    assert (whole["mutants"], whole["nonsilent"], whole["phenotypes"]) == (80, 12, 5)
    assert whole["mean_kl"] == pytest.approx((40 * 1.0 + 36 * 2.0) / 76)  # by those that were measured
    assert seen.by_kind.filter(pl.col("kind") == "v")["nonsilent"].to_list() == [10]
    assert seen.controls.to_dicts()[0]["nonsilent_share"] == pytest.approx(0.25)
    assert overview(_counts(), distinct, Filter(operations=("zero",))).cells.is_empty()
    assert overview(_counts(), distinct[:1], Filter(layers=(0,))).whole["phenotypes"].to_list() == [None]
    assert "phenotypes" not in overview(_counts(), None, Filter()).cells.columns
    part = overview(_counts(), distinct, Filter(operations=("max",), layers=(1,), kinds=("v",)))
    assert part.whole["nonsilent"].to_list() == [3]
    assert operation_totals(_counts()) == {
        "by_operation": {"max": 6, "min": None, "zero": None}, "nonsilent": 12, "mutants": 80, "phenotypes": 5,
        "controls": 4, "failed_controls": 1,
    }  # fmt: skip


# --------------------------------------------------------------------------------------------------- axes


def test_the_chance_of_a_shared_place_is_that_of_all_shufflings() -> None:
    counts = np.array([[0, 1, 3], [2, 2, 0], [1, 0, 0]])
    tail = shuffled_tail(counts)
    sums = [
        sum(layer[0] for layer in shuffled)
        for shuffled in (
            (first, second, third)
            for first in permutations(counts[0])
            for second in permutations(counts[1])
            for third in permutations(counts[2])
        )
    ]
    for least in range(len(tail)):
        assert tail[least] == pytest.approx(np.mean([total >= least for total in sums]))


def test_a_column_that_all_layers_share_comes_first() -> None:
    grids = [_strewn(seed, share=0.1) for seed in range(8)]
    for grid in grids:
        grid[:, 4] = True
    found = sensitive_axes([_bitmap(grid, layer=layer) for layer, grid in enumerate(grids)], Filter())
    best = found.row(0, named=True)
    assert (best["kind"], best["axis"], best["place"]) == ("v", "column", 4)
    assert (best["nonsilent"], best["screened"], best["layers"], best["of_layers"]) == (96, 96, 8, 8)
    assert best["p"] == pytest.approx(9 * 9.0**-8)  # the most of each layer, nine places
    assert len(found) == 12 + 9
    assert all(p > 0.01 for p in found.filter(pl.col("axis") == "row")["p"])
    one = sensitive_axes([_bitmap(grids[0])], Filter(layers=(3,)))
    assert one.is_empty()


def test_shares_along_an_axis() -> None:
    shares, layers = axis_shares([_bitmap([[1, 0], [1, 1]], layer=3), _bitmap([[0, 0], [1, 0]], "min", layer=3)], "row")
    assert layers == [3]
    assert shares.tolist() == [[0.25, 0.75]]


def test_clustering_is_one_by_chance_and_high_in_a_stripe() -> None:
    strewn = [clustering([_bitmap(_strewn(seed))], "row") for seed in range(40)]
    assert np.mean([each.dispersion for each in strewn]) == pytest.approx(1.0, abs=0.2)
    assert stats.kstest([each.p for each in strewn], "uniform").pvalue > 0.01
    stripe = _strewn(1, share=0.1)
    stripe[:, 2] = True
    found = clustering([_bitmap(stripe)], "column")
    assert found.dispersion > 3
    assert found.p == pytest.approx(1 / 500)
    assert clustering([_bitmap(stripe)], "row").p > 0.05
    assert clustering([_bitmap(np.zeros((3, 3), np.bool_))], "row").p == 1.0
    assert clustering([_bitmap([[1, 0, 0]])], "row").p == 1.0  # units that are whole rows or columns
    assert clustering([_bitmap([[1, 0, 0]])], "column").p > 0.05


def test_clustering_expects_what_the_hypergeometric_distribution_does() -> None:
    grid = _strewn(5, (4, 6), 0.5)
    rows, total = grid.sum(1), int(grid.sum())
    expected = stats.hypergeom(24, 6, total)
    assert clustering([_bitmap(grid)], "row").dispersion == pytest.approx(
        ((rows - expected.mean()) ** 2).sum() / (4 * expected.var())
    )


# --------------------------------------------------------------------------------------------------- COPA


def test_copa_sorts_and_correlates_as_scipy_does() -> None:
    high, low = _strewn(2, (30, 7), 0.4), _strewn(3, (30, 7), 0.4)
    found = copa(_bitmap(high), _bitmap(low, "min"))
    difference = high.sum(1).astype(int) - low.sum(1)
    assert difference[found.rows].tolist() == sorted(difference, reverse=True)
    for each, along in zip(found.by_axis, (1, 0), strict=True):
        theirs = stats.pearsonr(high.sum(along), low.sum(along))
        assert each.correlation == pytest.approx(theirs.statistic)
        assert each.p == pytest.approx(theirs.pvalue, abs=0.06)
    assert found.phi == pytest.approx(stats.pearsonr(high.ravel(), low.ravel()).statistic)
    assert found.both == int((high & low).sum())
    assert found.expected == pytest.approx(high.mean() * low.mean() * high.size)


def test_complementary_rows_are_told_and_equal_ones_have_no_correlation() -> None:
    high = np.zeros((8, 5), np.bool_)
    high[:4] = True
    found = copa(_bitmap(high), _bitmap(~high, "min"))
    over_rows, over_columns = found.by_axis
    assert over_rows.correlation == pytest.approx(-1.0)
    assert over_rows.p < 0.05  # 2 of the 70 ways to choose four rows of eight are as extreme
    assert over_rows.p == pytest.approx(2 / 70, abs=0.02)
    assert (over_columns.correlation, over_columns.p) == (None, 1.0)
    assert found.rows.tolist() == list(range(8))
    assert found.both == 0
    assert found.phi == pytest.approx(-1.0)
    screened = Bitmap(name="0.v", layer=0, kind="v", operation="max", screened=np.zeros_like(high), nonsilent=high)
    with pytest.raises(StatisticsError, match="no unit with both max and min"):
        copa(screened, _bitmap(high, "min"))


# -------------------------------------------------------------------------------------------- experiments


def _layers(shares: list[int]) -> pl.DataFrame:
    rows = [
        {"layer": layer, "kind": "v", "operation": "max", "mutants": 10, "nonsilent": share}
        for layer, share in enumerate(shares)
    ]
    return pl.DataFrame(rows)


def test_layers_correlate_as_scipy_says() -> None:
    first, second = [1, 4, 2, 8, 5, 0, 3, 9, 7, 6], [2, 3, 3, 9, 1, 1, 0, 8, 9, 2]
    found = correlation(_layers(first), _layers(second), Filter())
    assert found.r == pytest.approx(stats.pearsonr(first, second).statistic)
    assert found.r_squared == pytest.approx(stats.linregress(first, second).rvalue ** 2)
    assert found.points["x"].to_list() == [share / 10 for share in first]
    frames = {"a": _layers(first), "b": _layers(second), "c": _layers(first[:9]), "d": _layers([3] * 10)}
    table = correlation_matrix(frames, Filter())
    assert table[0][1] == table[1][0] == Coefficient(found.r, 10)
    assert table[0][0].value == pytest.approx(1.0)
    assert table[0][1].reason == ""
    assert table[0][2] == table[2][2] == Coefficient(None, 9)  # too few, even for itself
    assert table[0][2].reason == "under 10"
    assert (table[0][3], table[0][3].reason) == (Coefficient(None, 10), "one is the same everywhere")
    assert correlation(_layers(first), _layers(second), Filter(kinds=("q",))).points.is_empty()
    assert correlation(_layers(first), _layers(second), Filter(operations=("zero",))).points.is_empty()


def test_published_counts_are_compared_with_the_sum_of_all_operations() -> None:
    one, other = [1, 4, 2, 8, 0, 0, 0, 0, 0, 0], [2, 0, 1, 1, 0, 0, 0, 0, 0, 0]
    both = pl.concat([_layers(one), _layers(other).with_columns(operation=pl.lit("min"))])
    sums = [left + right for left, right in zip(one, other, strict=True)]
    counts = _layers(sums).with_columns(operation=pl.lit(None, pl.String), mutants=pl.lit(None, pl.Int64))
    found = correlation(both, counts, Filter())
    assert found.points["x"].to_list() == [each / 20 for each in sums]
    assert found.r == pytest.approx(1.0)
    assert not found.has_shares


def test_mutants_correlate_as_phi_says() -> None:
    random = np.random.default_rng(0)
    first, second = (random.random((6, 7)) < share for share in (0.3, 0.5))
    table = site_matrix([[_bitmap(first)], [_bitmap(second)], [_bitmap(~first)], [_bitmap(first, "min")]])
    expected = stats.pearsonr(first.ravel().astype(float), second.ravel().astype(float)).statistic
    assert table[0][1].value == pytest.approx(expected)
    assert table[0][1].count == 42
    assert [table[0][place].value for place in (0, 2)] == pytest.approx([1.0, -1.0])
    assert table[0][3] == Coefficient(None, 0)  # they have no operation in common
    assert site_matrix([[_bitmap(np.ones((6, 7), np.bool_))]])[0][0].reason == "one is the same everywhere"
    few = site_matrix([[_bitmap(first[:3, :3])], [_bitmap(second[:3, :3])]])[0][1]
    assert (few, few.reason) == (Coefficient(None, 9), "under 10")


def test_what_two_screens_share() -> None:
    first = [_bitmap([[1, 1], [0, 0]]), _bitmap([[1, 0], [0, 0]], "min")]
    second = [_bitmap([[1, 0], [1, 0]]), _bitmap([[0, 0], [0, 0]], "zero")]
    found = overlap(first, second, Filter())
    assert (found.screened, found.shared, found.only_first, found.only_second) == (4, 1, 1, 1)
    assert found.expected == pytest.approx(2 * 2 / 4)
    assert found.jaccard == pytest.approx(1 / 3)
    assert found.examples["only_second"] == {
        "layer": 0, "kind": "v", "operation": "max", "top": 1, "bottom": 2, "left": 0, "right": 1
    }  # fmt: skip
    with pytest.raises(StatisticsError, match="in common"):
        overlap(first, [_bitmap([[1]])], Filter())


# --------------------------------------------------------------------------------------------- phenotypes


def test_texts_are_counted() -> None:
    rows = [(0, "v", "max", "poem", 3), (0, "q", "max", "prose", 1), (1, "v", "min", "poem", 1)]
    frame = pl.DataFrame(rows, schema=["layer", "kind", "operation", "bin", "mutants"], orient="row")
    by_kind = styles(frame, Filter(), "kind")
    assert by_kind.rows() == [("q", "prose", 1, 1.0), ("v", "poem", 4, 1.0)]
    by_layer = styles(frame, Filter(operations=("max",)), "layer")
    assert by_layer.rows() == [(0, "poem", 3, 0.75), (0, "prose", 1, 0.25)]
    bins = frame.with_columns(bin=pl.Series(["10", "2", "2"]))
    assert histogram(bins, Filter()).rows() == [("max", 2, 1), ("max", 10, 3), ("min", 2, 1)]


def test_ranks_correlate_as_scipy_says() -> None:
    x, y = pl.Series([0.1, 3.0, -2.0, 5.0, 5.0]), pl.Series([1.0, 2.0, 0.0, 0.5, 9.0])
    assert rank_correlation(x, y) == pytest.approx(stats.spearmanr(x.to_numpy(), y.to_numpy()).statistic)
    assert rank_correlation(x, pl.Series([1.0] * 5)) is None
    assert rank_correlation(x[:2], y[:2]) is None
