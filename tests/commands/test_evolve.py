"""Evolve as a user types it, killed and gone on with."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.checkout import ROOT
from tests.commands.typed import typed

ASKED = """
title = "Tiny"
targets = ["likely:w7 w8", "says:w3", "mutations"]
chat = false
prompts = ["w1 w5", "w2 w5", "w3 w5", "w4 w5", "w6 w5", "w7 w5", "w8 w5", "w9 w5"]
step = 8
most = 3
evaluations = 96
population = 12

[decoding]
max_new_tokens = 6
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What is asked."""
    path = tmp_path / "tiny.toml"
    path.write_text(ASKED, encoding="utf-8")
    return path


def test_a_search_is_told_listed_and_written_as_parquet(folder: str, file: Path, tmp_path: Path) -> None:
    database, out_folder = tmp_path / "evolve.duckdb", tmp_path / "out"
    common = ("evolve", str(file), "--evaluations", "24", "--db", str(database), "--model", folder)
    code, out, err = typed(*common, "--parquet", str(out_folder), "--json")
    assert code == 0, err
    report = json.loads(out)
    assert report["verdict"]["tried"] == 24
    assert report["verdict"]["rated"][0]["role"] == "winner"
    assert report["asked"]["targets"] == ["likely:w7 w8", "says:w3", "mutations"]
    assert pl.read_parquet(out_folder / "genotypes.parquet").height == 48
    code, told, _ = typed(*common)
    assert code == 0
    for words in ("24 genotypes tried, and 24 by chance", "best by chance", "the winner less the best by chance"):
        assert words in told
    code, _, err = typed(*common, "--parquet", str(out_folder))
    assert (code, "is not empty" in err) == (2, True)


def test_what_there_is_is_listed(folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path) -> None:
    monkeypatch.setenv("EXPLORER_DATABASE", str(tmp_path / "own.duckdb"))
    code, told, _ = typed("evolve", "--list", "--model", folder)
    assert code == 0
    for words in ("poet: ", "heal: ", "style:…: Share of the answers", "kl:near|far: ", "None is stored yet."):
        assert words in told
    assert typed("evolve", str(file), "--evaluations", "12", "--model", folder)[0] == 0
    listed = json.loads(typed("evolve", "--list", "--model", folder, "--json")[1])
    assert [each["asked"]["title"] for each in listed["evolutions"]] == ["Tiny"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sonnet",), "There is no preset 'sonnet'"),
        (("none.toml",), "cannot be read"),
        (("poet", "--target", "beauty"), "There is no target 'beauty'"),
        (("poet", "--target", "style"), "needs a style after a colon"),
        (("poet", "--prompts", "none.txt"), "cannot be read"),
        (("poet", "--matrices", "99.down"), "names no matrix"),
        (("poet", "--operations", "burn"), "is no operation"),
        (("poet", "--most", "0"), "1 to 16 mutations"),
        (("poet", "--evaluations", "2"), "is not possible"),
        (("poet", "--background", "1.dwon=0"), "no part 'dwon'"),
    ],
)
def test_mistakes(folder: str, arguments: tuple[str, ...], words: str) -> None:
    code, _, err = typed("evolve", *arguments, "--model", folder)
    assert code == 2
    assert words in err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("evaluatons = 3", "there is no key 'evaluatons'"),
        ('population = "many"', "must be of type int"),
        ("seed = -1", "The seed is a whole number"),
        ("title = ", "tiny.toml"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(folder: str, file: Path, line: str, words: str) -> None:
    file.write_text(
        f"{line}\n{ASKED}".replace("population = 12\n", "" if "population" in line else "population = 12\n")
    )
    code, _, err = typed("evolve", str(file), "--model", folder)
    assert code == 2
    assert words in err


def test_one_that_is_killed_comes_to_the_same_result(folder: str, file: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.duckdb", tmp_path / "killed.duckdb"
    command = [sys.executable, "-m", "explorer", "evolve", str(file), "--model", folder, "--device", "cpu", "--json"]
    first = subprocess.run([*command, "--db", str(whole)], cwd=ROOT, capture_output=True, check=True)
    process = subprocess.Popen(
        [*command, "--db", str(killed)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if killed.exists() and killed.with_suffix(".duckdb.wal").exists() and killed.stat().st_size > 0:
            time.sleep(0.3)
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = subprocess.run([*command, "--db", str(killed)], cwd=ROOT, capture_output=True, check=True)
    assert json.loads(again.stdout)["verdict"] == json.loads(first.stdout)["verdict"]
    with duckdb.connect(killed) as one, duckdb.connect(whole) as other:
        for table in ("genotypes", "measurements"):
            query = f"SELECT * FROM {table} ORDER BY ALL"
            assert one.execute(query).fetchall() == other.execute(query).fetchall()
