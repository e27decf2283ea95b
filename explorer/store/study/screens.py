"""Published screens, written as if they had been screened here: every block that was mutated is a mutant.

A screen is known by what was published of it: the same once more is not written again, and more or other mutations
make another screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import duckdb
import numpy as np
import polars as pl

from explorer.domain.experiments import Experiment
from explorer.store.study.shape import Shape
from explorer.store.writer import MUTANT_TYPES, MatrixFacts, ScreenFacts, ScreenWriter

BATCH_ROWS = 1_000_000
"""The most mutants of one transaction."""

Describe = Callable[[pl.DataFrame, str | None], pl.DataFrame]
"""Completes phenotypes to `PHENOTYPE_TYPES` by what can be computed of their texts and of the standard output."""

_UNKNOWN_COUNTS = dict.fromkeys(("phenotypes", "near_ties", "overflows", "destructive", "measured"), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What all kinds of published screens have."""

    shape: Shape
    experiment: Experiment
    mode: str
    """What was published of a mutant: text, score, cosine or counts."""
    plan: dict[str, Any]
    """As that of a screen of ours."""
    places: list[int]
    """Of its matrices in the model."""
    standard: str | None = None
    """The standard output, where it is known."""
    duplicates: int = 0
    """Mutations that were published twice with the same phenotype."""
    conflicts: int = 0
    """And with another one; the last counts."""

    @property
    def matrices(self) -> list[MatrixFacts]:
        """Cut into blocks."""
        return [self.shape.matrix(place, self.plan["step"]) for place in self.places]

    def told(self, screen: int, *, is_new: bool) -> dict[str, Any]:
        """What it is."""
        return {
            "screen": screen,
            "experiment": self.experiment.name,
            "mode": self.mode,
            "is_new": is_new,
            "matrices": len(self.places),
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
        }

    def writer(self, connection: duckdb.DuckDBPyConnection, mutants: int, *frames: pl.DataFrame) -> ScreenWriter:
        """The writer of the screen that has just these frames."""
        said = [f"{mutants} {self.standard}", *(frame.write_csv() for frame in frames)]
        digest = sha256("".join(said).encode()).hexdigest()
        facts = ScreenFacts(
            plan=self.plan,
            background="",
            mode=self.mode,
            version=f"published {digest[:12]}",
            device="",
            dtype="",
            mutants=mutants,
            baseline_tokens=(),
            baseline_text=self.standard or "",
        )
        return ScreenWriter(connection, self.shape.facts, self.experiment, facts, self.matrices, batch=lambda: 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """The non-silent mutations of a published screen."""

    published: Published
    mutations: pl.DataFrame
    """Columns `rows.MUTATION` and phenotype: sorted, each mutation once."""
    phenotypes: pl.DataFrame
    """phenotype, text, score, destructive, cosine."""
    is_whole: bool
    """Whether every other block of its matrices is silent; else nothing is known of it."""
    describe: Describe

    @property
    def mutants(self) -> int:
        """How many there are, the silent ones included."""
        if not self.is_whole:
            return len(self.mutations)
        return len(self.published.plan["operations"]) * sum(_units(matrix) for matrix in self.published.matrices)

    def store(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Write it, unless it is there already; what it is."""
        writer = self.published.writer(connection, self.mutants, self.mutations, self.phenotypes)
        is_new = not _is_finished(connection, writer.screen)
        if is_new:
            phenotypes = self.describe(self.phenotypes, self.published.standard)
            for number, mutants in enumerate(_batches(self._by_matrix())):
                writer.write(number, mutants, phenotypes if number == 0 else phenotypes.clear(), 0.0)
            writer.finish()
        return {
            **self.published.told(writer.screen, is_new=is_new),
            "mutants": self.mutants,
            "nonsilent": len(self.mutations),
            "phenotypes": len(self.phenotypes),
        }

    def _by_matrix(self) -> Iterator[pl.DataFrame]:
        """The rows of mutants, one matrix after the other."""
        of_matrices = self.mutations.partition_by("place", as_dict=True)
        for number, (place, matrix) in enumerate(zip(self.published.places, self.published.matrices, strict=True)):
            loud = of_matrices.get((place,), self.mutations.clear())
            yield _rows(number, self._grid(matrix, loud) if self.is_whole else loud)

    def _grid(self, matrix: MatrixFacts, loud: pl.DataFrame) -> pl.DataFrame:
        """All mutants of a matrix: down, across, operation, phenotype."""
        names = pl.Series(self.published.plan["operations"], dtype=pl.String)
        phenotypes = np.zeros((*_blocks(matrix), len(names)), np.uint32)
        operation = loud["operation"].replace_strict(names, range(len(names)), return_dtype=pl.Int64)
        phenotypes[loud["down"].to_numpy(), loud["across"].to_numpy(), operation.to_numpy()] = loud["phenotype"]
        down, across, number = np.indices(phenotypes.shape, dtype=np.uint32).reshape(3, -1)
        said = pl.Series("phenotype", phenotypes.ravel())
        return pl.DataFrame(
            {"down": down, "across": across, "operation": names[number], "phenotype": said}
        ).with_columns(pl.col("phenotype").replace(0, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallied:
    """A published screen of which only the counts are known."""

    published: Published
    counts: pl.DataFrame
    """place, nonsilent: sorted, and as many as there are matrices."""

    def store(self, connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        """Write it, unless it is there already; what it is."""
        writer = self.published.writer(connection, 0, self.counts)
        is_new = not _is_finished(connection, writer.screen)
        rows = self._rows()
        if is_new:
            connection.begin()
            connection.register("cube", _cube(rows))
            query = "INSERT INTO counts BY NAME SELECT $screen AS screen, * FROM cube"
            connection.execute(query, {"screen": writer.screen})
            connection.unregister("cube")
            connection.execute("UPDATE screens SET finished = now() WHERE screen = ?", [writer.screen])
            connection.commit()
        return {
            **self.published.told(writer.screen, is_new=is_new),
            "mutants": int(rows["mutants"].sum()) or None,
            "nonsilent": int(rows["nonsilent"].sum()),
            "phenotypes": None,
        }

    def _rows(self) -> pl.DataFrame:
        """Of each matrix; how many mutants it has is known if the operations are."""
        matrices, operations = self.published.matrices, len(self.published.plan["operations"])
        return pl.DataFrame(
            {
                "layer": [matrix.layer for matrix in matrices],
                "kind": [matrix.kind for matrix in matrices],
                "mutants": [operations * _units(matrix) or None for matrix in matrices],
                "nonsilent": self.counts["nonsilent"],
                **_UNKNOWN_COUNTS,
            },
            schema_overrides={"mutants": pl.Int64},
        )


def _cube(rows: pl.DataFrame) -> pl.DataFrame:
    """The sums over layers, over kinds and over both, beside the rows themselves; a null means all."""
    sums = pl.exclude("layer", "kind").sum()
    added = [rows.group_by("layer").agg(sums), rows.group_by("kind").agg(sums), rows.select(sums)]
    return (
        pl.concat([rows, *added], how="diagonal").with_columns(pl.col("mutants").replace(0, None)).sort("layer", "kind")
    )


def _rows(matrix: int, mutants: pl.DataFrame) -> pl.DataFrame:
    """The rows of one matrix as they are stored."""
    unknown = [pl.lit(None).alias(name) for name in ("first_divergence", "mean_kl", "added_nll")]
    return mutants.with_columns(
        *unknown,
        matrix=pl.lit(matrix),
        overflow=pl.lit(False),
        near_tie=pl.lit(False),
        verified=pl.lit(0),
    ).select(pl.col(name).cast(kind) for name, kind in MUTANT_TYPES.items())


def _batches(frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Frames put together, or cut, to at most `BATCH_ROWS`; one at least."""
    held = [pl.DataFrame(schema=MUTANT_TYPES)]
    for frame in frames:
        for piece in frame.iter_slices(BATCH_ROWS):
            if sum(map(len, held)) + len(piece) > BATCH_ROWS:
                yield pl.concat(held)
                held = []
            held.append(piece)
    yield pl.concat(held)


def _blocks(matrix: MatrixFacts) -> tuple[int, int]:
    return -(-matrix.rows // matrix.unit_rows), -(-matrix.columns // matrix.unit_columns)


def _units(matrix: MatrixFacts) -> int:
    down, across = _blocks(matrix)
    return down * across


def _is_finished(connection: duckdb.DuckDBPyConnection, screen: int) -> bool:
    query = "SELECT finished IS NOT NULL FROM screens WHERE screen = ?"
    return bool(connection.execute(query, [screen]).fetchall()[0][0])
