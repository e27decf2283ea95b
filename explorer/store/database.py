"""A database of screens: opened, or refused with a sentence and left as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from explorer.domain.errors import BusyError, StoreError
from explorer.store.parquet import looked_at
from explorer.store.schema import MIGRATIONS, migrate, version_of

_FORBIDDEN = ("Permission denied", "Read-only file system", "Operation not permitted")
"""What the system says where a file may not be written."""


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database of ours, brought to the present version; made if there is none.

    A folder of exported screens can be opened for reading alone. Raises StoreError for a file that another program
    holds, that is broken, or that is not ours.
    """
    if path.is_dir():
        if not read_only:
            raise StoreError(f"{path} is a folder: name a database file, such as screens.duckdb.")
        with closing(looked_at(path)) as views:
            yield views
        return
    connection = _connect(path, read_only=read_only)
    try:
        with told(path):
            version = _version(connection, path)
        if not read_only:
            migrate(connection, version)
        elif version < len(MIGRATIONS):
            raise StoreError(f"{path} was made by an older version: open it once for writing, with a screen.")
        with told(path):
            yield connection
    finally:
        connection.close()


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What a damaged file makes of a question becomes a StoreError."""
    try:
        yield
    except (duckdb.IOException, duckdb.FatalException, duckdb.InternalException) as fault:
        raise refusal(path, fault) from fault


def refusal(path: Path, fault: duckdb.Error) -> StoreError:
    """What a question or a write that failed means for a user, as an error to be raised."""
    said = str(fault)
    if "No space left" in said:
        return StoreError(f"The disk that holds {path} is full: make room on it.")
    if any(words in said for words in _FORBIDDEN):
        return StoreError(
            f"{path} may not be written to: give yourself the right, or set EXPLORER_DATABASE to another."
        )
    return StoreError(f"{path} cannot be read, it may be damaged, and was left as it is: name another.")


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    if read_only and not path.exists():
        raise StoreError(f"There is no database {path}: make one with a screen.")
    if not path.parent.is_dir():
        raise StoreError(f"There is no folder {path.parent} for the database: make it first.")
    try:
        return duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as fault:
        if "lock" in str(fault).lower():
            raise BusyError(
                f"{path} is in use by another program: wait until it has ended, or name another."
            ) from fault
        if any(words in str(fault) for words in (*_FORBIDDEN, "No space left")):
            raise refusal(path, fault) from fault
        raise StoreError(f"{path} is no database that can be read, and was left as it is: name another.") from fault
    except duckdb.ConnectionException as fault:  # this process has it open in the other way
        raise BusyError(f"{path} is in use for a moment: try again.") from fault
    except duckdb.Error as fault:
        raise StoreError(f"{path} cannot be opened, and was left as it is: {fault}") from fault


def _version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    version = version_of(connection)
    if version is None:
        raise StoreError(f"{path} is a database of something else, and was left as it is: name another.")
    if version > len(MIGRATIONS):
        raise StoreError(f"{path} was made by a newer version of this program: update, or name another.")
    return version
