"""Batches that do not fit into memory, and how large a batch is made."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from explorer.domain.errors import ModelError
from explorer.domain.genotype import Mutation
from explorer.screen import fitting
from explorer.screen.asked import Record
from explorer.screen.job import Job
from explorer.screen.plan import Batch, batches, matching
from explorer.screen.worker import Screened, Worker
from tests.screen.test_run import tiny_job


def _items(job: Job) -> list:  # type: ignore[type-arg]
    matrices = matching(job.model.anatomy, job.plan.matrices)
    return list(next(batches(job.plan, matrices, 12)).items)


@pytest.mark.parametrize(
    "fault", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_a_batch_that_does_not_fit_is_halved_and_stays_halved(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = tiny_job()
    worker = Worker(job)
    items = _items(job)
    whole = worker.screen(items)
    engine, sizes = worker.asked.screen, list[int]()

    def narrow(mutations: Sequence[Mutation]) -> list[Record]:
        sizes.append(len(mutations))
        if len(mutations) > 3:
            raise fault
        return engine(mutations)

    monkeypatch.setattr(worker.asked, "screen", narrow)
    cut = worker.screen(items)
    assert sizes == [12, 6, 3, 3, 3, 3]
    for one, other in zip(cut.records, whole.records, strict=True):
        assert (one.first_divergence, one.tokens, one.end) == (other.first_divergence, other.tokens, other.end)
        assert one.mean_kl == pytest.approx(other.mean_kl, rel=1e-4, abs=1e-6)
    assert cut.keys == whole.keys
    assert cut.answers == {}  # they are known from the first time
    sizes.clear()
    worker.screen(items)
    assert sizes == [3, 3, 3, 3]


def test_other_faults_are_not_taken_for_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    job = tiny_job()
    worker = Worker(job)

    def fails(_: Sequence[Mutation]) -> list[Record]:
        raise RuntimeError("a shape is wrong")

    monkeypatch.setattr(worker.asked, "screen", fails)
    with pytest.raises(RuntimeError, match="a shape is wrong"):
        worker.screen(_items(job))

    def never_fits(_: Sequence[Mutation]) -> list[Record]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(worker.asked, "screen", never_fits)
    with pytest.raises(ModelError, match="does not suffice for one mutant"):
        worker.screen(_items(job))


@pytest.mark.parametrize(
    ("overhead", "room", "batch"),
    [(100.0, 10_000, 128), (3.0, 10_000, 64), (0.0, 10_000, 32), (100.0, 65, 64)],
)
def test_a_batch_is_doubled_while_it_pays_and_fits(overhead: float, room: int, batch: int) -> None:
    job = tiny_job()
    job = replace(job, plan=replace(job.plan, unit="weight"))
    worker = Worker(job)
    matrices = matching(job.model.anatomy, job.plan.matrices)
    measured = list[Batch]()

    def measure(each: Batch) -> Screened:
        measured.append(each)
        return replace(worker.measure(each.items[:1]), seconds=overhead + 0.5 * len(each.items))

    found = fitting.fit(job.plan, matrices, fitting.LONG + 1, room, fitting.MOST, measure)
    assert found.batch == batch
    assert sum(len(each.items) for each in measured) <= fitting.MOST_MEASURED * (fitting.LONG + 1)
    assert [len(each.items) for each, _ in found.kept.values()] == [batch] * (2 if batch == 32 else 1)
    assert fitting.fit(job.plan, matrices, fitting.LONG + 1, room, 32, measure).batch == 32
    measured.clear()
    short = fitting.fit(job.plan, matrices, fitting.LONG, room, fitting.MOST, measure)
    assert (short.batch, short.measured, len(measured)) == (fitting.LEAST, 64, 2)
    assert short.seconds_per_mutant == pytest.approx(overhead / fitting.LEAST + 0.5)
    plain = {each.number: each for each in batches(job.plan, matrices, fitting.LEAST)}
    assert all(
        plain[number].items == each.items for number, (each, _) in short.kept.items()
    )  # they are the screen's own


def test_what_was_measured_is_not_remembered() -> None:
    job = tiny_job()
    worker = Worker(job)
    items = _items(job)
    assert worker.measure(items).seconds > 0
    assert len(worker.screen(items).answers) > 0
