"""Screens written as Parquet, looked at in place, and read into another database."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from explorer.cli import app
from explorer.domain.decoding import Prompt, Turn
from explorer.domain.errors import StoreError
from explorer.screen.run import Screen
from explorer.store.database import opened
from explorer.store.parquet import FORMAT, ORDERS, export_screens, import_screens
from explorer.store.queries import stored_screens
from tests.made import make_screen
from tests.screen.test_run import tiny_job


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a screen."""
    path = tmp_path_factory.mktemp("store") / "x.duckdb"
    with opened(path) as connection:
        for _ in Screen(tiny_job()).run(connection):
            pass
    return path


def _rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    with opened(path, read_only=True) as connection:
        columns = [f"{name}::VARCHAR" for name, *_ in connection.execute(f"DESCRIBE {table}").fetchall()]
        return connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY ALL").fetchall()


def test_a_screen_comes_back_as_it_was(database: Path, tmp_path: Path) -> None:
    folder, other = tmp_path / "out", tmp_path / "other.duckdb"
    with opened(database, read_only=True) as connection:
        export_screens(connection, (), folder)
    with opened(other) as connection:
        assert import_screens(connection, folder) == [1]
        assert import_screens(connection, folder) == []  # a second time there is nothing to add
    for table in ORDERS:
        assert _rows(folder, table) == _rows(database, table) == _rows(other, table)
    assert len(_rows(folder, "mutants")) > 100
    assert len(_rows(folder, "counts")) > 3


def test_a_screen_gets_the_next_number_and_shares_model_and_experiment(database: Path, tmp_path: Path) -> None:
    folder, other = tmp_path / "out", tmp_path / "other.duckdb"
    with opened(database, read_only=True) as connection:
        export_screens(connection, [1], folder)
    with opened(other) as connection:
        job = tiny_job(mode="divergence")
        for _ in Screen(job).run(connection):
            pass
        assert import_screens(connection, folder) == [2]
        counts = connection.execute("SELECT count(DISTINCT model), count(DISTINCT experiment) FROM screens").fetchone()
        assert counts == (1, 1)


def test_what_cannot_be_exported_or_imported_is_told(database: Path, tmp_path: Path) -> None:
    full, foreign, older = tmp_path / "full", tmp_path / "foreign", tmp_path / "older"
    for folder in (full, foreign, older):
        folder.mkdir()
    (full / "letter.txt").write_text("keep me", encoding="utf-8")
    (older / "format.json").write_text('{"application": "mutation-explorer", "version": 1}', encoding="utf-8")
    with opened(database, read_only=True) as connection:
        with pytest.raises(StoreError, match="is not empty"):
            export_screens(connection, (), full)
        with pytest.raises(StoreError, match="is a file: name a new folder"):
            export_screens(connection, (), full / "letter.txt")
        with pytest.raises(StoreError, match="There is no screen 7 in the database, only 1"):
            export_screens(connection, [7], tmp_path / "new")
    assert (full / "letter.txt").read_text(encoding="utf-8") == "keep me"
    for folder, words in ((foreign, "holds no exported screens"), (older, "another version")):
        with opened(tmp_path / "other.duckdb") as connection, pytest.raises(StoreError, match=words):
            import_screens(connection, folder)
    with pytest.raises(StoreError, match="is a folder"), opened(foreign):
        pass


def test_the_command_line(database: Path, tmp_path: Path) -> None:
    folder, other = tmp_path / "out", tmp_path / "other.duckdb"
    exported = CliRunner().invoke(app, ["export", str(folder), "--db", str(database)])
    assert (exported.exit_code, "MB" in exported.stdout) == (0, True)
    arguments = ["import", str(folder), "--db", str(other), "--json"]
    assert json.loads(CliRunner().invoke(app, arguments).stdout) == {"screens": [1]}
    asked = CliRunner().invoke(app, ["sql", "SELECT count(*) AS n FROM mutants", "--db", str(folder), "--json"])
    assert json.loads(asked.stdout)[0]["n"] > 100
    refused = CliRunner().invoke(app, ["import", str(tmp_path), "--db", str(other)])
    assert (refused.exit_code, "holds no exported screens" in refused.stderr) == (2, True)


def test_what_goes_with_a_prompt_makes_another_experiment(tmp_path: Path) -> None:
    told = Prompt(text="Sea?", system="Be brief.", prefill="It", turns=(Turn("user", "Hi"), Turn("assistant", "Ho")))
    with opened(tmp_path / "a.duckdb") as connection:
        for prompt in (Prompt(text="Sea?"), told, told):
            make_screen(connection, "a", prompt=prompt)
        assert [screen.prompt for screen in stored_screens(connection, "own")] == [Prompt(text="Sea?"), told]
        export_screens(connection, [2], tmp_path / "files")
    with opened(tmp_path / "b.duckdb") as connection:
        make_screen(connection, "a", prompt=Prompt(text="Sea?"))
        assert import_screens(connection, tmp_path / "files") == [2]
        assert [screen.prompt for screen in stored_screens(connection, "own")] == [Prompt(text="Sea?"), told]


@pytest.mark.parametrize(
    ("version", "lacking"),
    [
        (5, {"experiments": ["top_k", "max_length"], "screens": ["is_partial"]}),
        (4, {"experiments": ["top_k", "max_length", "extras"], "screens": ["is_partial"]}),
    ],
)
def test_files_of_the_versions_before_are_read(
    database: Path, tmp_path: Path, version: int, lacking: dict[str, list[str]]
) -> None:
    with opened(database) as connection:
        export_screens(connection, [], tmp_path / "files")
    for table, columns in lacking.items():
        file = tmp_path / "files" / f"{table}.parquet"
        pl.read_parquet(file).drop(columns).write_parquet(file)
    old = tmp_path / "files" / "format.json"
    old.write_text(old.read_text(encoding="utf-8").replace(str(FORMAT), str(version)), encoding="utf-8")
    with opened(tmp_path / "b.duckdb") as connection:
        assert len(import_screens(connection, tmp_path / "files")) == len(stored_screens(connection, "own"))
        assert not any(screen.decoding.top_k for screen in stored_screens(connection, "own"))
        assert all(screen.prompt.extras == {} for screen in stored_screens(connection, "own"))
