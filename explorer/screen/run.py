"""A screen from its first batch to its last: the plan in batches, the engine, the writer; it goes on where it was.

The batches of a plan are the same each time, and each is computed by itself: so a screen that was killed and goes on
ends with the rows of one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import islice

import duckdb
import torch

from explorer.domain import Experiment, Genotype
from explorer.generation.alone import decode_alone
from explorer.generation.differences import cosine_similarity, repetition
from explorer.model.anatomy import Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.weights import checksum
from explorer.notation import format_genotype
from explorer.screen.engine import Engine, Mode, Record
from explorer.screen.plan import Plan, Planned, matching, planned, planned_count, unit_size
from explorer.store.writer import MatrixFacts, ModelFacts, MutantRow, PhenotypeRow, ScreenFacts, ScreenWriter

BATCH = 32
"""Mutants of one matrix that are screened together, and stored in one transaction."""

ESTIMATE = 3
"""Batches that are run to estimate the time of a screen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a screen is."""

    screen: int
    done: int
    """Mutants, those of an earlier start included."""
    total: int
    per_second: float
    """Mutants of this start."""
    seconds_left: float
    nonsilent: int
    """Of this start, controls left out; as the next."""
    near_ties: int
    failed_controls: int
    """Controls that were not silent: errors of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be screened."""

    model: LoadedModel
    experiment: Experiment
    plan: Plan
    background: Genotype = field(default_factory=Genotype)
    mode: Mode = "divergence"


class Screen:
    """A job made ready: its matrices, its baseline, its engine. Raises PlanError, PromptError, ModelError."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.matrices = matching(job.model.anatomy, job.plan.matrices)
        self.number: int | None = None
        """Its number in the database, once it runs."""
        self.total = sum(planned_count(job.plan, matrix) for matrix in self.matrices)
        self.baseline = decode_alone(job.model, job.experiment.prompt, job.experiment.decoding, job.background)
        self._standard = job.model.decode(list(self.baseline.tokens))
        self._engine = Engine(job.model, self.baseline, job.experiment.decoding, job.background, job.mode)

    def estimate(self) -> float:
        """Seconds that the screen will take, from batches drawn evenly over its matrices."""
        places = [round(place * (len(self.matrices) - 1) / max(1, ESTIMATE - 1)) for place in range(ESTIMATE)]
        took, count = 0.0, 0
        for matrix in (self.matrices[place] for place in sorted(set(places))):
            items = list(islice(planned(self.job.plan, matrix), BATCH))
            started = time.perf_counter()
            self._screen(matrix, items)
            took += time.perf_counter() - started
            count += len(items)
        return self.total * took / count

    def run(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Progress]:
        """Screen what is not in the database yet, and tell after every batch. Raises StoreError."""
        writer = ScreenWriter(
            connection, _model_facts(self.job.model), self.job.experiment, self._facts(), self._matrix_facts()
        )
        self.number = writer.screen
        known = writer.phenotypes()
        done = nonsilent = near_ties = failed = here = 0
        started = time.perf_counter()
        for number, place, items in self._batches():
            if number in writer.done:
                done += len(items)
                continue
            batch_started = time.perf_counter()
            records = self._screen(self.matrices[place], items)
            rows, answers = self._rows(place, items, records, known)
            writer.write(number, rows, answers, time.perf_counter() - batch_started)
            for item, record in zip(items, records, strict=True):
                is_control, is_silent = item.operation == "control", record.first_divergence is None
                nonsilent += not is_silent and not is_control
                near_ties += record.near_tie and not is_control
                failed += not is_silent and is_control
            done, here = done + len(items), here + len(items)
            rate = here / (time.perf_counter() - started)
            yield Progress(
                screen=writer.screen,
                done=done,
                total=self.total,
                per_second=rate,
                seconds_left=(self.total - done) / rate,
                nonsilent=nonsilent,
                near_ties=near_ties,
                failed_controls=failed,
            )
        writer.finish()

    def _batches(self) -> Iterator[tuple[int, int, list[Planned]]]:
        """The number of each batch, the place of its matrix, and its mutants."""
        number = 0
        for place, matrix in enumerate(self.matrices):
            items = planned(self.job.plan, matrix)
            while batch := list(islice(items, BATCH)):
                yield number, place, batch
                number += 1

    def _screen(self, matrix: Matrix, items: Sequence[Planned]) -> list[Record]:
        assert matrix.layer is not None
        return self._engine.screen([item.mutation for item in items], matrix.layer)

    def _rows(
        self,
        place: int,
        items: Sequence[Planned],
        records: Sequence[Record],
        known: dict[tuple[tuple[int, ...], str], int],
    ) -> tuple[list[MutantRow], list[PhenotypeRow]]:
        """The rows of a batch, and the answers that are new in it; these join the known ones."""
        rows, answers = [], []
        for item, record in zip(items, records, strict=True):
            number = None
            if record.tokens is not None and record.end is not None:
                key = (record.tokens, str(record.end))
                if key not in known:
                    known[key] = len(known) + 1
                    answers.append(self._answer(known[key], *key))
                number = known[key]
            rows.append(
                MutantRow(
                    matrix=place,
                    down=item.down,
                    across=item.across,
                    operation=item.operation,
                    first_divergence=record.first_divergence,
                    overflow=record.overflow,
                    mean_kl=record.mean_kl,
                    added_nll=record.added_nll,
                    verified=record.verified,
                    near_tie=record.near_tie,
                    phenotype=number,
                )
            )
        return rows, answers

    def _answer(self, number: int, tokens: tuple[int, ...], ending: str) -> PhenotypeRow:
        text = self.job.model.decode(list(tokens))
        return PhenotypeRow(
            phenotype=number,
            text=text,
            tokens=tokens,
            ending=ending,
            cosine=cosine_similarity(self._standard, text),
            repetition=repetition(list(tokens)),
        )

    def _facts(self) -> ScreenFacts:
        return ScreenFacts(
            plan=asdict(self.job.plan),
            background=format_genotype(self.job.background),
            mode=self.job.mode,
            version=version("mutation-explorer"),
            device=_device_name(self.job.model.device),
            dtype=str(self.job.model.dtype).removeprefix("torch."),
            batch=BATCH,
            mutants=self.total,
            baseline_tokens=self.baseline.tokens,
            baseline_text=self._standard,
        )

    def _matrix_facts(self) -> list[MatrixFacts]:
        facts = []
        for matrix in self.matrices:
            height, width = unit_size(self.job.plan, matrix)
            assert matrix.layer is not None
            facts.append(
                MatrixFacts(
                    name=matrix.name,
                    layer=matrix.layer,
                    kind=matrix.kind,
                    rows=matrix.rows,
                    columns=matrix.columns,
                    unit_rows=height,
                    unit_columns=width,
                )
            )
        return facts


def _model_facts(model: LoadedModel) -> ModelFacts:
    return ModelFacts(
        name=model.name,
        source=model.source,
        family=model.anatomy.model_type,
        fingerprint=checksum(model.causal_lm),
        layers=model.anatomy.layer_count,
        parameters=model.anatomy.parameter_count,
    )


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
