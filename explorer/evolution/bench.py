"""Both parts of an evolution, made ready for one model: pieces of work in, measurements out. Knows no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from explorer.domain.evaluation import QuestionSet
from explorer.domain.evolution import Evolution
from explorer.evolution.evaluation import Evaluation, Measured
from explorer.evolution.split import Part, Side, split
from explorer.evolution.targets import check_target
from explorer.generation.control import TEXT, UNSEEN
from explorer.model.loaded import LoadedModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Genotypes that are measured together."""

    side: Side
    heat: int | None
    """Whose prompts are answered; None: the cheap targets."""
    genotypes: tuple[str, ...]


Found = list[dict[str, Measured]]
"""Of each genotype of a piece of work, by the name of a target, or by `answers_to` a heat."""
Execute = Callable[[Iterator[Work]], Iterable[tuple[Work, Found]]]
"""What takes pieces of work and hands them back done, in any order, each once."""


def answers_to(heat: int) -> str:
    """What answers to the prompts of a heat are called, where targets have their names."""
    return f"answers:{heat}"


class Bench:
    """Raises EvolutionError, PromptError, TaskError, ModelError, NotationError."""

    def __init__(
        self,
        model: LoadedModel,
        evolution: Evolution,
        questions: QuestionSet | None,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        """`breathe` is called before each forward pass."""
        for target in evolution.targets:
            check_target(target)
        self.model, self.evolution = model, evolution
        self.parts: dict[Side, Part] = split(evolution, questions)
        self.evaluations = {
            side: Evaluation(model, evolution, part, breathe, UNSEEN if side == "held-out" else TEXT)
            for side, part in self.parts.items()
        }

    @property
    def originals(self) -> tuple[tuple[int, ...], ...]:
        """What the original says to each prompt, tokens."""
        return tuple(tokens for own in self.evaluations.values() for _, tokens in own.originals)

    def work(self, work: Work) -> Found:
        """Measure some genotypes."""
        evaluation = self.evaluations[work.side]
        if work.heat is None:
            return evaluation.measure(work.genotypes)
        return [{answers_to(work.heat): each} for each in evaluation.ask(work.genotypes, work.heat)]

    def execute(self, todo: Iterator[Work]) -> Iterator[tuple[Work, Found]]:
        """As `Execute`: in this thread, one after the other."""
        return ((work, self.work(work)) for work in todo)
