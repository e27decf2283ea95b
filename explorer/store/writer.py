"""What a screen writes: itself, and its batches, each once and whole.

A batch is one transaction, and is noted as done in it: a process that dies leaves whole batches only, and one that
writes a batch again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import polars as pl

from explorer.domain import Experiment
from explorer.errors import StoreError


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
    batch: int
    mutants: int
    baseline_tokens: tuple[int, ...]
    baseline_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantRow:
    """One mutant as it is stored; `phenotype` is the answer's place among those of `Phenotypes`."""

    matrix: int
    down: int
    across: int
    operation: str
    first_divergence: int | None
    overflow: bool
    mean_kl: float | None
    added_nll: float | None
    verified: int
    near_tie: bool
    phenotype: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhenotypeRow:
    """One answer, however many mutants give it."""

    phenotype: int
    text: str
    tokens: tuple[int, ...]
    ending: str
    cosine: float
    repetition: float


_MUTANT_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
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
_PHENOTYPE_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "phenotype": pl.UInt32,
    "text": pl.String,
    "tokens": pl.List(pl.Int32),
    "ending": pl.String,
    "cosine": pl.Float32,
    "repetition": pl.Float32,
}


class ScreenWriter:
    """Writes one screen: a new one, or the one that was begun with the same facts."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        model: ModelFacts,
        experiment: Experiment,
        screen: ScreenFacts,
        matrices: Sequence[MatrixFacts],
    ) -> None:
        self._connection = connection
        connection.begin()
        model_id = self._model(model)
        experiment_id = self._experiment(experiment)
        self.screen = self._screen(model_id, experiment_id, screen, matrices)
        connection.commit()
        self.done = frozenset(row[0] for row in self._all("SELECT number FROM batches WHERE screen = ?", self.screen))
        """The batches that are in the database already."""

    def phenotypes(self) -> dict[tuple[tuple[int, ...], str], int]:
        """The answers stored so far, by tokens and ending."""
        rows = self._all("SELECT tokens, ending, phenotype FROM phenotypes WHERE screen = ?", self.screen)
        return {(tuple(tokens), ending): number for tokens, ending, number in rows}

    def write(
        self, number: int, mutants: Sequence[MutantRow], phenotypes: Sequence[PhenotypeRow], seconds: float
    ) -> None:
        """Store a batch with the answers that are new in it; nothing if it is stored already."""
        if self._all("SELECT 1 FROM batches WHERE screen = ? AND number = ?", self.screen, number):
            return
        rows = pl.DataFrame([asdict(row) for row in mutants], schema=_MUTANT_TYPES)
        answers = pl.DataFrame([asdict(row) for row in phenotypes], schema=_PHENOTYPE_TYPES)
        self._connection.begin()
        self._connection.register("rows", rows)
        self._connection.execute(f"INSERT INTO mutants SELECT {self.screen}, * FROM rows")
        if len(answers):
            self._connection.register("answers", answers)
            self._connection.execute(f"INSERT INTO phenotypes SELECT {self.screen}, * FROM answers")
        self._connection.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?)", [self.screen, number, len(mutants), seconds]
        )
        self._connection.commit()

    def finish(self) -> None:
        """Note that all batches are there."""
        self._connection.execute(
            "UPDATE screens SET finished = now() WHERE screen = ? AND finished IS NULL", [self.screen]
        )

    def _model(self, model: ModelFacts) -> int:
        found = self._all("SELECT model FROM models WHERE fingerprint = ?", model.fingerprint)
        if found:
            return int(found[0][0])
        number = self._next("models", "model")
        self._connection.execute(
            "INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?)",
            [number, model.name, model.source, model.family, model.fingerprint, model.layers, model.parameters],
        )
        return number

    def _experiment(self, experiment: Experiment) -> int:
        decoding = experiment.decoding
        key = [
            experiment.name,
            experiment.prompt.text,
            experiment.prompt.chat,
            decoding.max_new_tokens,
            decoding.temperature,
            decoding.top_p,
            decoding.seed,
        ]
        found = self._all(
            "SELECT experiment FROM experiments WHERE name = ? AND prompt = ? AND chat = ? AND max_new_tokens = ? "
            "AND temperature = ? AND top_p = ? AND seed = ?",
            *key,
        )
        if found:
            return int(found[0][0])
        number = self._next("experiments", "experiment")
        name, *rest = key
        self._connection.execute(
            "INSERT INTO experiments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [number, name, experiment.title, *rest]
        )
        return number

    def _screen(self, model: int, experiment: int, screen: ScreenFacts, matrices: Sequence[MatrixFacts]) -> int:
        """The number of the screen, begun now or before. Raises StoreError if its baseline has drifted."""
        plan = json.dumps(screen.plan, sort_keys=True)
        key = [model, experiment, plan, screen.background, screen.mode, screen.version, screen.device, screen.dtype]
        found = self._all(
            "SELECT screen, baseline_tokens FROM screens WHERE model = ? AND experiment = ? AND plan = ? AND "
            "background = ? AND mode = ? AND version = ? AND device = ? AND dtype = ?",
            *key,
        )
        if found:
            if tuple(found[0][1]) != screen.baseline_tokens:
                raise StoreError(
                    "The standard output is not the one that this screen was begun with, so its mutants could not be "
                    "compared: start a new database."
                )
            return int(found[0][0])
        number = self._next("screens", "screen")
        self._connection.execute(
            "INSERT INTO screens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now(), NULL)",
            [number, *key, screen.batch, screen.mutants, list(screen.baseline_tokens), screen.baseline_text],
        )
        for place, matrix in enumerate(matrices):
            self._connection.execute(
                "INSERT INTO matrices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [number, place, *asdict(matrix).values()]
            )
        return number

    def _next(self, table: str, column: str) -> int:
        (row,) = self._all(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}")
        return int(row[0])

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, list(values)).fetchall()
