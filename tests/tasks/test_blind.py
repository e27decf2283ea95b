"""Blind tests: orders that tell nothing, votes that mean what was pressed, identical texts that are skipped."""

from dataclasses import replace
from typing import Any

import pytest

from explorer.domain.decoding import Prompt
from explorer.domain.errors import ComparisonError
from explorer.domain.genotype import Genotype
from explorer.domain.notation import parse_genotype
from explorer.tasks.blind import BlindPair, BlindTest, next_pairs
from explorer.tasks.comparison import Comparison
from tests.answering import QUESTIONS, Scripted, answer

ORIGINAL, MUTANT = Genotype(), parse_genotype("1.down*0")
PROMPTS = tuple(Prompt(text=str(number), chat=False) for number in range(60))
NO_MODEL: Any = None


def _test(**changes: Any) -> BlindTest:
    comparison = Comparison(genotypes=(ORIGINAL, MUTANT), prompts=PROMPTS)
    return BlindTest(**{"comparison": comparison, "mode": "better", "secret": 7, **changes})


def _answering() -> Scripted:
    def mutant(prompt: Prompt) -> Any:
        return answer("same" if int(prompt.text) % 3 == 0 else f"mutant {prompt.text}")

    return Scripted(texts={"": lambda _: answer("same"), "1.down*0": mutant})


def _all_pairs(test: BlindTest, known: dict[int, tuple[str, str]] | None = None) -> tuple[list[BlindPair], BlindTest]:
    pairs: list[BlindPair] = []
    while not test.is_over:
        *_, test = next_pairs(_answering(), NO_MODEL, test, known or {})
        if test.pair is not None:
            pairs.append(test.pair)
            test = test.voting("one")
    return pairs, test


def test_every_item_comes_once_in_an_order_of_its_own_and_identical_ones_are_counted() -> None:
    pairs, test = _all_pairs(_test())
    items = [pair.item for pair in pairs]
    assert sorted(items) == [number for number in range(60) if number % 3]
    assert items != sorted(items)
    assert test.identical == 20
    assert len(test.votes) == 40
    again, _ = _all_pairs(_test())
    assert again == pairs
    others, _ = _all_pairs(_test(secret=8))
    assert [pair.item for pair in others] != items


def test_both_orders_occur_and_do_not_follow_the_items() -> None:
    pairs, _ = _all_pairs(_test())
    swapped = {pair.item: pair.swapped for pair in pairs}
    assert 10 < sum(swapped.values()) < 30
    others, _ = _all_pairs(_test(secret=8))
    assert any(swapped[pair.item] != pair.swapped for pair in others)


def test_a_vote_is_for_the_genotype_whose_text_was_pressed() -> None:
    pair = BlindPair(item=0, first="a", second="b", swapped=False)
    assert (pair.shown, pair.choice("one"), pair.choice("two")) == (("a", "b"), "first", "second")
    turned = replace(pair, swapped=True)
    assert (turned.shown, turned.choice("one"), turned.choice("two")) == (("b", "a"), "second", "first")
    assert turned.choice("neither") == "neither"
    for each in (pair, turned):
        assert each.shown[0] == (each.first if each.choice("one") == "first" else each.second)


def test_a_pair_has_one_vote() -> None:
    *_, test = next_pairs(_answering(), NO_MODEL, _test(), {})
    voted = test.voting("two")
    with pytest.raises(ComparisonError, match="next pair"):
        voted.voting("one")
    with pytest.raises(ComparisonError, match="next pair"):
        _test().voting("one")


def test_texts_that_are_known_are_not_written_again() -> None:
    answering = _answering()
    known = {number: ("a", f"b {number}") for number in range(60)}
    *_, test = next_pairs(answering, NO_MODEL, _test(), known)
    assert test.pair is not None
    assert test.pair.second == f"b {test.pair.item}"
    assert answering.asked == []


def test_a_cancelled_test_stays_where_it_is() -> None:
    assert list(next_pairs(_answering(), NO_MODEL, _test(), {}, lambda: True)) == []


def test_tests_that_cannot_be_made() -> None:
    three = Comparison(genotypes=(ORIGINAL, MUTANT, parse_genotype("0.q*0")), prompts=PROMPTS)
    asked = Comparison(genotypes=(ORIGINAL, MUTANT), questions=QUESTIONS)
    mutants = Comparison(genotypes=(MUTANT, ORIGINAL), prompts=PROMPTS)
    for comparison, words in ((three, "name two"), (asked, "choose Prompts"), (mutants, "original first")):
        with pytest.raises(ComparisonError, match=words):
            _test(comparison=comparison, mode="mutant")
