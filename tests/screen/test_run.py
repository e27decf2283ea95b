"""Whole screens: what is stored, and that one that was killed ends like one that was not."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from explorer.cli import app
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.experiments import Experiment
from explorer.generation.texts import repetition
from explorer.screen.fitting import LEAST
from explorer.screen.job import Job
from explorer.screen.order import Mode
from explorer.screen.plan import Plan, Planned
from explorer.screen.run import Screen
from explorer.screen.worker import Screened, Worker
from explorer.store.database import opened
from tests.checkout import ROOT
from tests.tiny import tiny_model, tiny_tokenizer, tiny_transformer

EXPERIMENT = Experiment(
    name="words", title="Words", prompt=Prompt(text="w5 w6 w7", chat=False), decoding=Decoding(max_new_tokens=12)
)
PLAN = Plan(matrices="*.down, 1.q", step=8, operations=("max", "zero"))
TOML = 'prompt = "w5 w6 w7"\nchat = false\n[decoding]\nmax_new_tokens = 12\n'


def _rows(path: Path, table: str, order: str) -> list[tuple[Any, ...]]:
    with opened(path, read_only=True) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall()


def tiny_job(mode: Mode = "text") -> Job:
    """A screen of a tiny model that takes a second."""
    return Job(model=tiny_model("llama"), experiment=EXPERIMENT, plan=PLAN, mode=mode)


def test_a_screen_is_stored_whole_and_once(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with opened(path) as connection:
        screen = Screen(tiny_job())
        assert screen.estimate() > 0
        steps = list(screen.run(connection))
        assert steps[-1].done == steps[-1].total == screen.total == 2 * 2 * 24 + 2 * 16 + 3
        assert steps[-1].seconds_left == 0
        assert steps[-1].failed_controls == 0
        assert list(Screen(tiny_job()).run(connection)) == []  # a second time there is nothing to do
    mutants = _rows(path, "mutants", "ALL")
    assert len(mutants) == screen.total
    assert len({row[1:5] for row in mutants}) == len(mutants)
    with opened(path, read_only=True) as connection:
        assert connection.execute("SELECT count(*), min(finished) IS NOT NULL FROM screens").fetchone() == (1, True)
        lost = "SELECT count(*) FROM mutants WHERE first_divergence IS NOT NULL AND phenotype IS NULL"
        assert connection.execute(lost).fetchone() == (0,)
        texts = connection.execute("SELECT count(*), count(DISTINCT (tokens, ending)) FROM phenotypes").fetchone()
        assert texts is not None
        assert texts[0] == texts[1] > 3
        numbers = connection.execute("SELECT DISTINCT phenotype FROM phenotypes ORDER BY ALL").fetchall()
        assert [number for (number,) in numbers] == list(range(1, texts[0] + 1))


_KILLED = """
import os, pathlib, random, signal, sys, time
import torch
torch.set_num_threads(1)
from explorer.store.database import opened
from tests.screen.test_run import tiny_job
from explorer.screen.run import Screen
from explorer.screen.worker import Screened, Worker

def screen(path):
    with opened(pathlib.Path(path)) as connection:
        for _ in Screen(tiny_job()).run(connection):
            pass

calm, killed = sys.argv[1:]
dice, kills = random.Random(2), 0
while kills < 20:
    child = os.fork()
    if child == 0:
        screen(killed)
        os._exit(0)
    time.sleep(dice.uniform(0.02, 0.25))
    os.kill(child, signal.SIGKILL)
    kills += os.WIFSIGNALED(os.waitpid(child, 0)[1])
screen(killed)
screen(calm)
print(kills)
"""


def test_a_screen_that_is_killed_twenty_times_ends_like_one_that_is_not(tmp_path: Path) -> None:
    calm, killed = tmp_path / "calm.duckdb", tmp_path / "killed.duckdb"
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(calm), str(killed)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "20"
    for table, order in (("mutants", "screen, matrix, down, across, operation"), ("phenotypes", "screen, phenotype")):
        assert _rows(killed, table, order) == _rows(calm, table, order)
    assert len(_rows(killed, "batches", "ALL")) == len(_rows(calm, "batches", "ALL"))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The folder of a tiny model, and an experiment that it can answer."""
    folder, experiment = tmp_path / "tiny", tmp_path / "words.toml"
    tiny_transformer("llama").save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    experiment.write_text(TOML, encoding="utf-8")
    return folder, experiment


def test_the_command_line(tmp_path: Path, files: tuple[Path, Path]) -> None:
    path = tmp_path / "x.duckdb"
    folder, experiment = files
    arguments = [
        "screen", "--experiment", str(experiment), "--matrices", "1.down", "--step", "8", "--db", str(path),
        "--model", str(folder), "--background", "0.o*0.5",
    ]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0
    assert "49 mutants of 1 matrix, about" in result.stderr
    assert "Screen 1: 48 mutants" in result.stdout
    query = "SELECT background, mode FROM screens"
    asked = CliRunner().invoke(app, ["sql", query, "--db", str(path), "--json"])
    assert json.loads(asked.stdout) == [{"background": "0.o*0.5", "mode": "divergence"}]
    assert CliRunner().invoke(app, ["sql", query, "--db", str(path)]).stdout.splitlines()[0] == "background\tmode"


def test_places_from_a_file_and_what_it_would_cost(tmp_path: Path, files: tuple[Path, Path]) -> None:
    folder, experiment = files
    sites = tmp_path / "sites.txt"
    sites.write_text("# two corners\n1.down[0:8,0:8]\n\n1.down[31,47]  # the last\n", encoding="utf-8")
    arguments = [
        "screen", "--experiment", str(experiment), "--sites", str(sites), "--step", "8", "--operations", "max,zero",
        "--model", str(folder),
    ]  # fmt: skip
    told = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert (told.exit_code, "Only units in 2 places, such as 1.down[0:8,0:8]." in told.stdout) == (0, True)
    assert "5 mutants of 1 matrix, controls included: about" in told.stdout
    assert not list(tmp_path.glob("*.duckdb"))
    report = json.loads(CliRunner().invoke(app, [*arguments, "--dry-run", "--json"]).stdout)
    assert (report["mutants"], report["matrices"], report["plan"]["matrices"]) == (5, 1, "1.down")
    assert report["disk"] > 0
    wider = CliRunner().invoke(app, [*arguments, "--matrices", "*.down", "--dry-run"])
    assert (wider.exit_code, "5 mutants of 2 matrices" in wider.stdout) == (0, True)  # one has none of the places
    assert CliRunner().invoke(app, arguments).exit_code == 2  # a database must be named
    path = tmp_path / "x.duckdb"
    assert CliRunner().invoke(app, [*arguments, "--db", str(path)]).exit_code == 0
    assert _rows(path, "(SELECT DISTINCT down, across FROM mutants)", "ALL") == [(0, 0), (3, 5)]
    sites.write_text("# nothing\n", encoding="utf-8")
    refused = CliRunner().invoke(app, [*arguments, "--dry-run"])
    assert (refused.exit_code, "holds no place" in refused.stderr) == (2, True)


def test_what_an_estimate_measures_is_part_of_the_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screened = list[int]()
    plain = Worker._screened

    def counted(worker: Worker, items: Sequence[Planned]) -> Screened:
        screened.append(len(items))
        return plain(worker, items)

    monkeypatch.setattr(Worker, "_screened", counted)
    made = Screen(tiny_job())
    assert made.estimate() > 0
    measured = sum(screened)
    assert measured == 2 * LEAST
    assert made.disk() > 0
    with opened(tmp_path / "x.duckdb") as connection:
        list(made.run(connection))
    assert sum(screened) == made.total  # nothing was screened twice
    with opened(tmp_path / "y.duckdb") as connection:
        list(Screen(tiny_job()).run(connection))
    query = "(SELECT matrix, down, across, operation, phenotype FROM mutants)"
    assert _rows(tmp_path / "x.duckdb", query, "ALL") == _rows(tmp_path / "y.duckdb", query, "ALL")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--matrices": "9.q"}, "names no matrix"),
        ({"--operations": "burn"}, "'burn' is no operation"),
        ({"--experiment": "nobody"}, "There is no experiment 'nobody'"),
        ({"--db": "/nowhere/x.duckdb"}, "There is no folder /nowhere"),
        ({"--background": "9.q=0"}, "2 layers, 0 to 1"),
    ],
)
def test_a_mistake_gets_a_sentence(
    tmp_path: Path, files: tuple[Path, Path], change: dict[str, str], words: str
) -> None:
    folder, experiment = files
    options = {
        "--experiment": str(experiment), "--matrices": "1.q", "--db": str(tmp_path / "x.duckdb"),
        "--model": str(folder), **change,
    }  # fmt: skip
    result = CliRunner().invoke(app, ["screen", *(word for pair in options.items() for word in pair)])
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_query_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    with opened(path):
        pass
    for query, words in (("SELEC 1", "does not take the query"), ("DELETE FROM mutants", "Only questions")):
        result = CliRunner().invoke(app, ["sql", query, "--db", str(path)])
        assert (result.exit_code, words in result.stderr) == (2, True)
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT count(*) FROM batches").fetchone() == (0,)


def test_repetition() -> None:
    assert repetition([1, 2, 3, 4]) == 0
    assert repetition([1, 1, 1, 1, 1]) == pytest.approx(2 / 3)
    assert repetition([1]) == 0
