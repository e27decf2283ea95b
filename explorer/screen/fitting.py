"""How many mutants go into a batch, and how long a screen takes: by measuring some of the screen's own batches.

What is measured is part of the screen, and kept: the first batches of two layers. Of a large screen larger batches are
tried too, up to one in twenty of its mutants altogether; of them those of the size that is taken are kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from explorer.model.anatomy import Matrix
from explorer.model.memory import free_memory
from explorer.screen.plan import Batch, Plan, layer_batches, layer_of, planned_count
from explorer.screen.worker import Screened, Worker

LEAST, MOST = 32, 512
"""Mutants of a batch, at least and at most; between them it is doubled as long as that pays."""

WORTH = 0.95
"""A batch is doubled if a mutant then takes at most this share of its time."""

LONG = 10_000
"""A screen of fewer mutants than this has the least batch: to try others would cost more than it saves."""

MOST_MEASURED = 0.05
"""Share of the mutants of a long screen that is measured, at most."""

Measure = Callable[[Batch], Screened]
"""Screens a batch, and remembers nothing of it."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What was measured."""

    batch: int
    """Mutants of a batch."""
    seconds_per_mutant: float
    kept: dict[int, tuple[Batch, Screened]] = field(default_factory=dict)
    """By number, the batches of this size that were measured: they need not be screened again."""

    @property
    def measured(self) -> int:
        """Mutants of these batches."""
        return sum(len(batch.items) for batch, _ in self.kept.values())


def fit(plan: Plan, matrices: Sequence[Matrix], total: int, room: int, most: int, measure: Measure) -> Fit:
    """The batch, of `most` mutants and as many as there is `room` for at most, and the time of a mutant."""
    layers = sorted({layer_of(matrix) for matrix in matrices if planned_count(plan, matrix)})
    near, far = layers[len(layers) // 4], layers[3 * len(layers) // 4]
    size = LEAST

    def take(layer: int, batch_size: int, place: int = 0) -> tuple[Batch, Screened] | None:
        batch = next(islice(layer_batches(plan, matrices, batch_size, layer), place, None), None)
        return None if batch is None else (batch, measure(batch))

    first = take(near, size)
    assert first is not None  # both layers have mutants
    second = take(far, size, place=int(near == far))
    found = [each for each in (first, second) if each is not None]
    whole, pace, gained = _pace(found), _pace(found[-1:]), 1.0
    if total > LONG:
        left = MOST_MEASURED * total - sum(len(batch.items) for batch, _ in found)
        while 2 * size <= min(most, room) and 2 * size <= left:
            tried = take(far, 2 * size)
            if tried is None or len(tried[0].items) < 2 * size:
                break
            left -= 2 * size
            if _pace([tried]) > WORTH * pace:
                break
            gained *= _pace([tried]) / pace
            size, found, pace = 2 * size, [tried], _pace([tried])
    kept = {batch.number: (batch, screened) for batch, screened in found}
    return Fit(size, whole * gained, kept)


def _pace(found: Sequence[tuple[Batch, Screened]]) -> float:
    """Seconds a mutant."""
    return sum(screened.seconds for _, screened in found) / sum(len(batch.items) for batch, _ in found)


def largest(worker: Worker) -> int:
    """Mutants whose logits, of one pass and with two copies, fit into a quarter of the memory that is free."""
    return max(1, int(free_memory(worker.device) / 4 / (3 * 4 * worker.asked.logits_a_mutant)))
