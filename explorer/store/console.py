"""One question to a database, whoever asks it: read only, nothing but that database, within limits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from explorer.domain.errors import StoreError
from explorer.store.database import opened
from explorer.store.parquet import quoted

EXAMPLE = "SELECT operation, count(*) FROM mutants GROUP BY ALL"
MOST_ROWS, MOST_SECONDS = 10_000, 60.0
"""Of an answer, and of the time that it takes, unless the user asks for others."""

_TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a question gives."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_cut: bool
    """Whether there are more rows than were asked for."""


def _never() -> bool:
    return False


def ask(
    path: Path,
    query: str,
    *,
    most_rows: int = MOST_ROWS,
    most_seconds: float = MOST_SECONDS,
    is_over: Callable[[], bool] = _never,
) -> Answer:
    """Ask a database file, or a folder of exported screens, one question.

    It can read that database and nothing else of the machine: no other file, no extension, no setting. Raises
    StoreError for what is no single question, what the database does not take, what takes too long, and when `is_over`
    says that nobody waits for it any more.
    """
    statement = _single(query)
    with opened(path, read_only=True) as connection:
        _lock(connection, path)
        with closing(connection.cursor()) as cursor:  # of the same locked database, so that another thread can end it
            return _within(most_seconds, cursor, lambda: _answer(cursor, statement, most_rows), is_over)


def schema_of(path: Path) -> dict[str, list[tuple[str, str]]]:
    """The tables of a database, each with the names and types of its columns. Raises StoreError."""
    query = """
        SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = 'main' ORDER BY table_name, ordinal_position
    """
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in ask(path, query).rows:
        tables.setdefault(str(table), []).append((str(column), str(kind)))
    return tables


def frame_of(answer: Answer) -> pl.DataFrame:
    """An answer as a frame; what is neither number, text, truth nor time is told as text, and no name comes twice."""
    known = answer.columns
    names = [name if name not in known[:place] else f"{name}_{place + 1}" for place, name in enumerate(known)]
    columns = zip(*answer.rows, strict=True) if answer.rows else ([] for _ in names)
    return pl.DataFrame([_series(name, list(values)) for name, values in zip(names, columns, strict=True)])


def _series(name: str, values: list[Any]) -> pl.Series:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and all(-(2**63) <= value < 2**63 for value in values if value is not None):
        return pl.Series(name, values, dtype=pl.Float64 if float in kinds else pl.Int64)
    if len(kinds) <= 1 and kinds <= {str, bool, datetime, date}:
        return pl.Series(name, values)
    if kinds <= {int, float, Decimal}:
        return pl.Series(name, [None if value is None else float(value) for value in values], dtype=pl.Float64)
    return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)


def _single(query: str) -> duckdb.Statement:
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as fault:
        raise StoreError(f"The database does not take the query: {fault}") from fault
    if not statements:
        raise StoreError(f"There is no question in that: write one such as {EXAMPLE}.")
    if len(statements) > 1:
        raise StoreError(f"One question at a time: there are {len(statements)}, separated by semicolons.")
    if statements[0].type != duckdb.StatementType.SELECT:  # EXPLAIN ANALYZE would carry out what it explains
        raise StoreError("Only questions are answered here (SELECT, SHOW, DESCRIBE, SUMMARIZE): nothing is changed.")
    return statements[0]


def _lock(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Nothing outside, for as long as the connection lives."""
    if path.is_dir():
        folders = ", ".join(quoted(f"{folder}/") for folder in (path.resolve(), path))
        connection.execute(f"SET allowed_directories = [{folders}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def _answer(cursor: duckdb.DuckDBPyConnection, statement: duckdb.Statement, most_rows: int) -> Answer:
    try:
        answer = cursor.execute(statement)
        columns = tuple(str(column[0]) for column in answer.description or [])
        rows = answer.fetchmany(most_rows + 1)
    except duckdb.InterruptException as fault:
        raise StoreError("The question was stopped.") from fault
    except duckdb.Error as fault:
        raise StoreError(f"The database does not take the query: {fault}") from fault
    return Answer(columns=columns, rows=tuple(rows[:most_rows]), is_cut=len(rows) > most_rows)


def _within(
    seconds: float, cursor: duckdb.DuckDBPyConnection, answer: Callable[[], Answer], is_over: Callable[[], bool]
) -> Answer:
    """The answer, computed in a thread of its own; Ctrl-C and the end of its time end it. Raises StoreError."""
    found: list[Answer | BaseException] = []

    def work() -> None:
        try:
            found.append(answer())
        except BaseException as fault:  # noqa: BLE001  # raised again where it is waited for
            found.append(fault)

    thread = threading.Thread(target=work, daemon=True)
    waited = 0.0
    try:  # Ctrl-C may come as soon as it starts
        thread.start()
        while thread.is_alive() and waited < seconds and not is_over():
            thread.join(_TICK_SECONDS)
            waited += _TICK_SECONDS
    finally:
        is_late = thread.is_alive()
        while thread.is_alive():  # an interrupt that comes between two steps is lost
            cursor.interrupt()
            thread.join(_TICK_SECONDS)
    if is_late and waited < seconds:
        raise StoreError("The question was stopped.")
    if is_late:
        raise StoreError(f"The question took longer than {seconds:g} s and was stopped: ask for less, or give it more.")
    (result,) = found
    if isinstance(result, BaseException):
        raise result
    return result
