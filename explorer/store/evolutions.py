"""Directed evolution in a database: what was asked, who was born, what was measured and is not measured again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from explorer.domain.errors import StoreError
from explorer.domain.evolution import Evolution, evolution_of
from explorer.domain.evolved import Margin, Member, Rated, Share, Verdict, without_each
from explorer.files.folders import check_new_folder
from explorer.store.frames import frame

Numbers = tuple[tuple[float, ...], tuple[str, ...]]
"""Items, and answers."""

_MEMBERS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "evolution": pl.UInt32, "number": pl.UInt32, "generation": pl.Int32, "genotype": pl.String, "origin": pl.String,
    "parents": pl.List(pl.UInt32), "scores": pl.List(pl.Float64), "fate": pl.String, "is_rival": pl.Boolean,
}  # fmt: skip
_MEASUREMENTS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "setup": pl.String, "genotype": pl.String, "numbers": pl.List(pl.Float64), "texts": pl.List(pl.String),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Specified:
    """The model that an evolution is of, as the database keeps it."""

    model: str
    source: str
    fingerprint: str
    dtype: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvolution:
    """An evolution in a database."""

    number: int
    model: str
    source: str
    fingerprint: str
    started: datetime
    asked: Evolution
    seconds: float
    measured: int
    """Genotypes, the rivals too."""
    verdict: Verdict | None
    """None: it has not come to its end."""


def begin(
    connection: duckdb.DuckDBPyConnection,
    key: str,
    specified: Specified,
    asked: Evolution,
    setups: Sequence[tuple[str, str, str]],
) -> int:
    """The number of the evolution of that key; it is noted as new if it is not there.

    `setups`: side, heading, and what its measurements are kept under.
    """
    known = connection.execute("SELECT evolution FROM evolutions WHERE key = ?", [key]).fetchone()
    number = _begin(connection, key, specified, asked) if known is None else int(known[0])
    if connection.execute("SELECT 1 FROM setups WHERE evolution = ?", [number]).fetchone() is None:
        connection.executemany("INSERT INTO setups VALUES (?, ?, ?, ?)", [(number, *each) for each in setups])
    return number


def _begin(connection: duckdb.DuckDBPyConnection, key: str, specified: Specified, asked: Evolution) -> int:
    row = connection.execute("SELECT coalesce(max(evolution), 0) + 1 FROM evolutions").fetchone()
    assert row is not None
    connection.execute(
        """
        INSERT INTO evolutions (evolution, key, started, model, source, fingerprint, dtype, version, asked, seconds)
        VALUES ($number, $key, $started, $model, $source, $fingerprint, $dtype, $version, $asked, 0)
        """,
        {
            "number": row[0], "key": key, "started": datetime.now(UTC).replace(tzinfo=None),
            "asked": json.dumps(asked.as_stored()), **asdict(specified),
        },
    )  # fmt: skip
    return int(row[0])


def founders(connection: duckdb.DuckDBPyConnection, evolution: int) -> list[tuple[str, str]]:
    """Genotype and origin of the first generation that was noted; empty: none was yet."""
    query = """
        SELECT genotype, origin FROM genotypes
        WHERE evolution = ? AND generation = 0 AND NOT is_rival ORDER BY number
    """
    return connection.execute(query, [evolution]).fetchall()


def known(connection: duckdb.DuckDBPyConnection, setups: Iterable[str]) -> dict[tuple[str, str], Numbers]:
    """What was measured before, by setup and genotype."""
    query = (
        "SELECT setup, genotype, numbers, texts FROM measurements WHERE setup IN (SELECT unnest($setups::VARCHAR[]))"
    )
    rows = connection.execute(query, {"setups": list(setups)}).fetchall()
    return {(setup, genotype): (tuple(numbers), tuple(texts)) for setup, genotype, numbers, texts in rows}


def keep_measured(connection: duckdb.DuckDBPyConnection, found: Mapping[tuple[str, str], Numbers]) -> None:
    """Keep what was measured, all or nothing."""
    rows = [[*key, list(numbers), list(texts)] for key, (numbers, texts) in found.items()]
    _insert(connection, "measurements", pl.DataFrame(rows, schema=_MEASUREMENTS, orient="row"))


def keep_members(
    connection: duckdb.DuckDBPyConnection, evolution: int, members: Sequence[Member], seconds: float, *, is_rival: bool
) -> None:
    """Put a generation in place of what was noted of its numbers, and the seconds of work so far."""
    rows = [
        [evolution, each.number, each.generation, each.genotype, each.origin, list(each.parents), list(each.values),
         each.fate, is_rival]
        for each in members
    ]  # fmt: skip
    connection.begin()
    connection.execute(
        "DELETE FROM genotypes WHERE evolution = $evolution AND number IN (SELECT unnest($numbers::INTEGER[])) "
        "AND is_rival = $is_rival",
        {"evolution": evolution, "numbers": [each.number for each in members], "is_rival": is_rival},
    )
    _insert(connection, "genotypes", pl.DataFrame(rows, schema=_MEMBERS, orient="row"))
    connection.execute("UPDATE evolutions SET seconds = greatest(seconds, ?) WHERE evolution = ?", [seconds, evolution])
    connection.commit()


def finish(connection: duckdb.DuckDBPyConnection, evolution: int, verdict: Verdict) -> None:
    """Note that it has come to its end."""
    connection.execute(
        "UPDATE evolutions SET finished = coalesce(finished, ?), verdict = ? WHERE evolution = ?",
        [datetime.now(UTC).replace(tzinfo=None), json.dumps(asdict(verdict)), evolution],
    )


def listed(connection: duckdb.DuckDBPyConnection) -> list[StoredEvolution]:
    """All evolutions, the newest first."""
    query = """
        SELECT e.*, (SELECT count(*) FROM genotypes g WHERE g.evolution = e.evolution AND len(scores) > 0) AS measured
        FROM evolutions e ORDER BY evolution DESC
    """
    return [_stored(row) for row in frame(connection, query).iter_rows(named=True)]


def stored(connection: duckdb.DuckDBPyConnection, number: int) -> StoredEvolution:
    """One evolution. Raises StoreError if there is none of that number."""
    found = next((each for each in listed(connection) if each.number == number), None)
    if found is None:
        raise StoreError(f"There is no evolution {number}: list them with  evolve --list.")
    return found


def members(connection: duckdb.DuckDBPyConnection, evolution: int, *, rivals: bool = False) -> list[Member]:
    """Those that were born, in their order; or the random ones beside them."""
    query = "SELECT * FROM genotypes WHERE evolution = $evolution AND is_rival = $rivals ORDER BY number"
    return [
        Member(
            number=row["number"], generation=row["generation"], genotype=row["genotype"], origin=row["origin"],
            parents=tuple(row["parents"]), values=tuple(row["scores"]), fate=row["fate"],
        )
        for row in frame(connection, query, evolution=evolution, rivals=rivals).iter_rows(named=True)
    ]  # fmt: skip


_UNIT = "x.layer, x.kind, x.rows, x.columns, x.unit_rows, x.unit_columns"
_OF_MODEL = """
    JOIN screens s USING (screen) JOIN models m USING (model) JOIN experiments e USING (experiment)
"""
_KNOWN = "m.fingerprint = $fingerprint AND s.background = '' AND NOT list_contains($unseen::VARCHAR[], e.prompt)"
"""Of the model, on no background, and on no prompt that is held out."""


def told_like(
    connection: duckdb.DuckDBPyConnection, fingerprint: str, unseen: Sequence[str], is_like: Callable[[str], bool],
    limit: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Screened mutants of a model whose text is alike, each text once, those of most mutants first.

    Rows as `domain.screened.unit_site` takes them, with their operation; none of screens that asked an unseen prompt.
    """
    query = f"""
        SELECT {_UNIT}, p.down, p.across, p.operation, p.text
        FROM phenotypes p {_OF_MODEL} JOIN matrices x ON x.screen = p.screen AND x.matrix = p.matrix
        WHERE {_KNOWN} AND p.down IS NOT NULL ORDER BY p.mutants DESC, p.screen, p.phenotype
    """
    rows = frame(connection, query, fingerprint=fingerprint, unseen=list(unseen)).iter_rows(named=True)
    return list(islice((row for row in rows if is_like(row["text"])), limit))


def loudest(
    connection: duckdb.DuckDBPyConnection, fingerprint: str, unseen: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """Screened mutants of a model that part from the standard output and do not destroy it, the largest KL first.

    Rows and screens as `told_like`.
    """
    query = f"""
        SELECT {_UNIT}, t.down, t.across, t.operation
        FROM mutants t {_OF_MODEL} JOIN matrices x ON x.screen = t.screen AND x.matrix = t.matrix
        LEFT JOIN phenotypes p ON p.screen = t.screen AND p.phenotype = t.phenotype
        WHERE {_KNOWN} AND t.operation <> 'control'
          AND t.first_divergence IS NOT NULL AND t.mean_kl IS NOT NULL AND NOT coalesce(p.destructive, false)
        ORDER BY t.mean_kl DESC, t.screen, t.matrix, t.down, t.across, t.operation LIMIT {limit}
    """
    return frame(connection, query, fingerprint=fingerprint, unseen=list(unseen)).to_dicts()


def export(connection: duckdb.DuckDBPyConnection, evolution: int, folder: Path) -> None:
    """Write one evolution as Parquet files, one a table: the original's numbers too, and those of what was left out.

    Raises StoreError for a folder that is not empty or cannot be written to.
    """
    verdict = stored(connection, evolution).verdict
    judged = [] if verdict is None else [rated.genotype for rated in verdict.rated]
    judged += without_each(judged[0]) if judged else []
    born = "SELECT genotype FROM genotypes WHERE evolution = $evolution"
    queries = {
        "evolutions": "SELECT * FROM evolutions WHERE evolution = $evolution",
        "genotypes": "SELECT * FROM genotypes WHERE evolution = $evolution ORDER BY is_rival, number",
        "measurements": f"""
            SELECT s.side, s.heading, m.genotype, m.numbers, m.texts FROM setups s JOIN measurements m USING (setup)
            WHERE s.evolution = $evolution AND (m.genotype IN ({born}) OR list_contains($judged::VARCHAR[], m.genotype))
            ORDER BY s.side, s.heading, m.genotype
        """,
    }
    check_new_folder(folder, StoreError)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table, query in queries.items():
            named = {"judged": judged} if "$judged" in query else {}
            frame(connection, query, evolution=evolution, **named).write_parquet(folder / f"{table}.parquet")
    except OSError as fault:
        raise StoreError(f"The evolution cannot be written to {folder}: {fault}") from fault


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    if rows.is_empty():
        return
    connection.register("rows_to_insert", rows)
    try:
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_insert")
    finally:
        connection.unregister("rows_to_insert")


def _stored(row: Mapping[str, Any]) -> StoredEvolution:
    return StoredEvolution(
        number=row["evolution"], model=row["model"], source=row["source"], fingerprint=row["fingerprint"],
        started=row["started"].replace(tzinfo=UTC), asked=evolution_of(json.loads(row["asked"])),
        seconds=row["seconds"], measured=row["measured"],
        verdict=None if row["verdict"] is None else verdict_of(json.loads(row["verdict"])),
    )  # fmt: skip


def verdict_of(stored: Mapping[str, Any]) -> Verdict:
    """A verdict from plain JSON values."""
    rated = tuple(
        Rated(**each | {"search": tuple(each["search"]), "held_out": tuple(each["held_out"])})
        for each in stored["rated"]
    )
    margins = tuple(Margin(**each) for each in stored["margins"])
    shares = tuple(Share(mutation=each["mutation"], held_out=each["held_out"]) for each in stored["shares"])
    return Verdict(**{**stored, "rated": rated, "margins": margins, "shares": shares})
