"""Mutants that are asked questions: what each chooses is its answer, and how many are right its score.

The standard output is what the original, or the background, chooses; a mutant that chooses the same is silent. An
answer is kept as two numbers a question, the choice that counts and the one that the generated token names.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.domain.evaluation import Question
from explorer.domain.genotype import Genotype, Mutation
from explorer.domain.phenotype import Phenotype
from explorer.generation.sensitivity_map import UnitSize
from explorer.mutation.apply import Mutant, make_mutant
from explorer.screen.asked import Answered, Record
from explorer.screen.job import Job
from explorer.store.tasks import sample_name
from explorer.tasks.battery import Battery, Mark
from explorer.tasks.prompts import put
from explorer.tasks.sample import draw

NOTHING = -1
"""Instead of a choice."""


class Examination:
    """As `job.Asked`. Raises TaskError, and ModelError if what the screen starts from overflows."""

    def __init__(self, job: Job, breathe: Callable[[], None]) -> None:
        assert job.experiment.task is not None
        self._model, self._background, self._breathe = job.model, job.background, breathe
        self._task = job.experiment.task
        self._battery = self._drawn()
        self._standard = self._marks([make_mutant(job.model, job.background)], self._battery)[0]
        if any(math.isnan(mark.kl) for mark in self._standard):
            raise ModelError("What the screen starts from overflows: choose another background.")
        self.baseline_tokens = self._tokens(self._standard)
        self.standard = self._told(self.baseline_tokens)
        self.logits_a_mutant = 1  # the battery cuts its passes to size by itself
        task = replace(self._task, questions=self._battery.questions)
        self.experiment = replace(
            job.experiment,
            name=sample_name(task),
            prompt=Prompt(text=put(self._questions[0], task.questions, task.shots).prompt, chat=False),
            decoding=Decoding(max_new_tokens=1, seed=self._task.seed),
            task=task,
        )

    def know(self, texts: Iterable[tuple[int, ...]]) -> None:
        """Of no worth here: questions are answered without a text."""

    def screen(self, mutations: Sequence[Mutation]) -> list[Record]:
        """The records of some mutations, each alone on top of the background."""
        genotypes = [Genotype((*self._background.mutations, mutation)) for mutation in mutations]
        found = self._marks([make_mutant(self._model, genotype) for genotype in genotypes], self._battery)
        return [self._record(marks) for marks in found]

    def phenotypes(self, answers: Sequence[Answered]) -> list[Phenotype]:
        """Each with its score."""
        return [self._phenotype(tokens, ending) for tokens, ending in answers]

    def estimates(self, _unit: UnitSize, /) -> Mapping[tuple[str, str], npt.NDArray[np.float32]]:
        """None: the gradient of which answer would it be?"""
        return {}

    def _drawn(self) -> Battery:
        """The sample, by what the standard makes of all questions."""
        whole = Battery(self._model, self._task.questions, self._task.shots)
        (marks,) = self._marks([make_mutant(self._model, self._background)], whole)
        sample = draw(self._task, [mark.score.counts(self._task.by) for mark in marks])
        return Battery(self._model, sample, self._task.shots)

    @property
    def _questions(self) -> tuple[Question, ...]:
        return self._battery.questions.questions

    def _marks(self, mutants: Sequence[Mutant], battery: Battery) -> list[list[Mark]]:
        """Of each mutant, in the order of the questions."""
        return battery.marks(mutants, self._breathe)

    def _record(self, marks: Sequence[Mark]) -> Record:
        tokens = self._tokens(marks)
        pairs = enumerate(zip(self._counted(tokens), self._counted(self.baseline_tokens), strict=True))
        divergence = next((number for number, (own, standard) in pairs if own != standard), None)
        overflows = any(math.isnan(mark.kl) for mark in marks)
        return Record(
            first_divergence=divergence,
            overflow=overflows,
            mean_kl=_mean([mark.kl for mark in marks]),
            added_nll=_mean([mark.added_nll for mark in marks]),
            verified=len(marks),
            near_tie=any(mark.score.near_tie for mark in marks),
            tokens=None if divergence is None else tokens,
            end=None if divergence is None else "overflow" if overflows else "stop",
        )

    def _tokens(self, marks: Sequence[Mark]) -> tuple[int, ...]:
        """Of each question the choice that counts, then of each the one that the generated token names."""
        likeliest = [NOTHING if mark.score.chosen is None else mark.score.chosen for mark in marks]
        named = [NOTHING if mark.score.named is None else mark.score.named for mark in marks]
        return (*(likeliest if self._task.by == "likelihood" else named), *named)

    def _counted(self, tokens: Sequence[int]) -> Sequence[int]:
        return tokens[: len(self._questions)]

    def _told(self, tokens: Sequence[int]) -> str:
        """The letters, those of the questions that the standard gets right first: `ABDC… | BA…`."""
        chosen = zip(self._questions, self._counted(tokens), strict=True)
        letters = "".join("–" if place == NOTHING else question.letters[place] for question, place in chosen)
        return f"{letters[: self._task.right]} | {letters[self._task.right :]}"

    def _phenotype(self, tokens: tuple[int, ...], ending: str) -> Phenotype:
        right = [place == each.answer for place, each in zip(self._counted(tokens), self._questions, strict=True)]
        return Phenotype(
            text=self._told(tokens),
            tokens=tokens,
            ending=ending,
            cosine=None,
            repetition=0.0,
            perplexity=None,
            style=None,
            score=f"{sum(right[: self._task.right])}|{sum(right[self._task.right :])}",
            names_nothing=all(place == NOTHING for place in tokens[len(self._questions) :]),
        )


def _mean(values: Sequence[float]) -> float | None:
    total = sum(values) / len(values)
    return total if math.isfinite(total) else None
