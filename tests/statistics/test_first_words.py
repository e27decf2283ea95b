"""First words: tables, the RIHF word and its test, and the places that mutants share."""

import polars as pl
import pytest
from scipy import stats

from explorer.statistics.first_words import (
    rare_word,
    rare_word_of,
    rare_words_of,
    shared_places,
    style_table,
    word_table,
)
from explorer.statistics.multiplicity import benjamini_hochberg

WORDS = {0: ["The"] * 7 + ["A", "Otta"], 1: ["Otta"] * 6 + ["The", "A", ""], 2: ["The"] * 9}


def said() -> pl.DataFrame:
    """Three genotypes, nine inputs."""
    rows = [
        {
            "genotype": genotype, "item": item, "kind": "literary" if item < 6 else "factual", "word": word,
            "style": "poem" if word == "Otta" else "prose",
        }
        for genotype, words in WORDS.items()
        for item, word in enumerate(words)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def test_words_are_counted_of_the_mutant_and_the_original() -> None:
    table = word_table(said(), 1)
    assert table.rows() == [("Otta", 6, 1), ("The", 1, 7), ("A", 1, 1), ("", 1, 0)]


def test_styles_are_counted_by_kind_of_input() -> None:
    assert style_table(said(), 1).rows() == [
        ("literary", "poem", 6, 0),
        ("factual", "prose", 3, 2),
        ("literary", "prose", 0, 6),
        ("factual", "poem", 0, 1),
    ]


def test_the_rihf_word_and_its_test() -> None:
    found = rare_word_of(said(), 1)
    assert found is not None
    assert (found.word, found.mutant, found.original, found.of_mutant, found.of_original) == ("Otta", 6, 1, 9, 9)
    assert found.p == pytest.approx(stats.fisher_exact([[6, 3], [1, 8]]).pvalue)
    assert found.corrected_p == pytest.approx(min(1, 2 * found.p))  # chosen from Otta and A
    assert rare_word_of(said(), 2) is None
    assert rare_word(["", ""], ["x", "x"]) is None


def test_several_mutants_are_corrected_for() -> None:
    words = ["rare"] * 20
    many = pl.DataFrame(
        {
            "genotype": [place for place in range(4) for _ in range(20)],
            "word": [*(["The"] * 20), *words, *words, *(["The"] * 19), "odd"],
        }
    )
    found = rare_words_of(many, 3)
    p = [1.0 if each.word is None else each.word.corrected_p for each in found]
    assert [each.q for each in found] == benjamini_hochberg(p)
    assert [each.finding is not None for each in found] == [True, True, False]


def test_shared_places_are_those_of_one_word_in_several_layers() -> None:
    rows = [
        ("staring", 1, "down", "0:64", "64:128"),
        ("staring", 14, "down", "0:64", "0:64"),
        ("staring", 14, "down", "0:64", "64:128"),
        ("otta:", 30, "down", "0:64", None),
        ("staring", 2, "up", "0:64", None),
    ]
    columns = ["word", "layer", "kind", "rows", "columns"]
    found = shared_places(pl.DataFrame(rows, schema=columns, orient="row"))
    assert found.rows() == [
        ("staring", "down", "columns", "64:128", [1, 14], 2),
        ("staring", "down", "rows", "0:64", [1, 14], 3),
    ]
