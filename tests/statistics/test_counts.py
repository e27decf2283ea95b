"""Votes, rare first words, and corrections for having looked many times, against statsmodels and enumeration."""

from math import comb
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import binom_test, proportion_confint

from explorer.domain.evaluation import Choice
from explorer.statistics.first_words import rare_word, word_p
from explorer.statistics.multiplicity import benjamini_hochberg, better_than_baseline, holm
from explorer.statistics.votes import Tally, tally

CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


@given(CHANCES)
def test_corrections_are_those_of_statsmodels(p: list[float]) -> None:
    with patch("gc.collect"):  # which multipletests calls every time: a minute, with all that the tests hold
        plain = {method: list(multipletests(p, method=method)[1]) for method in ("holm", "fdr_bh")}
    assert holm(p) == pytest.approx(plain["holm"])
    assert benjamini_hochberg(p) == pytest.approx(plain["fdr_bh"])


def test_no_tests_need_no_correction() -> None:
    assert holm([]) == benjamini_hochberg([]) == []


@given(st.integers(0, 80), st.integers(0, 80), st.integers(0, 5))
def test_the_test_of_votes_is_that_of_statsmodels(first: int, second: int, neither: int) -> None:
    counted = Tally(first=first, second=second, neither=neither)
    if first + second == 0:
        assert (counted.p, counted.share, counted.interval) == (1.0, None, None)
        return
    assert counted.p == pytest.approx(binom_test(second, first + second))
    interval = counted.interval
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(second, first + second, method="beta"))


def test_votes_are_counted() -> None:
    given_votes: list[Choice] = ["second", "first", "second", "neither", "second"]
    counted = tally(given_votes)
    assert counted == Tally(first=1, second=3, neither=1)
    assert counted.decided == 4
    assert counted.share == 0.75
    assert counted.p == 10 / 16


def test_better_mutants_are_corrected_for_all_that_were_looked_at() -> None:
    screened = pl.DataFrame({"mutant": ["a", "b", "c", "d", "e"], "gained": [9, 3, 0, 12, 2], "lost": [0, 3, 4, 1, 1]})
    found = better_than_baseline(screened)
    assert found["mutant"].to_list() == ["d", "a", "e"]
    p = [
        stats.binomtest(k, k + n, alternative="greater").pvalue
        for k, n in zip([9, 3, 0, 12, 2], [0, 3, 4, 1, 1], strict=True)
    ]
    q = multipletests(p, method="fdr_bh")[1]
    assert found["p"].to_list() == pytest.approx([p[3], p[0], p[4]])
    assert found["q"].to_list() == pytest.approx([q[3], q[0], q[4]])


def test_a_mutant_that_changes_no_answer_is_no_finding() -> None:
    silent = pl.DataFrame({"gained": [0, 0], "lost": [0, 0]})
    assert better_than_baseline(silent).is_empty()
    assert better_than_baseline(silent.clear()).is_empty()


def test_the_rare_word_that_a_mutant_begins_with() -> None:
    original = ["the"] * 8 + ["once", "a"]
    mutant = ["staring"] * 5 + ["the"] * 3 + ["once"] * 2
    found = rare_word(mutant, original)
    assert found is not None
    assert (found.word, found.mutant, found.original, found.of_mutant) == ("staring", 5, 0, 10)
    chance = comb(5, 5) * comb(15, 5) / comb(20, 10)  # all five fall to the mutant
    assert found.p == pytest.approx(2 * chance)
    assert found.corrected_p == pytest.approx(4 * chance)  # of "staring" and "once"


def test_common_words_and_no_words_are_not_rare() -> None:
    assert rare_word(["the", "the"], ["the", "the"]) is None
    assert rare_word(["", ""], ["the", "the"]) is None
    common = rare_word(["once", "once", "he"], ["once", "once", "she"])
    assert common is not None
    assert common.word == "he"


def test_words_as_frequent_as_by_the_original_are_no_finding() -> None:
    assert word_p(3, 10, 3, 10) == 1.0
    assert word_p(60, 151, 0, 151) < 1e-18
