"""What a comparison shows: measures worked out by hand, verdicts as they are read."""

import functools
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from explorer.domain.decoding import Prompt
from explorer.domain.errors import ComparisonError
from explorer.domain.evaluation import Question, Score
from explorer.domain.genotype import Genotype
from explorer.domain.notation import parse_genotype
from explorer.reports.comparison import (
    COLUMNS,
    comparison_lines,
    comparison_report,
    contrasts_of,
    p_told,
    table_rows,
    verdicts,
)
from explorer.tasks.comparison import Compared, Comparison, compare
from tests.answering import QUESTIONS, Scripted, answer, score

ORIGINAL, MUTANT, OTHER = Genotype(), parse_genotype("1.down*0"), parse_genotype("0.q*0")
PROMPTS = tuple(Prompt(text=str(number), chat=False) for number in range(12))
NO_MODEL: Any = None


def _wrong_at_the_end(count: int, asked: Question) -> Score:
    return score(right=int(asked.name.split("-")[1]) < 20 - count, margin=0.5)


def _asked_questions(*wrong: int) -> Compared:
    """Of 20 questions, the original gets the first four wrong, the others so many of the last."""
    marks: dict[str, Callable[[Question], Score]] = {"": lambda asked: score(right=int(asked.name.split("-")[1]) >= 4)}
    for text, count in zip(("1.down*0", "0.q*0"), wrong, strict=False):
        marks[text] = functools.partial(_wrong_at_the_end, count)
    genotypes = (ORIGINAL, MUTANT, OTHER)[: len(wrong) + 1]
    *_, last = compare(Scripted(marks=marks), NO_MODEL, Comparison(genotypes=genotypes, questions=QUESTIONS))
    return last


def _asked_prompts(perplexity: float = 8.0, first: Genotype = ORIGINAL) -> Compared:
    """The mutant overflows at prompt 0, says the same at prompt 1, and loops at prompt 2."""

    def mutant(prompt: Prompt) -> Any:
        place = int(prompt.text)
        if place == 0:
            return answer("", ending="overflow", style="empty", mean_kl=None, perplexity=None, cosine=0.0)
        style, text = ("loop" if place == 2 else "prose"), ("same" if place == 1 else "else")
        return answer(text, style=style, mean_kl=place / 4, perplexity=perplexity + place, cosine=0.5)

    def original(_: Prompt) -> Any:
        return answer("same", mean_kl=0.0 if not first else 0.25, perplexity=4.0, cosine=1.0)

    texts = {"1.down*0": mutant, "0.q*0" if first else "": original}
    *_, last = compare(Scripted(texts=texts), NO_MODEL, Comparison(genotypes=(first, MUTANT), prompts=PROMPTS))
    return last


def test_fewer_right_answers() -> None:
    compared = _asked_questions(15)
    found = contrasts_of(compared)
    right, margin = found
    assert right.table is not None
    assert (right.table.both, right.table.only_first, right.table.only_second) == (1, 15, 4)
    assert right.difference == pytest.approx(-11 / 20)
    assert right.p == pytest.approx(0.01921, abs=1e-5)  # 2 · P(X ≤ 4) of 19 coins
    assert right.effect == pytest.approx(4 / 19 - 0.5)
    assert right.further_items == 3  # (1.96 √0.95 + 0.8416 √(0.95 − 0.55²))² / 0.55² = 22.1
    assert margin.items == 20
    (verdict,) = verdicts(compared, found)
    assert verdict.startswith("B answers 11 fewer of 20 questions right than A: 95 % interval −")
    assert verdict.endswith("McNemar p =\u00a00.019.")


def test_a_difference_that_chance_explains_says_how_many_items_would_show_it() -> None:
    compared = _asked_questions(6)
    (verdict,) = verdicts(compared, contrasts_of(compared))
    assert "B answers 2 fewer of 20 questions right than A" in verdict
    assert "p =\u00a00.75. Chance alone may explain that; if the difference is real, about " in verdict
    assert verdict.endswith(" more items would show it.")


def test_several_genotypes_are_corrected() -> None:
    found = contrasts_of(_asked_questions(15, 16))
    rights = [contrast for contrast in found if contrast.table is not None]
    assert [contrast.genotype for contrast in rights] == [1, 2]
    least, most = sorted(rights, key=lambda contrast: contrast.p or 0)
    assert least.corrected_p == pytest.approx(2 * (least.p or 0))
    assert most.corrected_p == pytest.approx(max(2 * (least.p or 0), most.p or 0))
    assert len(verdicts(_asked_questions(15, 16), found)) == 2


def test_the_same_answers_tell_nothing_apart() -> None:
    marks = {text: lambda _: score(right=True) for text in ("", "1.down*0")}
    *_, compared = compare(
        Scripted(marks=marks), NO_MODEL, Comparison(genotypes=(ORIGINAL, MUTANT), questions=QUESTIONS)
    )
    found = contrasts_of(compared)
    assert verdicts(compared, found) == [
        "B and A are right and wrong on the same of 20 questions: nothing tells them apart."
    ]
    assert (found[0].p, found[0].bootstrap, found[0].items_needed) == (1.0, None, None)


def test_texts_that_overflow_are_left_out_and_counted() -> None:
    compared = _asked_prompts()
    found = {contrast.measure.column: contrast for contrast in contrasts_of(compared)}
    kl, perplexity, cosine, readable = (found[name] for name in ("mean_kl", "perplexity", "cosine", "passed"))
    assert (kl.items, kl.left_out) == (11, 1)
    assert kl.second == pytest.approx(sum(place / 4 for place in range(1, 12)) / 11)
    assert (kl.p, kl.items_needed) == (None, None)  # a distance from the original itself has nothing to be tested
    assert cosine.p is None
    assert perplexity.difference == pytest.approx(sum(math.log((8 + place) / 4) for place in range(1, 12)) / 11)
    assert perplexity.p is not None
    assert perplexity.p < 0.01
    assert readable.table is not None
    assert (readable.items, readable.table.only_first) == (12, 2)
    (verdict,) = verdicts(compared, contrasts_of(compared))
    assert verdict.startswith("B says something else than A to 11 of 12 prompts; its mean KL from the original is 1.5")
    assert (
        "times as perplexing as A's (p <\u00a00.001" in verdict
        or "times as perplexing as A's (p =\u00a00.00" in verdict
    )
    assert verdict.endswith("2 of them are destroyed where A's are not.")


def test_a_reference_that_is_a_mutant_is_tested_on_its_distance_too() -> None:
    found = {contrast.measure.column: contrast for contrast in contrasts_of(_asked_prompts(first=OTHER))}
    assert found["mean_kl"].p is not None
    assert found["mean_kl"].difference == pytest.approx(found["mean_kl"].second - 0.25)


def test_an_infinite_perplexity_is_left_out() -> None:
    found = {contrast.measure.column: contrast for contrast in contrasts_of(_asked_prompts(perplexity=math.inf))}
    assert "perplexity" not in found


def test_the_report_is_plain_data_and_its_lines_have_the_verdict() -> None:
    compared = _asked_questions(15)
    report = comparison_report(compared)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["genotypes"] == [{"letter": "A", "genotype": "original"}, {"letter": "B", "genotype": "1.down*0"}]
    assert len(report["items"]) == 40
    lines = list(comparison_lines(report))
    assert report["verdicts"][0] in lines
    assert "\t".join(COLUMNS) in lines
    assert any(line.startswith("made-0 A: [wrong] ") for line in lines)
    for cells in table_rows(contrasts_of(compared)):
        assert len(cells) == len(COLUMNS)


def test_nothing_is_told_of_one_genotype_alone() -> None:
    marks = {"": lambda _: score(right=True)}
    half: list[Compared] = []
    comparison = Comparison(genotypes=(ORIGINAL, MUTANT), questions=QUESTIONS)
    for step in compare(Scripted(marks=marks), NO_MODEL, comparison, lambda: len(half) >= 5):
        half.append(step)
    with pytest.raises(ComparisonError, match="No item has been answered by two"):
        contrasts_of(half[-1])
    report = comparison_report(half[-1])
    assert (report["verdicts"], report["measures"], report["is_complete"]) == ([], [], False)
    assert "Stopped: 5 of 20 items have been answered." in list(comparison_lines(report))


def test_p_values_as_they_are_read() -> None:
    assert [p_told(value) for value in (None, 0.00001, 0.0123, 1.0)] == ["–", "<\u00a00.0001", "0.012", "1"]
    assert p_told(0.00001, with_is=True) == "<\u00a00.0001"
    assert p_told(0.05, with_is=True) == "=\u00a00.05"
