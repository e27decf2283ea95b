"""How many mutants go into a batch, and how long a screen takes: both by measuring the screen's own batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice

import psutil
import torch

from explorer.model.anatomy import Matrix
from explorer.screen.plan import Plan, Planned, layer_of, planned, planned_count
from explorer.screen.worker import Worker

LEAST, MOST = 32, 512
"""Mutants of a batch, at least and at most; between them it is doubled as long as that pays."""

WORTH = 0.95
"""A batch is doubled if the same mutants then take at most this share of their time in two batches."""

LONG = 10_000
"""A screen of fewer mutants than this has the least batch: to try others would cost more than it saves."""

PLACES = 3
"""Layers, drawn evenly, that are measured for the estimate."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What was measured."""

    batch: int
    """Mutants of a batch."""
    seconds_per_mutant: float


def fit(plan: Plan, worker: Worker, matrices: Sequence[Matrix], total: int, most: int = MOST) -> Fit:
    """The batch, of `most` mutants at most, for a screen of so many, and its time a mutant."""
    layers = sorted({layer_of(matrix) for matrix in matrices})
    places = sorted({layers[round(place * (len(layers) - 1) / (PLACES - 1))] for place in range(PLACES)})
    own = {layer: [matrix for matrix in matrices if layer_of(matrix) == layer] for layer in places}
    samples = [_sample(plan, own[layer], LEAST) for layer in places]
    worker.time(samples[0])  # the first pass of all takes longer
    seconds = sum(map(worker.time, samples)) / sum(map(len, samples))
    batch = LEAST
    if total > LONG:
        middle = own[places[len(places) // 2]]
        while 2 * batch <= min(most, largest(worker)):
            items = _sample(plan, middle, 2 * batch)
            apart = worker.time(items[:batch]) + worker.time(items[batch:])
            together = worker.time(items)
            if together > WORTH * apart:
                break
            batch, seconds = 2 * batch, seconds * together / apart
    return Fit(batch, seconds)


def largest(worker: Worker) -> int:
    """Mutants whose logits, of one pass and with two copies, fit into a quarter of the memory that is free."""
    device = worker.device
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    return max(1, int(free / 4 / (3 * 4 * worker.asked.logits_a_mutant)))


def _sample(plan: Plan, matrices: Sequence[Matrix], size: int) -> list[Planned]:
    """So many mutants drawn evenly over the matrices of a layer; over again, if the layer has no more."""
    count = sum(planned_count(plan, matrix) for matrix in matrices)
    every = chain.from_iterable(planned(plan, matrix) for matrix in matrices)
    wanted = {place * count // size for place in range(size)}
    drawn = [item for place, item in enumerate(every) if place in wanted]
    return list(islice(cycle(drawn), size))
