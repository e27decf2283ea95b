"""The record's facade: what is kept, what waits, and what is told when a database cannot be written."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.domain.decoding import Prompt
from explorer.domain.experiments import Experiment
from explorer.domain.record import NEWEST, Facets, Order, Run, Wanted
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.model.weights import checksum
from explorer.screen.order import Order as ScreenOrder
from explorer.screen.plan import Plan
from explorer.store.database import opened
from explorer.store.library import Library
from explorer.workspace import record as recording
from explorer.workspace.record import Recording
from explorer.workspace.workspace import Workspace
from tests.tiny import tiny_model, tiny_tokenizer, tiny_transformer

RUN = Run(kind="explore", genotypes=("1.mlp*0",), prompt=Prompt(text="w5"), metrics={"mean_kl": 0.5})
_HOLD = "import sys, duckdb\nheld = duckdb.connect(sys.argv[1])\nprint('held', flush=True)\nsys.stdin.read()"


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    """A tiny model."""
    return tiny_model("llama")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database will be."""
    return tmp_path / "new" / "own.duckdb"


@pytest.fixture
def record(path: Path, tmp_path: Path) -> Recording:
    """A record with no database yet."""
    return Recording(Library(tmp_path / "bundled", path))


def _genotypes(record: Recording) -> list[str]:
    record.settle()
    return [entry.run.genotype for entry in record.page(Wanted()).entries]


@contextmanager
def _held_by_another(path: Path) -> Iterator[None]:
    """While it lasts, another process holds the database."""
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield
        assert other.stdin is not None
        other.stdin.close()


def test_nothing_is_there_before_the_first_run(record: Recording, path: Path) -> None:
    assert record.page(Wanted()).total == 0
    assert record.facets() == Facets()
    assert record.entries([1]) == ()
    assert record.timeline("mean_kl", Wanted()).is_empty()
    assert record.page_of(Wanted(), NEWEST, 1) is None
    assert not path.exists()


def test_a_run_is_kept_with_what_it_was_made_with(record: Recording, model: LoadedModel) -> None:
    record.keep(model, RUN)
    record.keep(model, replace(RUN, genotypes=("0.mlp*0", "1.attn*0"), kind="comparison"))
    assert _genotypes(record) == ["0.mlp*0  |  1.attn*0", "1.mlp*0"]
    (entry,) = record.entries([1])
    assert entry.run == RUN
    assert entry.setup.fingerprint == checksum(model.causal_lm)
    assert (entry.setup.model, entry.setup.device, entry.setup.dtype) == (model.name, "cpu", "float32")
    assert entry.setup.torch.startswith("2.")
    assert record.news() == ""


def test_a_database_that_another_program_holds_is_told_once_and_nothing_is_lost(
    record: Recording, model: LoadedModel, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "PATIENCE_SECONDS", 0.1)
    record.keep(model, RUN)
    record.settle()
    with _held_by_another(path):
        record.keep(model, replace(RUN, genotypes=("2*0",)))
        record.settle()
        told = record.news()
        assert told.startswith("The run is shown, but it is not kept in the History:")
        assert "in use by another program" in told
        record.keep(model, replace(RUN, genotypes=("3*0",)))
        record.settle()
        assert record.news() == ""  # it was told
        assert record.fault != ""
    record.keep(model, replace(RUN, genotypes=("4*0",)))
    assert _genotypes(record) == ["4*0", "3*0", "2*0", "1.mlp*0"]
    assert (record.fault, record.news()) == ("", "")


def test_a_database_that_is_held_for_a_moment_is_waited_for(record: Recording, model: LoadedModel, path: Path) -> None:
    record.keep(model, RUN)
    record.settle()
    with _held_by_another(path):
        record.keep(model, replace(RUN, genotypes=("2*0",)))
    assert _genotypes(record) == ["2*0", "1.mlp*0"]


def test_a_folder_that_cannot_be_written_is_told(model: LoadedModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    record = Recording(Library(tmp_path / "bundled", tmp_path / "file" / "own.duckdb"))
    record.keep(model, RUN)
    record.settle()
    assert "cannot be made: set EXPLORER_DATABASE to another file" in record.news()


def test_a_broken_database_is_told_and_left_as_it_is(record: Recording, model: LoadedModel, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"broken" * 100)
    record.keep(model, RUN)
    record.settle()
    assert "was left as it is" in record.news()
    assert path.read_bytes() == b"broken" * 100


def test_a_run_is_kept_while_a_screen_writes_the_same_database(record: Recording, model: LoadedModel) -> None:
    with record._library.writing() as connection:
        connection.begin()
        connection.execute("INSERT INTO batches VALUES (1, 1, 1, 1.0)")
        record.keep(model, RUN)
        assert _genotypes(record) == ["1.mlp*0"]
        record.note(1, "meanwhile")
        connection.commit()
    assert record.entries([1])[0].note == "meanwhile"


def test_tags_notes_and_deletion(record: Recording, model: LoadedModel) -> None:
    for layer in range(3):
        record.keep(model, replace(RUN, genotypes=(f"{layer}*0",), metrics={"mean_kl": float(layer)}))
    record.settle()
    record.tag([1, 3], "fun")
    record.note(3, "again")
    record.untag([1], "fun")
    assert [entry.number for entry in record.page(Wanted(tags=("fun",))).entries] == [3]
    record.delete([2])
    assert _genotypes(record) == ["2*0", "0*0"]
    assert record.timeline("mean_kl", Wanted())["value"].to_list() == [0.0, 2.0]
    assert record.page_of(Wanted(), Order(metric="mean_kl"), 1) == 0


def test_the_record_can_be_switched_off(path: Path, tmp_path: Path, model: LoadedModel) -> None:
    record = Recording(Library(tmp_path / "bundled", path), is_on=False)
    record.keep(model, RUN)
    record.settle()
    assert not path.exists()


def test_a_screen_is_kept_when_it_ends_and_once(tmp_path: Path) -> None:
    source = tmp_path / "tiny"
    tiny_transformer("llama").save_pretrained(source)
    tiny_tokenizer().save_pretrained(source)
    settings = Settings(screens_folder=tmp_path / "bundled", database=tmp_path / "own.duckdb")
    workspace = Workspace(source=str(source), device="cpu", settings=settings)
    order = ScreenOrder(
        source=str(source),
        experiment=Experiment(name="words", title="Words", prompt=Prompt(text="w5 w6", chat=False)),
        plan=Plan(matrices="1.down", unit="block", step=16, operations=("zero",)),
        background="0.q*0",
        mode="text",
    )
    for _ in range(2):  # the second time there is nothing left to do
        with workspace.screens.running(order) as running:
            done = list(running.progress)[-1:]
        if done:
            assert done[0].total == done[0].done
    (entry,) = _settled(workspace).page(Wanted()).entries
    assert (entry.run.kind, entry.run.genotypes, entry.run.detail["title"]) == ("screen", ("0.q*0",), "Words")
    assert entry.run.metrics["mutants"] == 6
    assert entry.run.metrics["failed_controls"] == 0
    assert set(entry.run.metrics) == {
        "mutants", "nonsilent", "phenotypes", "near_ties", "failed_controls", "seconds"
    }  # fmt: skip
    assert (entry.run.detail["screen"], entry.run.detail["database"]) == (1, str(settings.database))
    with opened(settings.database, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM screens").fetchone() == (1,)


def _settled(workspace: Workspace) -> Recording:
    workspace.record.settle()
    return workspace.record
