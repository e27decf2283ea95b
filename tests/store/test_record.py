"""The lab record in a database: kept, found, sorted, tagged, noted on, deleted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.record import Order, Run, Setup, Wanted
from explorer.store import record
from explorer.store.database import opened

SETUP = Setup(
    model="tiny", source="/models/tiny", fingerprint="ab12", device="cpu", dtype="float32", program="1", torch="2",
    transformers="5",
)  # fmt: skip
BEGUN = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database."""
    with opened(tmp_path / "own.duckdb") as connection:
        yield connection


def _run(genotype: str, **metrics: float) -> Run:
    return Run(
        kind="explore",
        genotypes=(genotype,),
        prompt=Prompt(text="What is the capital of France?"),
        decoding=Decoding(temperature=0.5, seed=7),
        original="Paris.",
        mutated="L'Antec",
        metrics=metrics,
        link="?genotype=x",
        detail={"change": "One weight"},
    )


def _keep(connection: duckdb.DuckDBPyConnection, *runs: Run) -> list[int]:
    times = (BEGUN + timedelta(hours=place) for place in range(len(runs)))
    return [record.add(connection, time, SETUP, run) for time, run in zip(times, runs, strict=True)]


def _found(connection: duckdb.DuckDBPyConnection, wanted: Wanted, order: Order | None = None) -> list[int]:
    return [entry.number for entry in record.page(connection, wanted, order or Order()).entries]


def test_an_entry_comes_back_as_it_was(connection: duckdb.DuckDBPyConnection) -> None:
    run = _run("11.down[507,1229]=0", mean_kl=0.5, cosine=1 / 3)
    bare = Run(kind="watch", genotypes=("1*0", "2*0"), detail={"loss": [1, None, {"a": "ä"}]})
    assert _keep(connection, run, bare) == [1, 2]
    second, first = record.page(connection, Wanted()).entries
    assert (first.run, first.setup, first.time, first.number) == (run, SETUP, BEGUN, 1)
    assert (second.run, second.tags, second.note) == (bare, (), "")


def test_entries_are_found_by_all_their_words(connection: duckdb.DuckDBPyConnection) -> None:
    _keep(connection, _run("11.mlp*0"), _run("12.mlp*0"), Run(kind="watch", genotypes=("11.attn*0",)))
    record.note(connection, 2, "A poem about 100% of France's “mlp”")
    assert _found(connection, Wanted(words="MLP")) == [2, 1]
    assert _found(connection, Wanted(words="11. france")) == [1]
    assert _found(connection, Wanted(words="100% POEM")) == [2]
    assert _found(connection, Wanted(words="l'antec")) == [2, 1]
    assert _found(connection, Wanted(words="FRANCE 11")) == [1]
    assert _found(connection, Wanted(words="🔥")) == []
    assert _found(connection, Wanted(words="'; DROP TABLE runs; --")) == []
    assert _found(connection, Wanted(kinds=("watch", "screen"))) == [3]
    assert _found(connection, Wanted(models=("other",))) == []
    hour = timedelta(hours=1)
    assert _found(connection, Wanted(since=BEGUN + hour, until=BEGUN + 2 * hour)) == [2]


def test_entries_are_sorted_by_time_or_by_a_metric(connection: duckdb.DuckDBPyConnection) -> None:
    _keep(connection, _run("1*0", mean_kl=0.1), _run("2*0", mean_kl=3), _run("3*0"), _run("4*0", mean_kl=0.1))
    assert _found(connection, Wanted(), Order(descending=False)) == [1, 2, 3, 4]
    assert _found(connection, Wanted(), Order(metric="mean_kl")) == [2, 4, 1, 3]
    assert _found(connection, Wanted(), Order(metric="mean_kl", descending=False)) == [4, 1, 2, 3]


def test_pages(connection: duckdb.DuckDBPyConnection) -> None:
    _keep(connection, *(_run(f"{layer}*0", mean_kl=layer) for layer in range(7)))
    page = record.page(connection, Wanted(), Order(), 1, size=3)
    assert ([entry.number for entry in page.entries], page.total, page.number) == ([4, 3, 2], 7, 1)
    assert record.page(connection, Wanted(), Order(), 99, size=3).number == 2
    assert record.page(connection, Wanted(words="nothing"), Order(), 1).number == 0
    assert record.page_of(connection, Wanted(), Order(), 2, size=3) == 1
    assert record.page_of(connection, Wanted(words="6*0"), Order(), 2) is None
    assert [entry.number for entry in record.entries(connection, [5, 99, 1])] == [5, 1]


def test_tags_and_notes(connection: duckdb.DuckDBPyConnection) -> None:
    _keep(connection, _run("1*0"), _run("2*0"), _run("3*0"))
    record.tag(connection, [1, 2], "fun")
    record.tag(connection, [2], "fun")
    record.tag(connection, [2], "a ‘b’")
    assert record.entries(connection, [2])[0].tags == ("a ‘b’", "fun")
    assert _found(connection, Wanted(tags=("fun",))) == [2, 1]
    assert _found(connection, Wanted(tags=("fun", "a ‘b’"))) == [2]
    assert record.facets(connection).tags == ("a ‘b’", "fun")
    record.untag(connection, [1, 2, 3], "fun")
    assert _found(connection, Wanted(tags=("fun",))) == []
    assert _found(connection, Wanted(words="‘b’")) == [2]


def test_what_is_deleted_is_gone_and_its_number_with_it(connection: duckdb.DuckDBPyConnection) -> None:
    _keep(connection, _run("1*0"), _run("2*0"), _run("3*0"))
    record.delete(connection, [2, 3])
    assert _found(connection, Wanted()) == [1]
    assert _keep(connection, _run("4*0")) == [4]


def test_a_timeline_of_one_metric(connection: duckdb.DuckDBPyConnection) -> None:
    _keep(connection, _run("1*0", mean_kl=0.1), _run("2*0", other=1), Run(kind="watch", metrics={"mean_kl": 2}))
    rows = record.timeline(connection, "mean_kl", Wanted())
    assert rows.select("run", "kind", "genotype", "value").rows() == [
        (1, "explore", "1*0", pytest.approx(0.1)),
        (3, "watch", "", 2.0),
    ]
    assert record.timeline(connection, "mean_kl", Wanted(kinds=("watch",)))["run"].to_list() == [3]
    assert record.facets(connection).metrics == ("mean_kl", "other")
    assert record.facets(connection).models == ("tiny",)
