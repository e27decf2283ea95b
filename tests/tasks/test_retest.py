"""Mutants that seemed better, asked again: which questions are fresh, and what is counted."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from explorer.domain.errors import TaskError
from explorer.domain.evaluation import QuestionSet, Score
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.files.settings import Settings
from explorer.tasks.retest import Retested, held_out, retested
from explorer.tasks.scoring import Scored, ask
from explorer.workspace.behaviour import Behaviour
from explorer.workspace.computing import Computing
from tests.answering import QUESTIONS, score
from tests.tasks.test_battery import questions as made_questions
from tests.tiny import tiny_model

STANDARD, MUTANT = Genotype(), parse_genotype("1.down*0")
NO_MODEL: Any = None


class Marking:
    """The original is right on the first half, the mutant on every question but the first."""

    def scores_of(
        self,
        model: Any,
        genotypes: Sequence[Genotype],
        questions: QuestionSet,
        cancelled: Callable[[], bool] = lambda: False,
        shots: int = 0,
    ) -> Iterator[tuple[int, int, Score]]:
        """As `Behaviour.scores_of`, the last question first."""
        for number in reversed(range(len(questions.questions))):
            for place, genotype in enumerate(genotypes):
                if cancelled():
                    return
                right = number > 0 if format_genotype(genotype) else number < len(questions.questions) // 2
                yield place, number, score(right=right)


def test_questions_of_the_screen_are_not_fresh() -> None:
    names = [question.name for question in QUESTIONS.questions]
    fresh = held_out(QUESTIONS, names[:3], names[5:6])
    assert [question.name for question in fresh.questions] == [*names[3:5], *names[6:]]
    with pytest.raises(TaskError, match="there is none left"):
        held_out(QUESTIONS, names[:10], names[10:])
    with pytest.raises(TaskError, match="does not have"):
        held_out(QUESTIONS, ["another-1"], names[:1])


def test_gains_and_losses_are_paired() -> None:
    *_, scored = ask(Marking(), NO_MODEL, [STANDARD, MUTANT, STANDARD], QUESTIONS)
    assert (scored.done, scored.total, scored.is_complete) == (60, 60, True)
    assert retested(scored) == [Retested(gained=10, lost=1, right=19), Retested(gained=0, lost=0, right=10)]
    assert retested(scored, "letter") == retested(scored)  # the script says what it holds likeliest


def test_nothing_is_counted_of_a_run_that_was_stopped_but_what_all_have_answered_is_there() -> None:
    seen: list[int] = []

    def cancelled() -> bool:
        seen.append(1)
        return len(seen) > 7

    *_, scored = ask(Marking(), NO_MODEL, [STANDARD, MUTANT], QUESTIONS, cancelled=cancelled)
    assert retested(scored) == []
    asked, (own, mutant) = scored.shared()
    assert [question.name for question in asked.questions] == ["made-17", "made-18", "made-19"]
    assert [each.is_right for each in own] == [False] * 3
    assert [each.is_right for each in mutant] == [True] * 3


def test_scores_are_those_of_each_genotype_alone() -> None:
    model, behaviour = tiny_model("llama"), Behaviour(Settings(), Computing())
    pair = [Genotype(), model.anatomy.read("1.down*-2")]
    asked = made_questions("cloze")
    *_, scored = ask(behaviour, model, pair, asked)
    for genotype, known in zip(pair, scored.scores, strict=True):
        alone = dict(behaviour.scores(model, genotype, asked))
        assert {number: each.chosen for number, each in known.items()} == {n: each.chosen for n, each in alone.items()}


def test_a_set_without_scores_shares_nothing() -> None:
    scored = Scored(genotypes=(STANDARD, MUTANT), questions=QUESTIONS)
    asked, found = scored.shared()
    assert (asked.questions, found, scored.is_complete) == ((), [[], []], False)
