"""What a screen wants of whatever asks its mutants, and what it is told of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from explorer.domain.experiments import Experiment
from explorer.domain.genotype import Mutation
from explorer.domain.pair import End
from explorer.domain.phenotype import Phenotype
from explorer.generation.sensitivity_map import UnitSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one mutant did."""

    first_divergence: int | None
    """The first position, from 0, at which it chose otherwise; None: silent."""
    overflow: bool
    """Whether its forward pass overflowed at that position: it then has no token there."""
    mean_kl: float | None
    """KL(baseline ‖ mutant) over the `verified` positions, in nats; None if it overflows among them."""
    added_nll: float | None
    """What it adds to the baseline's negative log-likelihood there, in nats a token; None likewise."""
    verified: int
    """How many positions were looked at: all, or those up to the end of the chunk of the first divergence."""
    near_tie: bool
    """Whether rounding may have decided a choice, up to the first divergence or in the text after it."""
    tokens: tuple[int, ...] | None = None
    """Its whole answer, in mode `text`; None if it is silent, or in mode `divergence`."""
    end: End | None = None
    """Why that answer ended."""


Answered = tuple[tuple[int, ...], str]
"""The tokens of an answer, and why it ended."""


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

    def know(self, texts: Iterable[tuple[int, ...]]) -> None:
        """Tokens of answers that mutants have given before, for what they are worth."""
        ...

    def screen(self, mutations: Sequence[Mutation]) -> list[Record]:
        """The records of some mutations of one layer, in their order."""
        ...

    def phenotypes(self, answers: Sequence[Answered]) -> list[Phenotype]:
        """What answers are like."""
        ...

    def estimates(self, unit: UnitSize, /) -> Mapping[tuple[str, str], npt.NDArray[np.float32]]:
        """What mutants would do to first order, by matrix and operation; nothing where that is not defined."""
        ...
