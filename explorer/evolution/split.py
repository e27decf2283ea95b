"""What is asked, split before a search begins: one part it sees, one that winners are measured on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from explorer.domain.evaluation import QuestionSet
from explorer.domain.evolution import Evolution

Side = Literal["search", "held-out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One side of the split."""

    prompts: tuple[str, ...]
    questions: QuestionSet | None
    """None: no target asks any."""

    @property
    def heats(self) -> tuple[tuple[str, ...], ...]:
        """The prompts as they are asked one after the other in a race: a third, then the others."""
        first = max(1, len(self.prompts) // 3)
        return tuple(filter(None, (self.prompts[:first], self.prompts[first:])))


def split(evolution: Evolution, questions: QuestionSet | None) -> dict[Side, Part]:
    """Both halves of prompts and questions, drawn by the evolution's seed; the held-out one has the odd item."""
    prompts = _halves(len(evolution.prompts), evolution.seed)
    asked = _halves(len(questions.questions), evolution.seed) if questions is not None else ((), ())
    sides: tuple[Side, ...] = ("search", "held-out")
    return {
        side: Part(
            prompts=tuple(evolution.prompts[place] for place in places),
            questions=None
            if questions is None
            else replace(questions, questions=tuple(questions.questions[place] for place in own)),
        )
        for side, places, own in zip(sides, prompts, asked, strict=True)
    }


def _halves(count: int, seed: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    order = np.random.default_rng([seed, count]).permutation(count).tolist()
    return tuple(sorted(order[: count // 2])), tuple(sorted(order[count // 2 :]))
