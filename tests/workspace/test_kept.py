"""What was reported as kept is kept: a writer is killed, its disk fills up, its folder cannot be written to."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from explorer.domain.errors import StoreError
from explorer.store.database import opened
from tests.checkout import ROOT
from tests.killed import run_of

KILLS = 4
"""In the gate; `python -m benchmarks.trust` kills more often."""


def kill_and_look(database: Path, kills: int, seed: int = 0) -> dict[str, int]:
    """Kill a writer again and again; what was reported and what is there, counted."""
    draw, reported, lost, broken = random.Random(seed), 0, 0, 0
    for _ in range(kills):
        command = [sys.executable, "-m", "tests.killed", str(database), str(reported)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as writer:
            assert writer.stdout is not None
            first = json.loads(writer.stdout.readline())
            assert "kept" in first, first
            time.sleep(draw.uniform(0.0, 0.6))
            writer.send_signal(signal.SIGKILL)
            said = [first, *map(json.loads, filter(lambda line: line.endswith("\n"), writer.stdout))]
        reported = max(each["kept"] for each in said) + 1
        with opened(database) as connection:
            rows = connection.execute("SELECT genotypes[1], mutated, tags FROM runs ORDER BY run").fetchall()
            votes = {row[0] for row in connection.execute("SELECT second FROM votes").fetchall()}
        there = {genotype: (mutated, tags) for genotype, mutated, tags in rows}
        for number in range(reported):
            genotype = f"{number}.q*0"
            lost += genotype not in there or genotype not in votes or there[genotype][1] != ["kept"]
        broken += sum(mutated != run_of(int(genotype.partition(".")[0])).mutated for genotype, mutated, _ in rows)
    return {"reported": reported, "lost": lost, "broken": broken}


def test_nothing_that_was_reported_as_kept_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    counted = kill_and_look(tmp_path / "own.duckdb", KILLS)
    assert counted["reported"] >= KILLS
    assert (counted["lost"], counted["broken"]) == (0, 0)


@contextlib.contextmanager
def _small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of so many megabytes; skips where none can be made."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("A disk of its own needs the right to mount one.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def _said(database: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.killed", str(database)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_full_disk_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", 8) as disk:
        database = disk / "own.duckdb"
        with opened(database):
            pass
        free = os.statvfs(disk)
        (disk / "ballast").write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - 700_000))
        said = _said(database)
        assert "is full: make room on it" in said[-1]["fault"]
        (disk / "ballast").unlink()
        with opened(database, read_only=True) as connection:
            (count,) = connection.execute("SELECT count(*) FROM runs").fetchone() or (0,)
        assert count >= len(said) - 1


def test_a_disk_that_is_full_from_the_start_is_told(tmp_path: Path) -> None:
    with _small_disk(tmp_path / "disk", 1) as disk:
        free = os.statvfs(disk)
        (disk / "ballast").write_bytes(b"x" * (free.f_bavail * free.f_frsize))
        with pytest.raises(StoreError, match="is full: make room on it"), opened(disk / "own.duckdb"):
            pass


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_a_file_that_is_cut_short_is_told_and_left_as_it_is(tmp_path: Path, share: float) -> None:
    database = tmp_path / "own.duckdb"
    assert kill_and_look(database, 1)["lost"] == 0
    with opened(database) as connection:
        connection.execute("CHECKPOINT")
    whole = database.read_bytes()
    cut = whole[: int(len(whole) * share)]
    database.write_bytes(cut)
    try:
        with opened(database, read_only=True) as connection:
            connection.execute("SELECT * FROM runs").fetchall()
    except StoreError as fault:
        assert "was left as it is" in str(fault) or "not one of ours" in str(fault) or "newer" in str(fault)
    assert database.read_bytes() == cut
