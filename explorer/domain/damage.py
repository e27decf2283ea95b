"""What operations on single matrices cost: the table of their damages. Plain arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from explorer.domain.genotype import Site
from explorer.domain.screened import ordered

MOST_NLL = 700
"""The largest, in nats a token, whose perplexity is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What an operation on one matrix, or another site, costs."""

    site: Site
    weights: int
    operation: str
    """Its name, as `domain.screened` has it."""
    mean_kl: float | None
    """KL(original ‖ mutant) over the tokens of the texts, in nats; None: the forward pass overflows."""
    added_nll: float
    """What it adds to the negative log-likelihood of the texts, in nats a token; infinite if it overflows."""
    right: int | None = None
    """Questions that it answers right; None where none were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageTable:
    """The damages of a model's matrices."""

    model: str
    tokens: int
    """Of the texts, that were predicted."""
    nll: float
    """Of the texts under the original, in nats a token."""
    others: int
    """Weights that are in none of the matrices: embeddings, norms."""
    rows: tuple[Damage, ...]
    questions: int = 0
    right: int = 0
    """Of the questions, that the original answers right."""

    @property
    def operations(self) -> list[str]:
        """Their names, in the order in which they are shown."""
        return ordered(row.operation for row in self.rows)


def perplexity(nll: float) -> float:
    """Of a mean negative log-likelihood, in nats a token; infinite if it is too large for a number."""
    return math.exp(nll) if nll < MOST_NLL else math.inf


def kinds_worst(rows: Iterable[Damage]) -> list[tuple[str, float]]:
    """Mean KL by kind, the worst first, of rows of one operation; what overflows counts as infinite."""
    by_kind: dict[str, list[float]] = {}
    for row in rows:
        by_kind.setdefault(row.site.part, []).append(math.inf if row.mean_kl is None else row.mean_kl)
    means = {kind: sum(values) / len(values) for kind, values in by_kind.items()}
    return sorted(means.items(), key=lambda item: -item[1])
