"""Files that are opened, and files that are refused and left as they are."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from explorer.domain.errors import StoreError
from explorer.store.database import opened, refusal
from explorer.store.schema import APPLICATION, MIGRATIONS, version_of


def test_a_new_file_is_made_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "new.duckdb"
    with opened(path) as connection:
        assert version_of(connection) == len(MIGRATIONS)
    with opened(path, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM mutants").fetchone() == (0,)
        with pytest.raises(duckdb.Error):
            connection.execute("DELETE FROM mutants")


def test_files_of_others_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    broken, foreign, newer = tmp_path / "broken.duckdb", tmp_path / "foreign.duckdb", tmp_path / "newer.duckdb"
    broken.write_bytes(b"not a database at all" * 50)
    with duckdb.connect(str(foreign)) as connection:
        connection.execute("CREATE TABLE application (name VARCHAR, version INTEGER)")
        connection.execute("INSERT INTO application VALUES ('something else', 1)")
    with opened(newer) as ours:
        ours.execute("UPDATE application SET version = 99")
    for path, words in ((broken, "no database"), (foreign, "something else"), (newer, "newer version")):
        before = path.read_bytes()
        with pytest.raises(StoreError, match=words), opened(path):
            pass
        assert path.read_bytes() == before
    with pytest.raises(StoreError, match="There is no database"), opened(tmp_path / "none.duckdb", read_only=True):
        pass
    with pytest.raises(StoreError, match="There is no folder"), opened(tmp_path / "nowhere" / "x.duckdb"):
        pass


def test_a_second_process_is_told(tmp_path: Path) -> None:
    path = tmp_path / "held.duckdb"
    script = (
        "import sys, pathlib\nfrom explorer.domain.errors import StoreError\n"
        "from explorer.store.database import opened\n"
        "try:\n    with opened(pathlib.Path(sys.argv[1])): pass\nexcept StoreError as fault: print(fault)"
    )
    with opened(path):
        told = subprocess.run(
            [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False
        ).stdout
    assert "is in use by another program" in told


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE application (name VARCHAR NOT NULL, version INTEGER NOT NULL)")
        connection.execute("INSERT INTO application VALUES (?, 1)", [APPLICATION])
        MIGRATIONS[0](connection)
        connection.execute("INSERT INTO phenotypes VALUES (1, 1, 'blue', [3], 'stop', 0.5, 0)")
    with pytest.raises(StoreError, match="older version"), opened(path, read_only=True):
        pass
    with opened(path) as connection:
        assert version_of(connection) == len(MIGRATIONS)
        assert connection.execute("SELECT text, style FROM phenotypes").fetchall() == [("blue", None)]
        assert connection.execute("SELECT count(*) FROM counts").fetchone() == (0,)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("IO Error: Could not write file: No space left on device", "disk that holds x.duckdb is full"),
        ("IO Error: Cannot open file: Read-only file system", "may not be written to"),
        ("IO Error: Cannot open file: Permission denied", "may not be written to"),
        ("IO Error: checksum", "may be damaged"),
    ],
)
def test_a_write_that_failed_says_what_to_do(said: str, words: str) -> None:
    assert words in str(refusal(Path("x.duckdb"), duckdb.IOException(said)))
