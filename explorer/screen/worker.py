"""A job made ready on one device: batches of planned mutants in, what they did out. Knows no database.

What is asked of each mutant is `texts`' business, or `examination`'s. A batch that does not fit into the device's
memory is cut in two, and so are those after it.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import torch

from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.domain.phenotype import Phenotype
from explorer.model.memory import free_memory
from explorer.mutation.apply import slab_bytes
from explorer.screen.asked import Asked, Record
from explorer.screen.examination import Examination
from explorer.screen.job import Job
from explorer.screen.plan import Planned
from explorer.screen.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A batch that has been through."""

    records: list[Record]
    keys: list[bytes | None]
    """For each record the key of its answer; None where there is none."""
    answers: dict[bytes, Phenotype]
    """By key, those that are new to the worker."""
    seconds: float


class Worker:
    """Raises PromptError, TaskError, and ModelError if what the screen starts from overflows."""

    def __init__(self, job: Job, breathe: Callable[[], None] = lambda: None) -> None:
        self.asked: Asked = Texts(job, breathe) if job.experiment.task is None else Examination(job, breathe)
        self._model = job.model
        self.device = job.model.device
        self._known: set[bytes] = set()
        self._most: int | None = None
        """Mutants that are known to fit into memory together; None: no batch has been too large."""

    def know(self, keys: Collection[bytes]) -> None:
        """Answers that are known already, so that they are not looked at again."""
        self._known.update(keys)

    def screen(self, items: Sequence[Planned]) -> Screened:
        """What the mutants of a batch, all of one layer, did. Raises ModelError if not even one fits into memory."""
        screened = self._screened(items)
        self._known.update(screened.answers)
        return screened

    def measure(self, items: Sequence[Planned]) -> Screened:
        """As `screen`; nothing of it is remembered, so that it may also be thrown away."""
        return self._screened(items)

    def _screened(self, items: Sequence[Planned]) -> Screened:
        started = time.perf_counter()
        records = self._records(items)
        keys = [None if each.tokens is None else answer_key(each.tokens, str(each.end)) for each in records]
        new = {
            key: (record.tokens, str(record.end))
            for key, record in zip(keys, records, strict=True)
            if key is not None and record.tokens is not None and key not in self._known
        }
        answers = dict(zip(new, self.asked.phenotypes(list(new.values())), strict=True))
        return Screened(records=records, keys=keys, answers=answers, seconds=time.perf_counter() - started)

    def _records(self, items: Sequence[Planned]) -> list[Record]:
        size = min(len(items), self._most or len(items), self._room(items))
        records: list[Record] = []
        while len(records) < len(items):
            share = items[len(records) : len(records) + size]
            try:
                records += self.asked.screen([item.mutation for item in share])
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as fault:
                if not is_out_of_memory(fault):
                    raise
                size = len(share) // 2
            if size == 0:
                raise ModelError("The device's memory does not suffice for one mutant: ask for fewer new tokens.")
            if size < len(share):
                self._most = size
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
        return records

    def _room(self, items: Sequence[Planned]) -> int:
        """How many mutants like these have room for the weights of all: in a quarter of the memory that is free."""
        largest = max(slab_bytes(self._model, Genotype((item.mutation,))) for item in items)
        return max(1, int(free_memory(self.device) / 4 / max(1, largest)))


def answer_key(tokens: Sequence[int], ending: str) -> bytes:
    """Sixteen bytes that stand for an answer, so that a million of them take little memory."""
    return blake2b(f"{ending} {' '.join(map(str, tokens))}".encode(), digest_size=16).digest()


def is_out_of_memory(fault: BaseException) -> bool:
    """Also on the CPU, where torch says it in words."""
    return isinstance(fault, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(fault)
