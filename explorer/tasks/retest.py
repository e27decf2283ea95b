"""Mutants that seemed better than the original, asked again: questions that their screen did not use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from explorer.domain import Genotype, QuestionSet, Score, ScoredBy
from explorer.errors import TaskError

if TYPE_CHECKING:
    from explorer.model.loaded import LoadedModel


class Scoring(Protocol):
    """Who scores: `workspace.behaviour`."""

    def scores_of(
        self,
        model: LoadedModel,
        genotypes: Sequence[Genotype],
        questions: QuestionSet,
        cancelled: Callable[[], bool] = ...,
        shots: int = ...,
    ) -> Iterator[tuple[int, int, Score]]:
        """The place of a genotype, of a question, and the score, as they are ready."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Retested:
    """What a mutant gains and loses on fresh questions."""

    gained: int
    lost: int
    right: int
    """Questions that it answers right, of all."""


def held_out(questions: QuestionSet, right: Sequence[str], wrong: Sequence[str]) -> QuestionSet:
    """The questions of a set that a screen, which used those of these names, did not use.

    Raises TaskError if there are none, or if the set is not that of the screen.
    """
    used = {*right, *wrong}
    known = {question.name for question in questions.questions}
    if not used <= known:
        raise TaskError(f"The screen asked questions that '{questions.title}' does not have: name its own with --mmlu.")
    fresh = tuple(question for question in questions.questions if question.name not in used)
    if not fresh:
        raise TaskError(f"The screen used all of '{questions.title}': there is none left to ask again.")
    return replace(questions, questions=fresh)


def ask_again(
    scoring: Scoring,
    model: LoadedModel,
    genotypes: Sequence[Genotype],
    standard: Genotype,
    questions: QuestionSet,
    shots: int = 0,
    by: ScoredBy = "likelihood",
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Retested]:
    """Each mutant against the standard on the same questions; empty if it is cancelled."""
    right: list[dict[int, bool]] = [{} for _ in range(1 + len(genotypes))]
    for place, number, score in scoring.scores_of(model, [standard, *genotypes], questions, cancelled, shots):
        right[place][number] = score.counts(by)
    own, *mutants = right
    if len(own) < len(questions.questions):
        return []
    return [_against(own, mutant) for mutant in mutants]


def _against(own: dict[int, bool], mutant: dict[int, bool]) -> Retested:
    return Retested(
        gained=sum(mutant[number] and not answered for number, answered in own.items()),
        lost=sum(answered and not mutant[number] for number, answered in own.items()),
        right=sum(mutant.values()),
    )
