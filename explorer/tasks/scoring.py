"""Questions put to several genotypes, question by question: how far it is, and what each makes of them.

Knows what is asked, not how it is computed: that is `workspace.behaviour`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from explorer.domain.evaluation import QuestionSet, Score
from explorer.domain.genotype import Genotype
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


@dataclass(slots=True, kw_only=True, eq=False)
class Scored:
    """What some genotypes make of some questions; grows while it runs."""

    genotypes: tuple[Genotype, ...]
    questions: QuestionSet
    shots: int = 0
    """Answered questions shown before each."""
    scores: tuple[dict[int, Score], ...] = field(init=False)
    """Of each genotype, by the place of the question."""

    def __post_init__(self) -> None:
        self.scores = tuple({} for _ in self.genotypes)

    @property
    def done(self) -> int:
        """Scores so far."""
        return sum(map(len, self.scores))

    @property
    def total(self) -> int:
        """Scores in all."""
        return len(self.genotypes) * len(self.questions.questions)

    @property
    def is_complete(self) -> bool:
        """Whether every genotype has been asked everything."""
        return self.done == self.total

    def shared(self) -> tuple[QuestionSet, list[list[Score]]]:
        """The questions that all have been asked, and of each genotype its scores in their order."""
        places = [place for place in sorted(self.scores[0]) if all(place in known for known in self.scores)]
        asked = tuple(self.questions.questions[place] for place in places)
        return replace(self.questions, questions=asked), [[known[place] for place in places] for known in self.scores]


def ask(
    scoring: Scoring,
    model: LoadedModel,
    genotypes: Sequence[Genotype],
    questions: QuestionSet,
    shots: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[Scored]:
    """Tells after every score, until cancelled. Raises TaskError, ModelError."""
    scored = Scored(genotypes=tuple(genotypes), questions=questions, shots=shots)
    for place, number, score in scoring.scores_of(model, scored.genotypes, questions, cancelled, shots):
        scored.scores[place][number] = score
        yield scored
