"""What is to be screened, made ready for one model; and what a screen wants of whatever asks its mutants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from explorer.domain import Experiment, Genotype, Mutation, Phenotype
from explorer.generation.sensitivity_map import UnitSize
from explorer.model.loaded import LoadedModel
from explorer.screen.engine import Mode, Record
from explorer.screen.plan import Plan
from explorer.screen.queue import Order

Answered = tuple[tuple[int, ...], str]
"""The tokens of an answer, and why it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be screened."""

    model: LoadedModel
    experiment: Experiment
    plan: Plan
    background: Genotype = field(default_factory=Genotype)
    mode: Mode = "divergence"


def job_of(order: Order, model: LoadedModel) -> Job:
    """An order with its model; a model without a chat template is asked in raw text. Raises NotationError."""
    prompt = order.experiment.prompt
    experiment = replace(order.experiment, prompt=replace(prompt, chat=prompt.chat and model.has_chat_template))
    background = model.anatomy.read(order.background)
    return Job(model=model, experiment=experiment, plan=order.plan, background=background, mode=order.mode)


class Asked(Protocol):
    """What a screen asks each of its mutants."""

    experiment: Experiment
    """As it is stored."""
    baseline_tokens: tuple[int, ...]
    """The standard output."""
    standard: str
    """And its text."""
    logits_a_mutant: int
    """Logits of one pass, of one mutant."""

    def screen(self, mutations: Sequence[Mutation]) -> list[Record]:
        """The records of some mutations of one layer, in their order."""
        ...

    def phenotypes(self, answers: Sequence[Answered]) -> list[Phenotype]:
        """What answers are like."""
        ...

    def estimates(self, unit: UnitSize, /) -> Mapping[tuple[str, str], npt.NDArray[np.float32]]:
        """What mutants would do to first order, by matrix and operation; nothing where that is not defined."""
        ...
