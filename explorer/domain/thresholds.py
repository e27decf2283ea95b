"""Thresholds: how far a genotype may go before the page warns."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits; None: no warning."""

    control_ratio: float | None = None
    """Perplexity of the control text, mutant over original."""
    mean_kl: float | None = None
    """KL(original ‖ mutant) over the original's tokens, in nats."""
    accuracy_drop: float | None = None
    """How much less of a task's questions the mutant answers right, as a share of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """The share of a task's questions that are answered right, 0 to 1."""

    task: str
    """Its name, to show."""
    original: float
    mutated: float


Measure = Callable[[str, str], Accuracy | None]
"""Takes a model's source and a genotype in notation; None: nothing is known of them. Raises ExplorerError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is held against the thresholds; infinite where the forward pass overflows."""

    control_ratio: float
    mean_kl: float
    accuracy: Accuracy | None = None


def passed(thresholds: Thresholds, measured: Measured) -> tuple[str, ...]:
    """A phrase for each threshold that is passed, such as "Perplexity of the control text ×31 (limit ×2)"."""
    found = []
    if _exceeds(measured.control_ratio, thresholds.control_ratio):
        ratio = _number(measured.control_ratio)
        found.append(f"perplexity of the control text ×{ratio} (limit ×{thresholds.control_ratio:g})")
    if _exceeds(measured.mean_kl, thresholds.mean_kl):
        found.append(f"mean KL {_number(measured.mean_kl)} nats (limit {thresholds.mean_kl:g})")
    accuracy = measured.accuracy
    if accuracy is not None and _exceeds(accuracy.original - accuracy.mutated, thresholds.accuracy_drop):
        limit = f"limit −{thresholds.accuracy_drop:.0%}"
        found.append(f"accuracy in {accuracy.task} {accuracy.original:.0%} → {accuracy.mutated:.0%} ({limit})")
    return tuple(found)


def _exceeds(value: float, limit: float | None) -> bool:
    return limit is not None and value > limit


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004
