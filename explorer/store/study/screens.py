"""Published screens, written as if they had been screened here: every block that was mutated is a mutant.

A screen is known by what was published of it: the same once more is not written again, and more or other mutations
make another screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import zip_longest
from typing import Any

import duckdb
import numpy as np
import polars as pl

from explorer.domain.experiments import Experiment
from explorer.store.study.shape import Shape
from explorer.store.summaries import MEASURED_ALONE
from explorer.store.writer import MUTANT_TYPES, MatrixFacts, ScreenFacts, ScreenWriter

BATCH_ROWS = 1_000_000
"""The most mutants of one transaction."""

Describe = Callable[[pl.DataFrame, str | None], pl.DataFrame]
"""Completes phenotypes to `PHENOTYPE_TYPES` by what can be computed of their texts and of the standard output."""

PHENOTYPE_ROWS = 60_000
"""The most phenotypes of one transaction."""

Tell = Callable[[str], None]
"""Is told how far an import is, in a sentence."""

_NO_MUTANTS = pl.DataFrame(schema=MUTANT_TYPES)


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
    is_partial: bool = False
    """Whether it lists some mutants only."""
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
            "model": self.shape.name,
            "is_partial": self.is_partial,
            "matrices": len(self.places),
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
        }

    def writer(self, connection: duckdb.DuckDBPyConnection, mutants: int, *frames: pl.DataFrame) -> ScreenWriter:
        """The writer of the screen that has just these frames."""
        digest = sha256(f"{mutants} {self.standard}".encode())
        for frame in frames:
            for piece in frame.iter_slices(BATCH_ROWS):
                digest.update(piece.write_csv().encode())
        facts = ScreenFacts(
            plan=self.plan,
            background="",
            mode=self.mode,
            version=f"published {digest.hexdigest()[:12]}",
            device="",
            dtype="",
            mutants=mutants,
            baseline_tokens=(),
            baseline_text=self.standard or "",
            is_partial=self.is_partial,
        )
        return ScreenWriter(connection, self.shape.facts, self.experiment, facts, self.matrices, batch=lambda: 0)


@dataclass(frozen=True, kw_only=True)
class Screened:
    """The non-silent mutations of a published screen."""

    published: Published
    mutations: pl.DataFrame
    """Columns `rows.MUTATION` and phenotype (null: it is silent): sorted, each mutation once."""
    phenotypes: pl.DataFrame
    """phenotype, text, score, destructive, cosine."""
    reached: dict[int, int]
    """By place of a matrix, the block up to which those that are not listed are silent; see `texts.Log`. Of those
    beyond it nothing is known."""
    describe: Describe

    @property
    def blocks(self) -> tuple[int, int]:
        """How many are known whole, and how many its matrices have."""
        matrices = dict(zip(self.published.places, self.published.matrices, strict=True))
        return sum(self.reached[place] + 1 for place in matrices), sum(map(_units, matrices.values()))

    @cached_property
    def mutants(self) -> int:
        """How many are known, the silent ones included."""
        beyond = self.mutations.filter(self._is_beyond()).height
        return len(self.published.plan["operations"]) * self.blocks[0] + beyond

    def _is_beyond(self) -> pl.Expr:
        """Whether a mutation is of a block that is not known whole."""
        downs = {
            place: _blocks(matrix)[0]
            for place, matrix in zip(self.published.places, self.published.matrices, strict=True)
        }
        of_place = pl.col("place").replace_strict(downs, return_dtype=pl.Int64)
        last = pl.col("place").replace_strict(self.reached, return_dtype=pl.Int64)
        return pl.col("across") * of_place + pl.col("down") > last

    def store(self, connection: duckdb.DuckDBPyConnection, tell: Tell = lambda _sentence: None) -> dict[str, Any]:
        """Write it, unless it is there already; what it is. `tell` is told how far it is."""
        writer = self.published.writer(connection, self.mutants, self.mutations, self.phenotypes)
        is_new = not _is_finished(connection, writer.screen)
        if is_new:
            pieces = self.phenotypes.iter_slices(PHENOTYPE_ROWS)
            mutants = _batches(self._by_matrix())
            written = 0
            for number, (rows, said) in enumerate(zip_longest(mutants, pieces)):
                if number not in writer.done:
                    described = self.describe(
                        self.phenotypes.clear() if said is None else said, self.published.standard
                    )
                    writer.write(number, _NO_MUTANTS if rows is None else rows, described, 0.0)
                written += len(said) if said is not None else 0
                tell(f"{self.published.experiment.name}: {written:,} of {len(self.phenotypes):,} phenotypes written")
            tell(f"{self.published.experiment.name}: counting {self.mutants:,} mutants")
            writer.finish()
        known, blocks = self.blocks
        return {
            **self.published.told(writer.screen, is_new=is_new),
            "mutants": self.mutants,
            "nonsilent": len(self.mutations) - self.mutations["phenotype"].null_count(),
            "phenotypes": None if self.published.mode in MEASURED_ALONE else len(self.phenotypes),
            "unknown_blocks": None if self.published.is_partial else blocks - known,
        }

    def _by_matrix(self) -> Iterator[pl.DataFrame]:
        """The rows of mutants, one matrix after the other."""
        of_matrices = self.mutations.partition_by("place", as_dict=True)
        for number, (place, matrix) in enumerate(zip(self.published.places, self.published.matrices, strict=True)):
            listed = of_matrices.get((place,), self.mutations.clear())
            yield _rows(number, self._grid(matrix, listed, self.reached[place]))

    def _grid(self, matrix: MatrixFacts, listed: pl.DataFrame, reached: int) -> pl.DataFrame:
        """The mutants of a matrix that are known: down, across, operation, phenotype."""
        columns = ["down", "across", "operation", "phenotype"]
        if reached < 0:
            return listed.select(columns)
        loud = listed.drop_nulls("phenotype")
        names = pl.Series(self.published.plan["operations"], dtype=pl.String)
        phenotypes = np.zeros((*_blocks(matrix), len(names)), np.uint32)
        operation = loud["operation"].replace_strict(names, range(len(names)), return_dtype=pl.Int64)
        phenotypes[loud["down"].to_numpy(), loud["across"].to_numpy(), operation.to_numpy()] = loud["phenotype"]
        down, across, number = np.indices(phenotypes.shape, dtype=np.uint32).reshape(3, -1)
        said = pl.Series("phenotype", phenotypes.ravel())
        every = pl.DataFrame({"down": down, "across": across, "operation": names[number], "phenotype": said})
        is_known = (pl.col("across").cast(pl.Int64) * _blocks(matrix)[0] + pl.col("down") <= reached) | (said > 0)
        return every.filter(is_known).with_columns(pl.col("phenotype").replace(0, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallied:
    """A published screen of which only the counts are known."""

    published: Published
    counts: pl.DataFrame
    """place, nonsilent, phenotypes (null where it is not known): sorted, and as many as there are matrices."""
    totals: Mapping[str, int]
    """NSMs by operation, where they are known."""
    of_layers: Mapping[int, int]
    """Distinct phenotypes of layers, where they are known; -1: of all."""

    def store(self, connection: duckdb.DuckDBPyConnection, tell: Tell = lambda _sentence: None) -> dict[str, Any]:
        """Write it, unless it is there already; what it is."""
        tell(f"{self.published.experiment.name}: writing its counts")
        others = [pl.DataFrame(list(each.items()), orient="row") for each in (self.totals, self.of_layers) if each]
        writer = self.published.writer(connection, 0, self.counts, *others)
        is_new = not _is_finished(connection, writer.screen)
        rows = self._rows()
        if is_new:
            connection.begin()
            connection.register("cube", _cube(rows, self.totals, self.of_layers))
            query = "INSERT INTO counts BY NAME SELECT $screen AS screen, * FROM cube"
            connection.execute(query, {"screen": writer.screen})
            connection.unregister("cube")
            connection.execute("UPDATE screens SET finished = now() WHERE screen = ?", [writer.screen])
            connection.commit()
        return {
            **self.published.told(writer.screen, is_new=is_new),
            "mutants": int(rows["mutants"].sum()) or None,
            "nonsilent": self.nonsilent,
            "phenotypes": None,
            "unknown_blocks": None,
        }

    @property
    def nonsilent(self) -> int | None:
        """In all; None where only phenotypes were counted."""
        counted = self.counts["nonsilent"]
        return int(counted.sum()) if counted.count() else sum(self.totals.values()) if self.totals else None

    def _rows(self) -> pl.DataFrame:
        """Of each matrix; how many mutants it has is known if the operations are."""
        matrices, operations = self.published.matrices, len(self.published.plan["operations"])
        return pl.DataFrame(
            {
                "layer": [matrix.layer for matrix in matrices],
                "kind": [matrix.kind for matrix in matrices],
                "mutants": [operations * _units(matrix) or None for matrix in matrices],
                "nonsilent": self.counts["nonsilent"],
                "phenotypes": self.counts["phenotypes"],
                **dict.fromkeys(_UNKNOWN, None),
            },
            schema=_COUNT_TYPES,
        )


_UNKNOWN = ("near_ties", "overflows", "destructive", "measured")
_COUNT_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "layer": pl.Int64, "kind": pl.String, "mutants": pl.Int64, "nonsilent": pl.Int64, "phenotypes": pl.Int64,
    **dict.fromkeys(_UNKNOWN, pl.Int64),
}  # fmt: skip


def _cube(rows: pl.DataFrame, totals: Mapping[str, int], of_layers: Mapping[int, int]) -> pl.DataFrame:
    """The sums over layers, over kinds and over both, beside the rows themselves; a null layer or kind means all.

    Null counts are unknown: phenotypes of several matrices cannot be added, but those of layers may be known. The
    totals by operation come with them.
    """
    sums = [
        pl.when(pl.col(name).count() == pl.len()).then(pl.col(name).sum()).alias(name)
        for name in ("mutants", "nonsilent")
    ]
    added = [rows.group_by("layer").agg(sums), rows.group_by("kind").agg(sums), rows.select(sums)]
    if rows.is_empty():
        added = [pl.DataFrame({"nonsilent": [sum(totals.values())]}, schema={"nonsilent": pl.Int64})]
    if totals:
        by_operation = {"operation": list(totals), "nonsilent": list(totals.values())}
        added.append(pl.DataFrame(by_operation, schema={"operation": pl.String, "nonsilent": pl.Int64}))
    known = pl.DataFrame(
        {"layer": [None if layer < 0 else layer for layer in of_layers], "known": list(of_layers.values())},
        schema={"layer": pl.Int64, "known": pl.Int64},
    )
    is_sum = pl.col("kind").is_null() & pl.col("operation").is_null() if totals else pl.col("kind").is_null()
    return (
        pl.concat([rows, *added], how="diagonal")
        .join(known, on="layer", how="left", nulls_equal=True)
        .with_columns(phenotypes=pl.when(is_sum).then("known").otherwise("phenotypes"))
        .drop("known")
        .sort("layer", "kind", nulls_last=True)
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
