"""Who is asked what, in which order, and what a cancelled comparison leaves."""

import math
from dataclasses import replace
from typing import Any

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ComparisonError
from explorer.domain.evaluation import Score
from explorer.domain.genotype import Genotype
from explorer.domain.notation import parse_genotype
from explorer.tasks.comparison import CHUNK, MOST, Compared, Comparison, called, compare
from tests.answering import QUESTIONS, Plain, Scripted, answer, score
from tests.tiny import tiny_model

ORIGINAL, MUTANT = Genotype(), parse_genotype("1.down*0")
PROMPTS = tuple(Prompt(text=f"prompt {number}", chat=False) for number in range(20))
NO_MODEL: Any = None


def _scripted() -> Scripted:
    return Scripted(
        texts={"": lambda prompt: answer(prompt.text.upper()), "1.down*0": lambda _: answer("no", style="loop")},
        marks={"": lambda _: score(right=True, margin=2.0), "1.down*0": lambda asked: score(right=asked.answer == 0)},
    )


def test_every_genotype_answers_every_item_and_chunks_alternate() -> None:
    scripted = _scripted()
    comparison = Comparison(genotypes=(ORIGINAL, MUTANT), prompts=PROMPTS)
    steps = list(compare(scripted, NO_MODEL, comparison))
    assert [len(step.rows) for step in steps] == list(range(1, 41))
    assert scripted.asked == [("", CHUNK), ("1.down*0", CHUNK), ("", 4), ("1.down*0", 4)]
    answers = steps[-1].answers
    assert steps[-1].is_complete
    assert not steps[-2].is_complete
    assert answers["item"].to_list() == [item for item in range(20) for _ in range(2)]
    assert answers.filter(genotype=0)["text"].to_list() == [prompt.text.upper() for prompt in PROMPTS]
    assert answers.filter(genotype=1)["passed"].to_list() == [False] * 20


def test_questions_are_scored_with_their_margin() -> None:
    comparison = Comparison(genotypes=(ORIGINAL, MUTANT), questions=QUESTIONS)
    *_, last = compare(_scripted(), NO_MODEL, comparison)
    rows = last.answers.filter(genotype=0)
    assert rows["name"].to_list() == [question.name for question in QUESTIONS.questions]
    first, second = rows.to_dicts()[:2]
    assert (first["text"], first["margin"], first["passed"]) == ("w4", 1.0, True)  # 2 nats over 2 bytes
    assert (second["text"], second["margin"]) == ("w4", -1.0)  # its second choice is the right one
    assert last.answers.filter(genotype=1)["passed"].sum() == 10


def test_letters_are_weighed_as_they_are_and_an_overflow_has_no_margin() -> None:
    lettered = replace(QUESTIONS, form="letter")
    overflow = Score(
        likelihoods=(math.nan, math.nan), chosen=None, is_right=False, near_tie=False, said="", named=None,
        says_right=False,
    )  # fmt: skip
    scripted = Scripted(marks={"": lambda _: score(right=True, margin=2.0), "1.down*0": lambda _: overflow})
    *_, last = compare(scripted, NO_MODEL, Comparison(genotypes=(ORIGINAL, MUTANT), questions=lettered))
    original, mutant = last.answers.to_dicts()[:2]
    assert original["margin"] == 2.0
    assert (mutant["margin"], mutant["overflow"], mutant["passed"]) == (None, True, False)


def test_a_question_is_a_prompt_as_it_is_put() -> None:
    asked = Comparison(genotypes=(ORIGINAL, MUTANT), questions=replace(QUESTIONS, form="letter")).prompt_of(1)
    assert asked.text.endswith("w1 w3\nA. w4\nB. w5\nAnswer:")
    assert not asked.chat
    assert Comparison(genotypes=(ORIGINAL, MUTANT), prompts=PROMPTS).prompt_of(1) == PROMPTS[1]


def test_a_cancelled_comparison_keeps_complete_pairs() -> None:
    comparison = Comparison(genotypes=(ORIGINAL, MUTANT), prompts=PROMPTS)
    seen: list[Compared] = []
    for step in compare(_scripted(), NO_MODEL, comparison, lambda: len(seen) >= 34):
        seen.append(step)
    assert len(seen) == 34
    assert not seen[-1].is_complete
    assert seen[-1].answers.filter(genotype=1)["item"].to_list() == list(range(CHUNK))


def test_the_answers_of_a_model_are_its_own() -> None:
    model = tiny_model("llama")
    prompts = (Prompt(text="w5 w6 w7", chat=False), Prompt(text="w8", chat=False))
    genotypes = (ORIGINAL, model.anatomy.read("1.down*-1;0.q=max"))
    comparison = Comparison(genotypes=genotypes, prompts=prompts, decoding=Decoding(max_new_tokens=6))
    *_, last = compare(Plain(), model, comparison)
    original, mutant = (last.answers.filter(genotype=place) for place in (0, 1))
    assert all(value < 1e-6 for value in original["mean_kl"].to_list())
    assert all(value > 0.1 for value in mutant["mean_kl"].to_list())
    assert original["text"].to_list() != mutant["text"].to_list()


@pytest.mark.parametrize(
    ("genotypes", "words"),
    [
        ((ORIGINAL,), "needs two genotypes"),
        ((MUTANT, ORIGINAL, MUTANT), "“1.down\\*0” is there twice"),
        ((ORIGINAL, ORIGINAL), "“original” is there twice"),
        (tuple(parse_genotype(f"{layer}*0") for layer in range(MOST + 1)), "At most 6 genotypes"),
    ],
)
def test_genotypes_that_cannot_be_compared(genotypes: tuple[Genotype, ...], words: str) -> None:
    with pytest.raises(ComparisonError, match=words):
        Comparison(genotypes=genotypes, prompts=PROMPTS)


def test_nothing_asked_is_nothing_to_compare() -> None:
    with pytest.raises(ComparisonError, match="Nothing is asked"):
        Comparison(genotypes=(ORIGINAL, MUTANT))
    assert called(ORIGINAL) == "original"
