"""A screen from its first batch to its last: the plan in batches, the engine, the writer; it goes on where it was.

The batches of a plan are the same each time, and each is computed by itself: so a screen that was killed and goes on
ends with the rows of one that was not.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import cached_property
from itertools import chain

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import torch

from explorer.domain.notation import format_genotype
from explorer.domain.phenotype import Phenotype
from explorer.files.versions import program_version
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import edits_of
from explorer.screen.fitting import MOST, Fit, fit, largest
from explorer.screen.job import Job
from explorer.screen.known import MOST_TEXTS
from explorer.screen.order import Progress
from explorer.screen.plan import (
    Batch,
    as_stored,
    batches,
    check_operations,
    check_sites,
    corner_mutations,
    layer_of,
    matching,
    planned_count,
    unit_size,
)
from explorer.screen.worker import Screened, Worker, answer_key, is_out_of_memory
from explorer.store.writer import MUTANT_TYPES, PHENOTYPE_TYPES, MatrixFacts, ModelFacts, ScreenFacts, ScreenWriter

MOST_ESTIMATED = 10_000_000
"""Units times operations of a screen of which the first-order estimates are kept, at most."""

BYTES_A_MUTANT, COMPRESSED = 16.0, 0.5
"""Of a database: of a mutant without its text, and of a letter of a text, which is compressed."""

Execute = Callable[[Iterator[Batch]], Iterable[tuple[Batch, Screened]]]
"""What takes batches and hands them back screened, in any order, each once."""


class Screen:
    """A job made ready: its matrices and its worker. Raises PlanError, PromptError, ModelError."""

    def __init__(self, job: Job, breathe: Callable[[], None] = lambda: None, most: int = MOST) -> None:
        """`breathe` is called between forward passes, where something else may be computed; `most` limits a batch."""
        self.job = job
        self.matrices = matching(job.model.anatomy, job.plan.matrices, job.plan.unit)
        check_sites(job.plan, self.matrices)
        check_operations(job.plan, job.model.anatomy, self.matrices)
        for matrix in self.matrices:
            for mutation in corner_mutations(job.plan, matrix):
                edits_of(job.model, mutation)  # a donor that is not here is told before anything is measured
        self.number: int | None = None
        """Its number in the database, once it runs."""
        self.total = sum(planned_count(job.plan, matrix) for matrix in self.matrices)
        self.worker = Worker(job, breathe)
        self._most = most
        self._writer: ScreenWriter | None = None

    def begin(self, connection: duckdb.DuckDBPyConnection) -> ScreenWriter:
        """Note in a database that it has begun, or find how far it is there. Raises StoreError."""
        self._writer = ScreenWriter(
            connection,
            _model_facts(self.job.model),
            self.worker.asked.experiment,
            self._facts(),
            self._matrix_facts(),
            batch=lambda: self._fit.batch,
        )
        self.number = self._writer.screen
        return self._writer

    def estimate(self) -> float:
        """Seconds that it will take, or that are left of it: from its own batches, measured now or stored before."""
        if self._writer is not None and self._writer.mutants_done:
            return float((self.total - self._writer.mutants_done) * self._writer.pace)
        return float(self.total * self._fit.seconds_per_mutant)

    def disk(self) -> int:
        """Bytes that a database will take of it, roughly: by what its measured batches say."""
        kept = [screened for _, screened in self._fit.kept.values()]
        answers = [answer for screened in kept for answer in screened.answers.values()]
        letters = sum(len(answer.text) + 4 * len(answer.tokens) for answer in answers) / max(1, self._fit.measured)
        return int(self.total * (BYTES_A_MUTANT + COMPRESSED * letters))

    def run(self, connection: duckdb.DuckDBPyConnection, execute: Execute | None = None) -> Iterator[Progress]:
        """Screen what is not in the database yet, and tell after every batch. Raises StoreError."""
        writer = self._writer or self.begin(connection)
        self._writer = None
        known: dict[bytes, int] = {}
        last: deque[tuple[int, ...]] = deque(maxlen=MOST_TEXTS)
        for tokens, ending, number in writer.phenotypes():
            known[answer_key(tokens, ending)] = number
            last.append(tokens)
        self.worker.know(known)
        self.worker.asked.know(last)
        tally = _Tally(total=self.total, done=writer.mutants_done)
        todo = (each for each in batches(self.job.plan, self.matrices, writer.batch) if each.number not in writer.done)
        kept = self._kept(writer)
        if execute is None:
            done = self._execute(todo, kept)
        else:
            done = chain(kept.values(), execute(each for each in todo if each.number not in kept))
        for batch, screened in done:
            new = {key: answer for key, answer in screened.answers.items() if key not in known}
            known.update({key: number for number, key in enumerate(new, len(known) + 1)})
            answers: dict[int, Phenotype] = {known[key]: answer for key, answer in new.items()}
            writer.write(batch.number, _rows(batch, screened, known), _answers(answers), screened.seconds)
            yield tally.after(writer.screen, batch, screened)
        if not writer.is_finished:
            writer.finish(self._estimates())

    def _estimates(self) -> dict[tuple[int, str], npt.NDArray[np.float32]]:
        """What each mutant would do to first order, by the place of its matrix and its operation.

        Nothing of a screen whose question has no gradient, of very many units, or where memory lacks.
        """
        whole = replace(self.job.plan, rate=1.0, sites=())
        units = {matrix.name: unit_size(whole, matrix) for matrix in self.matrices}
        if sum(planned_count(whole, matrix) for matrix in self.matrices) > MOST_ESTIMATED:
            return {}
        try:
            estimates = self.worker.asked.estimates(lambda matrix: units.get(matrix.name))
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as fault:
            if not is_out_of_memory(fault):
                raise
            return {}
        return {
            (place, operation): estimates[matrix.name, operation]
            for place, matrix in enumerate(self.matrices)
            for operation in self.job.plan.operations
            if (matrix.name, operation) in estimates
        }

    def _kept(self, writer: ScreenWriter) -> dict[int, tuple[Batch, Screened]]:
        """The batches that were measured and need not be screened again: none if those of the screen are of another
        size, as of one that goes on."""
        found = self.__dict__.get("_fit")
        if found is None or found.batch != writer.batch:
            return {}
        return {number: each for number, each in found.kept.items() if number not in writer.done}

    def _execute(
        self, todo: Iterator[Batch], kept: dict[int, tuple[Batch, Screened]]
    ) -> Iterator[tuple[Batch, Screened]]:
        """In this thread, one after the other."""
        return (
            kept[batch.number] if batch.number in kept else (batch, self.worker.screen(batch.items)) for batch in todo
        )

    @cached_property
    def _fit(self) -> Fit:
        """Measured when it is first asked for: a screen that goes on has its batch, and need not tell its time."""
        room = largest(self.worker)
        return fit(
            self.job.plan, self.matrices, self.total, room, self._most, lambda batch: self.worker.measure(batch.items)
        )

    def _facts(self) -> ScreenFacts:
        return ScreenFacts(
            plan=as_stored(self.job.plan),
            background=format_genotype(self.job.background),
            mode=self.job.mode,
            version=program_version(),
            device=self.job.model.device_name,
            dtype=self.job.model.precision,
            mutants=self.total,
            baseline_tokens=self.worker.asked.baseline_tokens,
            baseline_text=self.worker.asked.standard,
        )

    def _matrix_facts(self) -> list[MatrixFacts]:
        facts = []
        for matrix in self.matrices:
            height, width = unit_size(self.job.plan, matrix)
            facts.append(
                MatrixFacts(
                    name=matrix.name,
                    layer=layer_of(matrix),
                    kind=matrix.kind,
                    rows=matrix.rows,
                    columns=matrix.columns,
                    unit_rows=height,
                    unit_columns=width,
                )
            )
        return facts


class _Tally:
    """Counts a screen's batches as they come."""

    def __init__(self, *, total: int, done: int) -> None:
        self._total, self._done, self._here = total, done, 0
        self._nonsilent = self._near_ties = self._failed = 0
        self._started = time.perf_counter()

    def after(self, screen: int, batch: Batch, screened: Screened) -> Progress:
        """How far the screen is with one batch more."""
        for item, record in zip(batch.items, screened.records, strict=True):
            is_control, is_silent = item.operation == "control", record.first_divergence is None
            self._nonsilent += not is_silent and not is_control
            self._near_ties += record.near_tie and not is_control
            self._failed += not is_silent and is_control
        self._done += len(batch.items)
        self._here += len(batch.items)
        rate = self._here / (time.perf_counter() - self._started)
        return Progress(
            screen=screen,
            done=self._done,
            total=self._total,
            per_second=rate,
            seconds_left=(self._total - self._done) / rate,
            nonsilent=self._nonsilent,
            near_ties=self._near_ties,
            failed_controls=self._failed,
        )


def _rows(batch: Batch, screened: Screened, known: dict[bytes, int]) -> pl.DataFrame:
    rows = [
        {
            "matrix": place,
            "down": item.down,
            "across": item.across,
            "operation": item.operation,
            "first_divergence": record.first_divergence,
            "overflow": record.overflow,
            "mean_kl": record.mean_kl,
            "added_nll": record.added_nll,
            "verified": record.verified,
            "near_tie": record.near_tie,
            "phenotype": None if key is None else known[key],
        }
        for place, item, record, key in zip(batch.places, batch.items, screened.records, screened.keys, strict=True)
    ]
    return pl.DataFrame(rows, schema=MUTANT_TYPES)


def _answers(phenotypes: dict[int, Phenotype]) -> pl.DataFrame:
    rows = [
        {"phenotype": number, **asdict(answer), "destructive": answer.is_destructive}
        for number, answer in phenotypes.items()
    ]
    return pl.DataFrame(rows, schema=PHENOTYPE_TYPES)


def _model_facts(model: LoadedModel) -> ModelFacts:
    return ModelFacts(
        name=model.name,
        source=model.source,
        family=model.anatomy.model_type,
        fingerprint=model.fingerprint,
        layers=model.anatomy.layer_count,
        parameters=model.anatomy.parameter_count,
    )
