"""Questions to a database, from anyone: answered within limits, and nothing else of the machine is touched."""

import _thread
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from explorer.domain.errors import StoreError
from explorer.store import console
from explorer.store.console import ask
from explorer.store.database import opened
from explorer.store.parquet import export_screens
from tests.made import make_screens


@pytest.fixture(params=["file", "folder"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database with two screens, or the folder that it is exported to."""
    database, folder = tmp_path / "own.duckdb", tmp_path / "it's own"
    with opened(database) as connection:
        make_screens(connection)
        export_screens(connection, (), folder)
    return database if request.param == "file" else folder


def _state(folder: Path) -> dict[Path, float]:
    return {each: each.stat().st_mtime for each in folder.rglob("*")}


def test_a_question_is_answered(path: Path) -> None:
    answer = ask(path, "SELECT operation::VARCHAR AS done, count(*) FROM mutants GROUP BY ALL ORDER BY ALL;")
    assert answer.columns == ("done", "count_star()")
    assert answer.rows == (("control", 8), ("max", 30), ("min", 30))
    assert not answer.is_cut
    for query in ("DESCRIBE mutants", "SHOW TABLES", "SUMMARIZE screens", "WITH a AS (SELECT 1) FROM a", "VALUES (1)"):
        assert ask(path, query).rows


def test_rows_are_cut_and_that_is_told(path: Path) -> None:
    answer = ask(path, "SELECT * FROM mutants", most_rows=5)
    assert (len(answer.rows), answer.is_cut) == (5, True)
    assert not ask(path, "SELECT 1", most_rows=1).is_cut


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('{path}/../secret.csv')",
        "COPY (SELECT 1) TO '{folder}/new.csv'",
        "COPY (SELECT 1) TO '{path}/new.csv'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{path}/new.csv'",
        "ATTACH '{folder}/new.duckdb'",
        "EXPORT DATABASE '{folder}/new'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET enable_external_access",
        "PRAGMA enable_profiling",
        "CREATE TABLE new (a INT)",
        "DELETE FROM mutants",
        "DROP TABLE mutants",
        "UPDATE screens SET mutants = 0",
        "CHECKPOINT",
        "USE memory",
    ],
)
def test_nothing_else_is_read_or_written(path: Path, query: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,2\n", encoding="utf-8")
    before = _state(tmp_path)
    said = query.format(secret=secret, folder=tmp_path, path=str(path).replace("'", "''"))
    with pytest.raises(StoreError) as refused:
        ask(path, said)
    assert str(refused.value).strip()
    assert _state(tmp_path) == before
    assert ask(path, "SELECT count(*) FROM mutants").rows == ((68,),)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "There is no question in that"),
        (" ; ", "There is no question in that"),
        ("-- nothing", "There is no question in that"),
        ("SELECT 1; SELECT 2", "One question at a time: there are 2"),
        ("SELEKT 1", "does not take the query"),
        ("SELECT * FROM nowhere", "does not take the query"),
        ("\x00", "does not take the query"),
    ],
)
def test_what_is_no_question_gets_a_sentence(path: Path, query: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        ask(path, query)


ENDLESS = "SELECT count(*) FROM range(1000000000000)"


def test_a_question_that_takes_too_long_is_stopped(path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(StoreError, match=r"longer than 0.3 s and was stopped"):
        ask(path, ENDLESS, most_seconds=0.3)
    assert time.monotonic() - started < 30


def test_control_c_stops_a_question(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_and_interrupt(*arguments: Any) -> Any:
        _thread.interrupt_main()
        return answer(*arguments)

    answer, before = console._answer, set(threading.enumerate())
    monkeypatch.setattr(console, "_answer", answer_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        ask(path, ENDLESS)
    assert set(threading.enumerate()) <= before  # the question does not go on behind our back
