"""What a screen writes: itself, and its batches, each once and whole.

A batch is one transaction, and is noted as done in it: a process that dies leaves whole batches only, and one that
writes a batch again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import polars as pl

from explorer.domain import Experiment, Phenotype
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
    mutants: int
    baseline_tokens: tuple[int, ...]
    baseline_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MutantRow:
    """One mutant as it is stored; `phenotype` is the number of its answer."""

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
    "perplexity": pl.Float32,
    "style": pl.String,
}


_SUMMARIES = """
    INSERT INTO summaries
    SELECT screen, matrix, operation, count(*), count(first_divergence), count(DISTINCT phenotype),
           count(*) FILTER (near_tie), count(*) FILTER (overflow), avg(mean_kl), avg(added_nll)
    FROM mutants WHERE screen = ? GROUP BY ALL ORDER BY ALL
"""


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
        self.done = frozenset(number for number, _ in stored)
        """The batches that are in the database already."""
        self.mutants_done = sum(mutants for _, mutants in stored)

    def phenotypes(self) -> Iterator[tuple[tuple[int, ...], str, int]]:
        """Tokens, ending and number of the answers stored so far."""
        rows = self._all("SELECT tokens, ending, phenotype FROM phenotypes WHERE screen = ?", self.screen)
        return ((tuple(tokens), ending, number) for tokens, ending, number in rows)

    def write(
        self, number: int, mutants: Sequence[MutantRow], phenotypes: Mapping[int, Phenotype], seconds: float
    ) -> None:
        """Store a batch with the answers that are new in it, by number; nothing if it is stored already."""
        if self._all("SELECT 1 FROM batches WHERE screen = ? AND number = ?", self.screen, number):
            return
        rows = pl.DataFrame([asdict(row) for row in mutants], schema=_MUTANT_TYPES)
        answers = pl.DataFrame(
            [{"phenotype": number, **asdict(answer)} for number, answer in phenotypes.items()], schema=_PHENOTYPE_TYPES
        )
        self._connection.begin()
        self._connection.register("rows", rows)
        self._connection.execute(f"INSERT INTO mutants BY NAME SELECT {self.screen} AS screen, * FROM rows")
        if len(answers):
            self._connection.register("answers", answers)
            self._connection.execute(f"INSERT INTO phenotypes BY NAME SELECT {self.screen} AS screen, * FROM answers")
        self._connection.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?)", [self.screen, number, len(mutants), seconds]
        )
        self._connection.commit()

    def finish(self) -> None:
        """Note that all batches are there, and keep their counts."""
        self._connection.begin()
        self._connection.execute("DELETE FROM summaries WHERE screen = ?", [self.screen])
        self._connection.execute(_SUMMARIES, [self.screen])
        self._connection.execute(
            "UPDATE screens SET finished = now() WHERE screen = ? AND finished IS NULL", [self.screen]
        )
        self._connection.commit()

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

    def _screen(
        self, model: int, experiment: int, screen: ScreenFacts, matrices: Sequence[MatrixFacts]
    ) -> tuple[int, int]:
        """Number and batch size of the screen, begun now or before. Raises StoreError if its baseline has drifted."""
        plan = json.dumps(screen.plan, sort_keys=True)
        key = [model, experiment, plan, screen.background, screen.mode, screen.version, screen.device, screen.dtype]
        found = self._all(
            "SELECT screen, baseline_tokens, batch FROM screens WHERE model = ? AND experiment = ? AND plan = ? AND "
            "background = ? AND mode = ? AND version = ? AND device = ? AND dtype = ?",
            *key,
        )
        if found:
            if tuple(found[0][1]) != screen.baseline_tokens:
                raise StoreError(
                    "The standard output is not the one that this screen was begun with, so its mutants could not be "
                    "compared: start a new database."
                )
            return int(found[0][0]), int(found[0][2])
        number, batch = self._next("screens", "screen"), self._new_batch()
        self._connection.execute(
            "INSERT INTO screens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now(), NULL)",
            [number, *key, batch, screen.mutants, list(screen.baseline_tokens), screen.baseline_text],
        )
        for place, matrix in enumerate(matrices):
            self._connection.execute(
                "INSERT INTO matrices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [number, place, *asdict(matrix).values()]
            )
        return number, batch

    def _next(self, table: str, column: str) -> int:
        (row,) = self._all(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}")
        return int(row[0])

    def _all(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, list(values)).fetchall()
