"""What the statistics read of a screen: counts, distributions and bitmaps.

They are stored when a screen is finished, for to count millions of mutants takes seconds; of one that is not finished
they are computed when they are asked for, by the same queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from explorer.domain.screened import USUAL, ordered
from explorer.store.frames import frame

NONSILENT = "(t.first_divergence IS NOT NULL OR t.phenotype IS NOT NULL)"
"""Of a mutant `t`; one that comes from elsewhere may have an answer without a place where it parts."""

FIRST_WORD = r"regexp_extract(lower({table}.text), '[\p{{L}}\p{{M}}\p{{N}}_]+')"
"""The first word of a phenotype's text, in small letters; "" where it has none."""

DESTRUCTIVE = "coalesce(p.destructive, t.overflow)"

MEASURED_ALONE = ("score", "cosine")
"""Modes of screens whose phenotypes are known by a measure alone: different ones may have the same."""

MOST_RECOUNTED = 300_000
"""Mutants of a screen that are counted whenever they are asked for; of more, what is stored is told."""

COSINE_BINS = 20
"""Of a distribution of cosine similarities, from 0 to 1; the last holds 1 itself."""

COSINE_BIN = (
    f"CASE WHEN p.cosine IS NOT NULL THEN least(floor(p.cosine * {COSINE_BINS}), {COSINE_BINS - 1})::INTEGER END"
)

SCORE = (
    "(try_cast(split_part(p.score, '|', 1) AS SMALLINT)"
    " + coalesce(try_cast(split_part(p.score, '|', 2) AS SMALLINT), 0))::SMALLINT"
)
"""Right answers to the questions of a task, of those that the standard gets right and of the others together; some
screens know their sum alone."""

_OF_SCREEN = """
    FROM mutants t JOIN matrices x ON x.screen = t.screen AND x.matrix = t.matrix
    LEFT JOIN phenotypes p ON p.screen = t.screen AND p.phenotype = t.phenotype
    WHERE t.screen = $screen
"""
_COUNTED = f"""
    count(*)::UINTEGER AS mutants, count(*) FILTER ({NONSILENT})::UINTEGER AS nonsilent,
    count(DISTINCT t.phenotype)::UINTEGER AS phenotypes, count(*) FILTER (t.near_tie)::UINTEGER AS near_ties,
    count(*) FILTER (t.overflow)::UINTEGER AS overflows, count(*) FILTER ({DESTRUCTIVE})::UINTEGER AS destructive,
    count(t.mean_kl)::UINTEGER AS measured, avg(t.mean_kl)::FLOAT AS mean_kl, avg(t.added_nll)::FLOAT AS mean_added_nll
"""
_COUNTS = f"""
    SELECT x.layer, x.kind, t.operation::VARCHAR AS operation, {_COUNTED} {_OF_SCREEN} AND t.operation <> 'control'
    GROUP BY CUBE (x.layer, x.kind, t.operation)
    UNION ALL
    SELECT x.layer, NULL, 'control', {_COUNTED} {_OF_SCREEN} AND t.operation = 'control'
    GROUP BY GROUPING SETS ((x.layer), ()) HAVING count(*) > 0
"""
_PAIRS = "\n".join(
    f"""
    UNION ALL
    SELECT x.layer, x.kind, '{one}+{other}', {_COUNTED} {_OF_SCREEN} AND t.operation IN ('{one}', '{other}')
    GROUP BY CUBE (x.layer, x.kind)
    """
    for one, other in combinations(USUAL, 2)
)
"""Of a screen of three operations, because phenotypes of two cannot be added."""
_DISTINCT = """
    SELECT x.layer, x.kind, count(DISTINCT t.phenotype)::UINTEGER AS phenotypes
    FROM mutants t JOIN matrices x ON x.screen = t.screen AND x.matrix = t.matrix
    WHERE t.screen = $screen AND t.operation <> 'control'
      AND (len($operations) = 0 OR t.operation::VARCHAR IN (SELECT unnest($operations::VARCHAR[])))
      AND (len($layers) = 0 OR x.layer IN (SELECT unnest($layers::INTEGER[])))
      AND (len($kinds) = 0 OR x.kind IN (SELECT unnest($kinds::VARCHAR[])))
    GROUP BY CUBE (x.layer, x.kind)
"""
_GROUPED = f"{_OF_SCREEN} AND t.operation <> 'control' GROUP BY ALL HAVING bin IS NOT NULL"
_DISTRIBUTIONS = f"""
    SELECT x.layer, x.kind, t.operation, 'cosine' AS measure,
           {COSINE_BIN}::VARCHAR AS bin,
           count(*)::UINTEGER AS mutants {_GROUPED}
    UNION ALL
    SELECT x.layer, x.kind, t.operation, 'first_divergence', t.first_divergence::VARCHAR AS bin, count(*) {_GROUPED}
    UNION ALL
    SELECT x.layer, x.kind, t.operation, 'style', p.style AS bin, count(*) {_GROUPED}
    UNION ALL
    SELECT x.layer, x.kind, t.operation, 'score', {SCORE}::VARCHAR AS bin, count(*) {_GROUPED}
"""
_UNITS = f"""
    SELECT t.matrix, t.operation::VARCHAR AS operation, t.down, t.across, {NONSILENT} AS nonsilent
    FROM mutants t WHERE t.screen = $screen AND t.operation <> 'control' AND (t.matrix = $matrix OR $matrix IS NULL)
"""
_ESTIMATES = "SELECT operation::VARCHAR, added_nll FROM estimates WHERE screen = ? AND matrix = ? ORDER BY ALL"
_MEASURED = f"""
    SELECT t.down, t.across, t.operation::VARCHAR AS operation, t.added_nll, {NONSILENT} AS nonsilent FROM mutants t
    WHERE t.screen = $screen AND t.matrix = $matrix AND t.operation <> 'control' AND t.added_nll IS NOT NULL
    ORDER BY ALL
"""
_PREDICTION_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "down": pl.UInt32,
    "across": pl.UInt32,
    "operation": pl.String,
    "predicted": pl.Float32,
    "added_nll": pl.Float32,
    "nonsilent": pl.Boolean,
}
_PACKED = """
    SELECT matrix, operation::VARCHAR AS operation, screened, nonsilent FROM bitmaps
    WHERE screen = $screen AND (matrix = $matrix OR $matrix IS NULL) ORDER BY matrix, operation
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bitmap:
    """What one operation did to the units of one matrix."""

    name: str
    layer: int
    kind: str
    operation: str
    screened: npt.NDArray[np.bool_]
    """[units down, units across], as the next."""
    nonsilent: npt.NDArray[np.bool_]


def summarise(connection: duckdb.DuckDBPyConnection, screen: int) -> None:
    """Store the summaries of a screen, in place of those that are there."""
    for table, query in (("counts", _counts(connection, screen)), ("distributions", _DISTRIBUTIONS)):
        connection.execute(f"DELETE FROM {table} WHERE screen = ?", [screen])
        connection.execute(
            f"INSERT INTO {table} BY NAME SELECT $screen AS screen, * FROM ({query}) ORDER BY ALL", {"screen": screen}
        )
    connection.execute("DELETE FROM bitmaps WHERE screen = ?", [screen])
    rows = [
        {
            "screen": screen,
            "matrix": matrix["matrix"],
            "operation": bitmap.operation,
            "screened": np.packbits(bitmap.screened).tobytes(),
            "nonsilent": np.packbits(bitmap.nonsilent).tobytes(),
        }
        for matrix in _matrices(connection, screen, None)
        for bitmap in _counted(connection, screen, [matrix])
    ]
    if rows:
        connection.register("packed", pl.DataFrame(rows))
        connection.execute("INSERT INTO bitmaps BY NAME SELECT * FROM packed")
        connection.unregister("packed")


def counts(connection: duckdb.DuckDBPyConnection, screen: int) -> pl.DataFrame:
    """Counts of a screen's mutants for every layer, kind and operation; a null among these means all of them.

    The rows of the operation `control` are apart: no other row counts them.
    """
    source = "counts"
    if not _is_stored(connection, screen):
        source = f"(SELECT $screen AS screen, * FROM ({_counts(connection, screen)}))"
    query = f"SELECT * EXCLUDE (screen) REPLACE (operation::VARCHAR AS operation) FROM {source} WHERE screen = $screen"
    return frame(connection, query, screen=screen)


def distinct(
    connection: duckdb.DuckDBPyConnection,
    screen: int,
    *,
    operations: Sequence[str] = (),
    layers: Sequence[int] = (),
    kinds: Sequence[str] = (),
) -> pl.DataFrame:
    """Distinct phenotypes by layer and kind of the mutants that are chosen (empty: all); null means all of them.

    In a screen of more than `MOST_RECOUNTED` mutants, those of several layers or kinds together are left out where not
    all are chosen: to count them takes seconds.
    """
    table = counts(connection, screen)
    screened = ordered(table["operation"])
    named = "+".join(name for name in screened if name in operations)
    is_whole = not operations or set(screened) <= set(operations)
    wanted = pl.col("operation").is_null() if is_whole else pl.col("operation") == named
    known = table.filter(wanted).select("layer", "kind", "phenotypes")
    if not layers and not kinds and (is_whole or known.height):
        return known
    ((listed,),) = connection.execute("SELECT count(*) FROM mutants WHERE screen = ?", [screen]).fetchall()
    if 0 < listed <= MOST_RECOUNTED:
        values = {"operations": list(operations), "layers": list(layers), "kinds": list(kinds)}
        return frame(connection, _DISTINCT, screen=screen, **values)
    return known.filter(
        pl.col("layer").is_not_null() if layers else pl.lit(value=True),
        pl.col("kind").is_not_null() if kinds else pl.lit(value=True),
    )


def distribution(connection: duckdb.DuckDBPyConnection, screen: int, measure: str) -> pl.DataFrame:
    """Mutants by layer, kind, operation and bin of `cosine` (from 0 to 19), `first_divergence`, `score` or `style`."""
    source = "distributions"
    if not _is_stored(connection, screen):
        source = f"(SELECT $screen AS screen, * FROM ({_DISTRIBUTIONS}))"
    query = f"""
        SELECT layer, kind, operation::VARCHAR AS operation, bin, mutants FROM {source}
        WHERE screen = $screen AND measure = $measure
    """
    return frame(connection, query, screen=screen, measure=measure)


def bitmaps(connection: duckdb.DuckDBPyConnection, screen: int, matrix: str | None = None) -> list[Bitmap]:
    """Of every matrix and operation of a screen, or of one matrix: its mutants are looked through if it may grow."""
    matrices = _matrices(connection, screen, matrix)
    if not _is_stored(connection, screen, has_growing=matrix is None):
        return list(_counted(connection, screen, matrices))
    by_number = {row["matrix"]: row for row in matrices}
    only = None if matrix is None else next(iter(by_number), None)
    packed = connection.execute(_PACKED, {"screen": screen, "matrix": only}).fetchall()
    return [
        _bitmap(
            by_number[number], operation, _unpacked(by_number[number], screened), _unpacked(by_number[number], loud)
        )
        for number, operation, screened, loud in packed
        if number in by_number
    ]


def predictions(connection: duckdb.DuckDBPyConnection, screen: int, matrix: str) -> pl.DataFrame:
    """The mutants of a matrix of which both are known: what was estimated to first order, and what was measured.

    Columns down, across, operation, `predicted` and `added_nll` (nats a token), nonsilent; empty where none are.
    """
    found = _matrices(connection, screen, matrix)
    known = connection.execute(_ESTIMATES, [screen, found[0]["matrix"]]).fetchall() if found else []
    if not known:
        return pl.DataFrame(schema=_PREDICTION_TYPES)
    (facts,) = found
    down, across = np.indices(units_of(facts), np.uint32).reshape(2, -1)
    estimated = pl.concat(
        pl.DataFrame({"down": down, "across": across, "predicted": np.frombuffer(packed, np.float32)}).with_columns(
            operation=pl.lit(operation)
        )
        for operation, packed in known
    )
    measured = frame(connection, _MEASURED, screen=screen, matrix=facts["matrix"])
    return measured.join(estimated, on=["down", "across", "operation"]).select(*_PREDICTION_TYPES)


def _counted(
    connection: duckdb.DuckDBPyConnection, screen: int, matrices: Sequence[dict[str, Any]]
) -> Iterator[Bitmap]:
    """Bitmaps from the mutants themselves."""
    only = matrices[0]["matrix"] if len(matrices) == 1 else None
    units = frame(connection, _UNITS, screen=screen, matrix=only)
    groups = units.partition_by("matrix", "operation", as_dict=True)
    for matrix in matrices:
        for operation in ordered(name for number, name in groups if number == matrix["matrix"]):
            group = groups[matrix["matrix"], operation]
            shape = units_of(matrix)
            screened, loud = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
            down, across = group["down"].to_numpy(), group["across"].to_numpy()
            screened[down, across] = True
            loud[down, across] = group["nonsilent"].to_numpy()
            yield _bitmap(matrix, operation, screened, loud)


def _bitmap(
    matrix: dict[str, Any], operation: str, screened: npt.NDArray[np.bool_], nonsilent: npt.NDArray[np.bool_]
) -> Bitmap:
    return Bitmap(
        name=matrix["name"],
        layer=matrix["layer"],
        kind=matrix["kind"],
        operation=operation,
        screened=screened,
        nonsilent=nonsilent,
    )


def units_of(matrix: dict[str, Any]) -> tuple[int, int]:
    """How many units a matrix, a row of the table `matrices`, has downwards and across."""
    return -(-matrix["rows"] // matrix["unit_rows"]), -(-matrix["columns"] // matrix["unit_columns"])


def _unpacked(matrix: dict[str, Any], packed: bytes) -> npt.NDArray[np.bool_]:
    down, across = units_of(matrix)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=down * across)
    return bits.reshape(down, across).view(np.bool_)


def _matrices(connection: duckdb.DuckDBPyConnection, screen: int, name: str | None) -> list[dict[str, Any]]:
    query = "SELECT * FROM matrices WHERE screen = $screen AND (name = $name OR $name IS NULL) ORDER BY matrix"
    return frame(connection, query, screen=screen, name=name).rows(named=True)


def _counts(connection: duckdb.DuckDBPyConnection, screen: int) -> str:
    """The query that counts a screen."""
    query = "SELECT json_extract(plan, '$.operations')::VARCHAR[], is_partial, mode FROM screens WHERE screen = ?"
    ((operations, is_partial, mode),) = connection.execute(query, [screen]).fetchall()
    counted = _COUNTS + (_PAIRS if set(operations) == set(USUAL) else "")
    unknown = ["mutants"] if is_partial else []  # nobody knows how many there were
    unknown += ["phenotypes"] if mode in MEASURED_ALONE else []
    nulls = ", ".join(f"NULL::UINTEGER AS {name}" for name in unknown)
    return f"SELECT * REPLACE ({nulls}) FROM ({counted})" if unknown else counted


def _is_stored(connection: duckdb.DuckDBPyConnection, screen: int, *, has_growing: bool = True) -> bool:
    """Whether the summaries are read: of a finished screen, and of a large one on its way if that is good enough."""
    query = """
        SELECT s.finished IS NOT NULL OR coalesce(c.mutants > ?, false) FROM screens s
        LEFT JOIN (SELECT screen, max(mutants) AS mutants FROM counts GROUP BY screen) c USING (screen)
        WHERE s.screen = ?
    """
    ((is_stored,),) = connection.execute(query, [MOST_RECOUNTED if has_growing else None, screen]).fetchall() or [
        (False,)
    ]
    return bool(is_stored)


def growing(connection: duckdb.DuckDBPyConnection, screens: Sequence[int]) -> list[int]:
    """Those of some screens that are counted whenever they are asked for, because nothing is stored of them yet."""
    return [screen for screen in screens if not _is_stored(connection, screen)]
