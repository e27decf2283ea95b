"""Screens as a folder of Parquet files, one a table: written from a database, read into one, or looked at in place.

Rows are sorted so that one matrix of one screen lies together. `format.json` says whose files they are, and their
version.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from explorer.domain.errors import StoreError
from explorer.files.folders import check_new_folder
from explorer.store.numbers import Noun, find_number, next_number
from explorer.store.schema import APPLICATION

FORMAT = 7
"""The version of the files; it grows when a column or a table of them does."""
READ = (4, 5, 6, FORMAT)
"""The versions that are read."""
_ADDED = {
    5: {"experiments": ", '' AS extras"},
    6: {"experiments": ", 0 AS top_k, 0 AS max_length", "screens": ", false AS is_partial"},
    7: {},  # operations are any names: a version of before would not know them
}
"""What each version has beyond the one before, as files of that one have it."""

ORDERS = {
    "models": "model",
    "experiments": "experiment",
    "screens": "screen",
    "matrices": "screen, matrix",
    "mutants": "screen, matrix, down, across, operation",
    "phenotypes": "screen, phenotype",
    "counts": "screen, layer, kind, operation",
    "distributions": "screen, measure, layer, kind, operation, bin",
    "bitmaps": "screen, matrix, operation",
    "estimates": "screen, matrix, operation",
    "batches": "screen, number",
    "words": "screen, word",
}
"""The tables, and how their rows are sorted."""

_FILTERS = {
    "models": "model IN (SELECT model FROM screens WHERE screen IN (SELECT unnest(?::INTEGER[])))",
    "experiments": "experiment IN (SELECT experiment FROM screens WHERE screen IN (SELECT unnest(?::INTEGER[])))",
}
_OF_SCREENS = "screen IN (SELECT unnest(?::INTEGER[]))"
_FORMAT = "format.json"
_OPTIONS = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19, ROW_GROUP_SIZE 65536"


def export_screens(connection: duckdb.DuckDBPyConnection, screens: Sequence[int], folder: Path) -> None:
    """Write some screens, all if none are named, into a folder that has no such files yet. Raises StoreError."""
    known = [row[0] for row in connection.execute("SELECT screen FROM screens ORDER BY screen").fetchall()]
    unknown = sorted(set(screens) - set(known))
    if unknown or not known:
        listed = ", ".join(map(str, known)) or "none"
        raise StoreError(
            f"There is no screen {', '.join(map(str, unknown)) or 'at all'} in the database, only {listed}."
        )
    check_new_folder(folder, StoreError)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for table, order in ORDERS.items():
            query = f"SELECT * FROM {table} WHERE {_FILTERS.get(table, _OF_SCREENS)} ORDER BY {order}"
            connection.execute(
                f"COPY ({query}) TO {quoted(folder / f'{table}.parquet')} ({_OPTIONS})",
                [list(screens) or known],
            )
        text = json.dumps({"application": APPLICATION, "version": FORMAT}) + "\n"
        (folder / _FORMAT).write_text(text, encoding="utf-8")
    except (OSError, duckdb.Error) as fault:
        raise StoreError(f"The screens cannot be written to {folder}: {fault}") from fault


def quoted(path: Path | str) -> str:
    """A path as a text of SQL, where a parameter cannot stand."""
    return "'" + str(path).replace("'", "''") + "'"


def looked_at(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection through which the files of a folder are read as if they were a database. Raises StoreError."""
    version = check_folder(folder)
    connection = duckdb.connect()
    try:
        for table in ORDERS:
            file = quoted(folder / f"{table}.parquet")
            added = "".join(_ADDED[later].get(table, "") for later in range(version + 1, FORMAT + 1))
            connection.execute(f"CREATE VIEW {table} AS SELECT *{added} FROM read_parquet({file})")
    except duckdb.Error as fault:
        connection.close()
        raise StoreError(f"{folder} holds files that cannot be read, and was left as it is: {fault}") from fault
    return connection


def import_screens(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[int]:
    """Add the screens of a folder to a database, in one transaction; those that it has already are left out.

    The numbers of the screens that were added. Raises StoreError.
    """
    source = looked_at(folder)
    try:
        connection.begin()
        added = [
            number
            for (screen,) in source.execute("SELECT screen FROM screens ORDER BY screen").fetchall()
            if (number := _import(source, connection, screen)) is not None
        ]
        connection.commit()
    except duckdb.Error as fault:
        connection.rollback()
        raise StoreError(f"The screens of {folder} do not fit into this database: {fault}") from fault
    finally:
        source.close()
    return added


def check_folder(folder: Path) -> int:
    """The version of a folder's files. Raises StoreError for one that holds no screens of ours, or too old ones."""
    try:
        held = json.loads((folder / _FORMAT).read_text(encoding="utf-8"))
        application, version = held["application"], int(held["version"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise StoreError(f"{folder} holds no exported screens: name a folder that 'export' has written.") from fault
    if application != APPLICATION or version not in READ:
        raise StoreError(
            f"{folder} was exported by another version of this program (format {version}, not {FORMAT}): "
            f"export it again with this one."
        )
    return version


def _import(source: duckdb.DuckDBPyConnection, connection: duckdb.DuckDBPyConnection, screen: int) -> int | None:
    """Copy one screen under the next free number; None if the database has it."""
    facts = source.sql("SELECT * FROM screens WHERE screen = ?", params=[screen]).pl().row(0, named=True)
    model = _shared(source, connection, "model", facts["model"])
    experiment = _shared(source, connection, "experiment", facts["experiment"])
    if find_number(connection, "screen", {**facts, "model": model, "experiment": experiment}) is not None:
        return None
    number = next_number(connection, "screen")
    for table in ORDERS:
        if table in ("models", "experiments"):
            continue
        rows = source.sql(f"SELECT * REPLACE ({number} AS screen) FROM {table} WHERE screen = ?", params=[screen]).pl()
        if table == "screens":
            rows = rows.with_columns(model=model, experiment=experiment)
        _insert(connection, table, rows)
    return number


def _shared(source: duckdb.DuckDBPyConnection, connection: duckdb.DuckDBPyConnection, noun: Noun, number: int) -> int:
    """The number, in the database, of a model or an experiment of the source; added if it is new there."""
    rows = source.sql(f"SELECT * FROM {noun}s WHERE {noun} = ?", params=[number]).pl()
    own = find_number(connection, noun, rows.row(0, named=True))
    if own is None:
        own = next_number(connection, noun)
        _insert(connection, f"{noun}s", rows.with_columns(**{noun: own}))
    return own


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: object) -> None:
    connection.register("imported", rows)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM imported")
    connection.unregister("imported")
