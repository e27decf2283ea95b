"""How bad a non-silent mutant is: the measures of it, and the thresholds at which maps are looked at."""

from dataclasses import dataclass
from typing import Literal

from explorer.domain.errors import StatisticsError
from explorer.store.maps import Bound

Measure = Literal["cosine", "mean_kl", "first_divergence", "added_nll", "score", "destructive"]

MEASURES: dict[Measure, str] = {
    "cosine": "cosine similarity",
    "mean_kl": "mean KL, nats a token",
    "first_divergence": "first divergence, token",
    "added_nll": "change of NLL, nats a token",
    "score": "right answers",
    "destructive": "destroyed",
}
THRESHOLDS: dict[Measure, tuple[float, ...]] = {
    "cosine": (0.7, 0.5, 0.3, 0.1),
    "mean_kl": (0.01, 0.1, 1.0, 5.0),
    "first_divergence": (8, 4, 2, 0),
    "added_nll": (0.01, 0.1, 1.0, 5.0),
    "score": (13, 11, 8, 4),
    "destructive": (1, 1, 1, 1),
}
"""Ever more severe; those of the cosine, and a score of 8, are the study's."""

_FALLING = ("cosine", "first_divergence", "score")
"""Measures of which a low value is severe."""


@dataclass(frozen=True, slots=True)
class Severity:
    """A measure, and the step of its thresholds: 0 shows every non-silent mutant. Raises StatisticsError."""

    measure: Measure = "cosine"
    step: int = 0
    own: float | None = None
    """A threshold of the user's choice, in place of the step's."""

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise StatisticsError(f"'{self.measure}' is no measure: take one of {', '.join(MEASURES)}.")
        if not 0 <= self.step <= len(THRESHOLDS[self.measure]):
            raise StatisticsError(
                f"{MEASURES[self.measure].split(',')[0]} has no step {self.step}: take a step from 0 to 4."
            )

    @classmethod
    def asked(cls, measure: Measure | None, threshold: float | None) -> "Severity":
        """Of a measure and a threshold that are said, or not: a measure alone means its mildest step."""
        return cls(measure or "cosine", int(measure is not None and threshold is None), threshold)

    @property
    def is_falling(self) -> bool:
        """Whether a low value is severe."""
        return self.measure in _FALLING

    @property
    def threshold(self) -> float | None:
        """The value that a mutant must reach; None at step 0."""
        if self.own is not None:
            return self.own
        return THRESHOLDS[self.measure][self.step - 1] if self.step else None

    def told(self) -> str:
        """The threshold in words."""
        if self.threshold is None:
            return "every non-silent mutant"
        if self.measure == "destructive":
            return "those that destroy the model"
        return f"{MEASURES[self.measure].split(',')[0]} {'≤' if self.is_falling else '≥'} {self.threshold:g}"

    @property
    def bound(self) -> Bound | None:
        """The threshold as `store` takes it; a mutant of which the measure is not known does not reach it."""
        if self.threshold is None:
            return None
        return Bound(measure=self.measure, value=self.threshold, is_upper=self.is_falling)
