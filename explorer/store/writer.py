"""What a screen writes: itself, and its batches, each once and whole.

A batch is one transaction, and is noted as done in it: a process that dies leaves whole batches only, and one that
writes a batch again changes nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from explorer.domain.errors import StoreError
from explorer.domain.experiments import Experiment
from explorer.store.behaviour import count_shared, describe
from explorer.store.numbers import Noun, find_number, next_number
from explorer.store.summaries import MOST_RECOUNTED, summarise
from explorer.store.tasks import format_task

PAUSE, SHARE = 30.0, 20.0
"""A large screen is summarised on its way, to be looked at: after so many seconds, or times as long as that takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is kept of a model."""

    name: str
    source: str
    family: str
    fingerprint: str
    layers: int
    parameters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixFacts:
    """What is kept of a screened matrix."""

    name: str
    layer: int
    kind: str
    rows: int
    columns: int
    unit_rows: int
    unit_columns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenFacts:
    """What makes a screen the same screen, and what it compares with."""

    plan: dict[str, Any]
    background: str
    mode: str
    version: str
    device: str
    dtype: str
    mutants: int
    baseline_tokens: tuple[int, ...]
    baseline_text: str
    is_partial: bool = False
    """Whether some of its mutants are listed only, and nothing is known of the others."""


MUTANT_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "matrix": pl.UInt32,
    "down": pl.UInt32,
    "across": pl.UInt32,
    "operation": pl.String,
    "first_divergence": pl.UInt16,
    "overflow": pl.Boolean,
    "mean_kl": pl.Float32,
    "added_nll": pl.Float32,
    "verified": pl.UInt16,
    "near_tie": pl.Boolean,
    "phenotype": pl.UInt32,
}
"""The columns of mutants as they are stored; `phenotype` is the number of the answer."""

PHENOTYPE_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "phenotype": pl.UInt32,
    "text": pl.String,
    "tokens": pl.List(pl.Int32),
    "ending": pl.String,
    "cosine": pl.Float32,
    "repetition": pl.Float32,
    "perplexity": pl.Float32,
    "style": pl.String,
    "destructive": pl.Boolean,
    "score": pl.String,
}
"""And those of their answers."""


class ScreenWriter:
    """Writes one screen: a new one, or the one that was begun with the same facts."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        model: ModelFacts,
        experiment: Experiment,
        screen: ScreenFacts,
        matrices: Sequence[MatrixFacts],
        batch: Callable[[], int],
    ) -> None:
        """`batch` measures how many mutants a batch has; a screen that was begun keeps its own."""
        self._connection = connection
        self._new_batch = batch
        connection.begin()
        model_id = self._model(model)
        experiment_id = self._experiment(experiment)
        self.screen, self.batch = self._screen(model_id, experiment_id, screen, matrices)
        connection.commit()
        stored = self._all("SELECT number, mutants FROM batches WHERE screen = ?", self.screen)
        ((finished,),) = self._all("SELECT finished IS NOT NULL FROM screens WHERE screen = ?", self.screen)
        self.is_finished = bool(finished)
        """Whether all of it was there before."""
        self.done = frozenset(number for number, _ in stored)
        """The batches that are in the database already."""
        self.mutants_done = sum(mutants for _, mutants in stored)
        ((seconds,),) = self._all("SELECT coalesce(sum(seconds), 0) FROM batches WHERE screen = ?", self.screen)
        self.pace = float(seconds) / max(1, self.mutants_done)
        """Seconds a mutant took, of those that are done."""
        self._written = self.mutants_done
        self._due = time.monotonic() + PAUSE

    def phenotypes(self) -> Iterator[tuple[tuple[int, ...], str, int]]:
        """Tokens, ending and number of the answers stored so far."""
        rows = self._all("SELECT tokens, ending, phenotype FROM phenotypes WHERE screen = ?", self.screen)
        return ((tuple(tokens), ending, number) for tokens, ending, number in rows)

    def write(self, number: int, mutants: pl.DataFrame, phenotypes: pl.DataFrame, seconds: float) -> None:
        """Store a batch (columns `MUTANT_TYPES`) and the answers that are new in it (columns `PHENOTYPE_TYPES`).

        Nothing is stored if the batch is there already.
        """
        if self._all("SELECT 1 FROM batches WHERE screen = ? AND number = ?", self.screen, number):
            return
        self._connection.begin()
        for table, rows in (("mutants", mutants), ("phenotypes", phenotypes)):
            if len(rows):
                self._connection.register("rows", rows)
                self._connection.execute(f"INSERT INTO {table} BY NAME SELECT {self.screen} AS screen, * FROM rows")
        self._connection.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?)", [self.screen, number, len(mutants), seconds]
        )
        self._written += len(mutants)
        if self._written > MOST_RECOUNTED and time.monotonic() > self._due:
            begun = time.monotonic()
            summarise(self._connection, self.screen)
            count_shared(self._connection, self.screen)
            self._due = time.monotonic() + max(PAUSE, SHARE * (time.monotonic() - begun))
        self._connection.commit()

    def finish(self, estimates: Mapping[tuple[int, str], npt.NDArray[np.float32]] | None = None) -> None:
        """Note that all batches are there, and keep what the statistics and the gallery read of them.

        `estimates` are of the units of matrices [down, across], by the number of the matrix and the operation.
        """
        self._connection.begin()
        summarise(self._connection, self.screen)
        describe(self._connection, self.screen)
        self._connection.execute("DELETE FROM estimates WHERE screen = ?", [self.screen])
        for (matrix, operation), values in (estimates or {}).items():
            packed = np.ascontiguousarray(values, np.float32).tobytes()
            row = {"screen": self.screen, "matrix": matrix, "operation": operation, "added_nll": packed}
            self._insert("estimates", row)
        self._connection.execute(
            "UPDATE screens SET finished = now() WHERE screen = ? AND finished IS NULL", [self.screen]
        )
        self._connection.commit()

    def _model(self, model: ModelFacts) -> int:
        return self._number("model", asdict(model))

    def _experiment(self, experiment: Experiment) -> int:
        prompt = experiment.prompt
        row: dict[str, Any] = {"name": experiment.name, "title": experiment.title}
        row |= {"prompt": prompt.text, "chat": prompt.chat}
        row["task"] = format_task(experiment.task)
        row["extras"] = json.dumps(prompt.extras, ensure_ascii=False, sort_keys=True) if prompt.extras else ""
        return self._number("experiment", {**row, **asdict(experiment.decoding)})

    def _number(self, noun: Noun, row: dict[str, Any]) -> int:
        """The number of a model or an experiment; it is stored if it is new."""
        number = find_number(self._connection, noun, row)
        if number is None:
            number = next_number(self._connection, noun)
            self._insert(f"{noun}s", {noun: number, **row})
        return number

    def _screen(
        self, model: int, experiment: int, screen: ScreenFacts, matrices: Sequence[MatrixFacts]
    ) -> tuple[int, int]:
        """Number and batch size of the screen, begun now or before. Raises StoreError if its baseline has drifted."""
        row = {**asdict(screen), "model": model, "experiment": experiment}
        row["plan"] = json.dumps(screen.plan, sort_keys=True)
        row["baseline_tokens"] = list(screen.baseline_tokens)
        number = find_number(self._connection, "screen", row)
        if number is not None:
            ((tokens, batch),) = self._all("SELECT baseline_tokens, batch FROM screens WHERE screen = ?", number)
            if tuple(tokens) != screen.baseline_tokens:
                raise StoreError(
                    "The standard output is not the one that this screen was begun with, so its mutants could not be "
                    "compared: start a new database."
                )
            return number, int(batch)
        number, batch = next_number(self._connection, "screen"), self._new_batch()
        self._insert("screens", {"screen": number, **row, "batch": batch, "started": datetime.now()})
        for place, matrix in enumerate(matrices):
            self._insert("matrices", {"screen": number, "matrix": place, **asdict(matrix)})
        return number, batch

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        places = ", ".join("?" * len(row))
        self._connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, list(values)).fetchall()
