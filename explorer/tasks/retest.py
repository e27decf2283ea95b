"""Mutants that seemed better than the original, asked again: questions that their screen did not use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from explorer.domain.errors import TaskError
from explorer.domain.evaluation import QuestionSet, ScoredBy
from explorer.tasks.scoring import Scored


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


def retested(scored: Scored, by: ScoredBy = "likelihood") -> list[Retested]:
    """Each mutant against the standard, which is the first genotype; nothing while not all has been answered."""
    if not scored.is_complete:
        return []
    _, (own, *mutants) = scored.shared()
    standard = [score.counts(by) for score in own]
    return [_against(standard, [score.counts(by) for score in mutant]) for mutant in mutants]


def _against(standard: Sequence[bool], mutant: Sequence[bool]) -> Retested:
    pairs = list(zip(standard, mutant, strict=True))
    return Retested(
        gained=sum(right and not own for own, right in pairs),
        lost=sum(own and not right for own, right in pairs),
        right=sum(mutant),
    )
