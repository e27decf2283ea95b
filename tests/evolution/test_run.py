"""An evolution of a tiny model: its result, killed and gone on with, and what is never measured again."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest

from explorer.domain.decoding import Decoding
from explorer.domain.errors import EvolutionError, StoreError
from explorer.domain.evolution import Evolution, EvolutionOrder, Space, evolution_of, read_target
from explorer.domain.evolved import Progress, without_each
from explorer.evolution.bench import Found, Work
from explorer.evolution.run import Evolving
from explorer.store import evolutions as store
from explorer.store.database import opened
from tests.tiny import saved_model, tiny_model

PROMPTS = tuple(f"w{5 + 3 * number} w{9 + number} w12" for number in range(8))


def asked(*targets: str, **changes: Any) -> Evolution:
    given: dict[str, Any] = {
        "title": "Tiny", "targets": tuple(map(read_target, targets)), "prompts": PROMPTS, "chat": False,
        "space": Space(step=8), "decoding": Decoding(max_new_tokens=6), "evaluations": 48, "population": 12,
    }  # fmt: skip
    return Evolution(**given | changes)


def nothing(_is_like: object, _unseen: object, _limit: int) -> list[dict[str, Any]]:
    return []


def evolving(evolution: Evolution, family: str = "llama") -> Evolving:
    return Evolving(EvolutionOrder(source="tiny", evolution=evolution), tiny_model(family), None)


def run(evolution: Evolution, path: Path, family: str = "llama") -> tuple[list[Progress], store.StoredEvolution]:
    with opened(path) as connection:
        progress = list(evolving(evolution, family).run(connection, nothing))
        return progress, store.stored(connection, progress[-1].evolution)


@pytest.mark.parametrize(
    "targets",
    [("likely:w7 w8",), ("says:w3", "damage", "mutations"), ("original:far", "kl:near", "cosine:far", "size")],
)
def test_a_search_comes_to_a_verdict(targets: tuple[str, ...], tmp_path: Path) -> None:
    evolution = asked(*targets)
    progress, stored = run(evolution, tmp_path / "one.duckdb")
    assert [each.phase for each in progress][-1] == "done"
    assert progress[-1].done == progress[-1].total == 2 * 48
    verdict = stored.verdict
    assert verdict is not None
    assert (verdict.tried, verdict.random) == (48, 48)
    roles = [rated.role for rated in verdict.rated]
    assert roles[0] == "winner"
    assert {"original", "best random genotype", "best single mutant"} <= set(roles)
    assert stored.asked == evolution
    winner = verdict.rated[0]
    first = evolution.targets[0]
    with opened(tmp_path / "one.duckdb") as connection:
        members = store.members(connection, stored.number)
        rivals = store.members(connection, stored.number, rivals=True)
    known = [first.signed(member.values[0]) for member in members if member.values]
    assert first.signed(winner.search[0]) == max(known)
    assert max(first.signed(each.values[0]) for each in rivals if each.values) <= max(known)
    assert len({member.genotype for member in members}) == 48
    parents = {parent for member in members for parent in member.parents}
    assert parents
    assert all(member.generation > 0 for member in members if member.parents)


def test_one_that_is_killed_goes_on_to_the_same_result(tmp_path: Path) -> None:
    evolution = asked("likely:w7 w8", "says:w3", "mutations")
    whole, first = run(evolution, tmp_path / "whole.duckdb")
    path = tmp_path / "killed.duckdb"
    for steps in (2, 4, 7):
        with opened(path) as connection:
            progress = evolving(evolution).run(connection, nothing)
            for _ in range(steps):
                next(progress)
    again, second = run(evolution, path)
    assert second.verdict == first.verdict
    with duckdb.connect(path) as killed, duckdb.connect(tmp_path / "whole.duckdb") as other:
        for table in ("genotypes", "measurements"):
            query = f"SELECT * FROM {table} ORDER BY ALL"
            assert killed.execute(query).fetchall() == other.execute(query).fetchall()
    assert again[-1].per_minute < whole[-1].per_minute or again[-1].done == whole[-1].done


def test_what_was_measured_is_not_measured_again_across_runs(tmp_path: Path) -> None:
    path = tmp_path / "runs.duckdb"
    worked: list[str] = []

    def watch(todo: Iterator[Work], subject: Evolving) -> Iterator[tuple[Work, Found]]:
        for work in todo:
            worked.extend(f"{work.side} {work.heat} {text}" for text in work.genotypes)
            yield work, subject.bench.work(work)

    for title in ("One", "Another title, the same question"):
        subject = evolving(asked("likely:w7 w8", "readable", title=title))
        with opened(path) as connection:
            for _ in subject.run(connection, nothing, lambda todo, subject=subject: watch(todo, subject)):  # type: ignore[misc]
                pass
    assert len(worked) == len(set(worked))
    with opened(path) as connection:
        assert [each.asked.title for each in store.listed(connection)] == ["Another title, the same question", "One"]


def test_a_rescue_leaves_the_background_alone(tmp_path: Path) -> None:
    evolution = asked("original:near", background="1.down=0", space=Space(step=8, matrices="1.*", units=("block",)))
    _, stored = run(evolution, tmp_path / "rescue.duckdb")
    with opened(tmp_path / "rescue.duckdb") as connection:
        members = store.members(connection, stored.number)
    assert members
    assert not any("1.down" in member.genotype for member in members)
    original = next(each for each in (stored.verdict.rated if stored.verdict else ()) if each.role == "original")
    assert original.genotype == ""


def test_an_evolution_is_kept_and_read_as_it_was_asked() -> None:
    evolution = asked("style:poem", "damage", seed=3, background="1.down=max")
    assert evolution_of(evolution.as_stored()) == evolution


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompts": PROMPTS[:3]}, "Half of the prompts are held out"),
        ({"prompts": (*PROMPTS, PROMPTS[0])}, "there twice"),
        ({"evaluations": 3}, "not possible"),
        ({"targets": ()}, "Name a target"),
        ({"targets": (read_target("size"),)}, "Simplicity alone"),
        ({"targets": (read_target("right"),)}, "Half of the questions"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(EvolutionError, match=said):
        asked("readable", **changes)


def test_what_is_given_is_stripped_and_has_to_be_text() -> None:
    assert asked("readable", prompts=(" w1 ", "w2", "", "w3", "w4")).prompts == ("w1", "w2", "w3", "w4")
    with pytest.raises(EvolutionError, match="there twice"):
        asked("readable", prompts=("w1", "w1 ", "w3", "w4"))
    with pytest.raises(EvolutionError, match="list of texts"):
        evolution_of({"title": "x", "targets": [1], "prompts": []})
    with pytest.raises(EvolutionError, match="There is no unit 'blocks'"):
        evolution_of({"title": "x", "targets": ["kl:far"], "space": {"units": ["blocks"]}})


def test_a_target_of_ones_own_is_asked_and_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    values = {"long": lambda answers: sum(map(len, answers)), "nothing": lambda _: float("nan"), "bad": lambda _: 1 / 0}
    points = [SimpleNamespace(name=name, load=lambda own=own: own) for name, own in values.items()]
    monkeypatch.setattr("explorer.evolution.targets.entry_points", lambda **_: points)
    _, stored = run(asked("own:long", evaluations=16, population=8), tmp_path / "own.duckdb")
    assert stored.verdict is not None
    assert stored.verdict.margins == ()  # one item: nothing to test
    points.append(SimpleNamespace(name="gone", load=lambda: import_module("no_such_module")))
    for name, words in (("nothing", "finite number"), ("bad", "ZeroDivisionError"), ("gone", "cannot be loaded")):
        with pytest.raises(EvolutionError, match=words):
            run(asked(f"own:{name}", evaluations=16, population=8), tmp_path / f"{name}.duckdb")


def test_the_first_generation_takes_what_screens_said_but_nothing_that_is_held_out(tmp_path: Path) -> None:
    told: list[tuple[bool, bool, tuple[str, ...]]] = []

    def screened(is_like: Any, unseen: Any, _limit: int) -> list[dict[str, Any]]:
        told.append((is_like("so w3 it"), is_like("no"), tuple(unseen)))
        unit = {"layer": 1, "kind": "down", "rows": 16, "columns": 24, "unit_rows": 8, "unit_columns": 8}
        return [{**unit, "down": 1, "across": 2, "operation": name} for name in ("max", "min", "=round(3)")]

    subject = evolving(asked(r"says:(?<!x)w\d"))
    with opened(tmp_path / "said.duckdb") as connection:
        steps = subject.run(connection, screened)
        next(steps), next(steps)
        members = store.members(connection, subject.number or 0)
    assert told == [(True, False, subject.bench.parts["held-out"].prompts)]
    assert {member.genotype for member in members if member.origin == "screen"} == {
        "1.down[8:16,16:24]=max", "1.down[8:16,16:24]=min"
    }  # fmt: skip


NONE = ["", "poetry", "style", "kl", "kl:sideways", "damage:much", "says:(", "likely: ", "says:a{99999999999}"]


@pytest.mark.parametrize("text", [*NONE, f"says:{3000 * '('}a{3000 * ')'}"])
def test_a_target_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(EvolutionError):
        read_target(text)


@pytest.mark.parametrize("target", ["style:sonnet", "own:nobody"])
def test_a_target_that_is_not_there_is_refused_before_anything_is_computed(target: str) -> None:
    with pytest.raises(EvolutionError, match="There is no"):
        evolving(asked(target))


def test_a_search_in_a_model_that_is_computed_one_by_one(tmp_path: Path) -> None:
    evolution = asked("likely:w7", "says:w3", evaluations=16, population=8)
    _, stored = run(evolution, tmp_path / "slow.duckdb", "gpt2")
    assert stored.verdict is not None


@pytest.mark.parametrize("target", ["cosine:far", "kl:far"])
def test_what_overflows_never_wins(target: str, tmp_path: Path) -> None:
    everything = Space(units=("matrix",), matrices="1.up, 1.gate", operations=("=1e38",), most=1)
    with pytest.raises(EvolutionError, match="of every genotype overflows"):
        run(asked(target, space=everything, population=4, evaluations=4), tmp_path / "all.duckdb")
    some = Space(units=("matrix", "row"), matrices="1.up, 1.gate", operations=("=1e38", "*2"))
    _, stored = run(asked(target, space=some), tmp_path / "some.duckdb")
    assert stored.verdict is not None
    assert "1e+38" not in stored.verdict.rated[0].genotype
    with opened(tmp_path / "some.duckdb") as connection:
        members = store.members(connection, stored.number)
    assert {member.fate for member in members if "1e+38" in member.genotype} <= {"overflow", "raced"}
    assert "overflow" in {member.fate for member in members}


def test_answers_that_overflow_do_not_stop_a_search_that_reads_none(tmp_path: Path) -> None:
    space = Space(
        units=("row", "weight", "column"), step=8, matrices="1.up, 1.gate, 0.up", operations=("=1e38", "=3e37")
    )
    _, stored = run(asked("likely:w7", space=space, evaluations=12, population=4), tmp_path / "some.duckdb")
    assert stored.verdict is not None


@pytest.mark.parametrize("operation", ["=copy(1.up[0:8,0:8])", "=noise(1)", "=rank(1)", "=round(2)", "+noise(0.1)"])
def test_a_search_may_use_any_operation(operation: str, tmp_path: Path) -> None:
    space = Space(units=("block", "row"), step=8, operations=(operation, "zero"))
    _, stored = run(asked("likely:w7", space=space, evaluations=24, population=8), tmp_path / "any.duckdb")
    with opened(tmp_path / "any.duckdb") as connection:
        members = store.members(connection, stored.number)
    assert any(operation in member.genotype for member in members)
    assert any(member.origin == "estimate" for member in members)


def test_a_search_may_graft_from_another_model(tmp_path: Path) -> None:
    donor = saved_model(tmp_path / "donor", seed=5)
    space = Space(units=("matrix", "row"), operations=(f"=from({donor})", "zero"))
    _, stored = run(asked("likely:w7", space=space, evaluations=24, population=8), tmp_path / "graft.duckdb")
    with opened(tmp_path / "graft.duckdb") as connection:
        members = store.members(connection, stored.number)
    assert any("from" in member.genotype and member.origin == "estimate" for member in members)


def test_what_is_written_as_parquet_is_all_of_its_own_and_nothing_of_others(tmp_path: Path) -> None:
    path = tmp_path / "both.duckdb"
    _, stored = run(asked("likely:w7 w8", "mutations"), path)
    run(asked("likely:w7 w8", "mutations", prompts=tuple(f"{prompt} w3" for prompt in PROMPTS)), path)
    with opened(path) as connection:
        store.export(connection, stored.number, tmp_path / "out")
        for place in (path / "sub", Path("/proc/nope/sub")):
            with pytest.raises(StoreError, match="cannot be written"):
                store.export(connection, stored.number, place)
    rows = pl.read_parquet(tmp_path / "out" / "measurements.parquet")
    assert rows.group_by("side", "heading", "genotype").len()["len"].max() == 1
    assert set(rows["heading"]) == {"likely:w7 w8", "answers:0", "answers:1"}  # the best is heard as it runs
    assert stored.verdict is not None
    held = set(rows.filter(side="held-out", heading="likely:w7 w8")["genotype"])
    winner = stored.verdict.rated[0].genotype
    assert held == {rated.genotype for rated in stored.verdict.rated} | set(
        without_each(winner) if ";" in winner else []
    )
    assert "" in held


def test_a_continuation_that_the_tokenizer_would_merge_with_the_prompt_is_read_beside_it() -> None:
    target = read_target("likely:0 w7")
    longer = evolving(asked(target.name, prompts=("w3 w5", "w3 w6", "w3 w8", "w3 w9"))).bench.evaluations["search"]
    for passage in longer.passages_of(target):  # "w3 w5" and "0 w7" are w3, w50 and w7
        assert (passage.prompt_tokens, passage.tokens[1]) == ((3,), 7)
        assert passage.tokens[0] in (50, 60, 80, 90)
    alone = evolving(asked(target.name, prompts=("w5", "w6", "w8", "w9"))).bench.evaluations["search"]
    for passage in alone.passages_of(target):  # not even the prompt's first token would be left
        assert passage.prompt_tokens in ((5,), (6,), (8,), (9,))
        assert passage.tokens == (2, 7)
    (measured,) = alone.measure(["1.q=0"])
    assert len(measured[target.name].numbers) == 2
