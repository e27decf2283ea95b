"""Screens of whole parts and of any operation: planned, screened as the plain procedure has it, stored, drawn."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from explorer.atlas.atlas import Atlas
from explorer.atlas.cards import genotype_of
from explorer.atlas.pictures.asked import Asked
from explorer.atlas.pictures.drawing import draw
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ExplorerError, PlanError, StatisticsError
from explorer.domain.experiments import Experiment
from explorer.domain.genotype import Genotype, Mutation
from explorer.domain.notation import format_genotype, format_mutation
from explorer.domain.screened import WHOLE_UNITS, Unit
from explorer.domain.screens import operations_told, unit_told
from explorer.generation.alone import decode_alone
from explorer.generation.decoding import NEAR_TIE
from explorer.screen.asked import Record
from explorer.screen.engine import Engine
from explorer.screen.job import Job
from explorer.screen.plan import CONTROL, Plan, matching, planned
from explorer.screen.run import Screen
from explorer.screen.worker import Worker
from explorer.statistics.filters import Filter
from explorer.store.database import opened
from explorer.store.frames import frame
from explorer.store.library import Library
from explorer.store.parquet import export_screens, import_screens
from explorer.store.schema import MIGRATIONS
from tests.oracle import agree, decode_token_by_token, edited_in_place
from tests.tiny import kept_model, tiny_model

ANY = ("zero", "mean", "*-1", "=round(2)", "=prune(0.75)", "=rank(10%)", "+noise(0.5, seed 3)", "=shuffle")
EXPERIMENT = Experiment(
    name="words", title="Words", prompt=Prompt(text="w5 w6 w7", chat=False), decoding=Decoding(max_new_tokens=12)
)


def _sites(unit: Unit, matrices: str, family: str) -> list[str]:
    anatomy = tiny_model(family).anatomy
    plan = Plan(matrices=matrices, unit=unit, operations=("zero",))
    items = [item for matrix in matching(anatomy, matrices, unit) for item in planned(plan, matrix)]
    return [format_mutation(item.mutation).removesuffix("=0") for item in items if item.mutation.operation != CONTROL]


def test_the_units_of_whole_parts_are_all_of_them() -> None:
    assert _sites("head", "*.head", "llama") == [f"{layer}.head{head}" for layer in (0, 1) for head in range(4)]
    assert _sites("kvhead", "1.*", "llama") == ["1.kvhead0", "1.kvhead1"]
    assert _sites("layer", "*.*", "llama") == ["0", "1"]
    assert _sites("expert", "1.expert", "mixtral") == ["1.expert0", "1.expert1", "1.expert2"]
    assert _sites("matrix", "0.q, *.down", "llama") == ["0.q", "0.down", "1.down"]


@pytest.mark.parametrize(
    ("unit", "matrices", "told"),
    [
        ("head", "*.down", r"names no head: write \*.head or 0-5.head"),
        ("head", "7.head", "layers go from 0 to 1"),
        ("expert", "*.expert", "has no expert that a screen can take"),
        ("layer", "down", "no pattern"),
    ],
)
def test_a_pattern_that_names_no_such_unit_is_told(unit: Unit, matrices: str, told: str) -> None:
    with pytest.raises(PlanError, match=told):
        matching(tiny_model("llama").anatomy, matrices, unit)


def test_places_are_not_of_whole_parts_and_operations_fit_their_units() -> None:
    with pytest.raises(PlanError, match="not by head"):
        Plan(matrices="*.head", unit="head", sites=("0.down[0:4,:]",))
    whole = Plan(matrices="*.down", unit="matrix", operations=("zero",))
    cases = (
        (replace(whole, operations=("flip30",)), "A bit is flipped in a single weight"),
        (replace(whole, operations=("=copy(0.q)",)), "same shape"),
        (Plan(matrices="1.down", step=20, operations=("=copy(0.down[0:20,0:20])",)), "same shape"),
        (replace(whole, operations=("~from(./gone)*0.3",)), "which is not here"),
    )
    for plan, told in cases:
        with pytest.raises(ExplorerError, match=told):
            Screen(Job(model=tiny_model("llama"), experiment=EXPERIMENT, mode="text", plan=plan))


@pytest.mark.parametrize(
    ("family", "unit"),
    [("llama", "head"), ("qwen3", "kvhead"), ("gpt2", "layer"), ("mixtral", "expert"), ("gemma3", "matrix"),
     ("phi3", "head"), ("mixtral", "layer"), ("llama", "block")],
)  # fmt: skip
def test_each_unit_and_operation_is_that_of_the_plain_procedure(family: str, unit: Unit) -> None:
    model, asked, decoding = kept_model(family), EXPERIMENT.prompt, EXPERIMENT.decoding
    baseline = decode_alone(model, asked, decoding, Genotype())
    standard, _ = decode_token_by_token(model, model.encode(asked, decoding), decoding)
    engine = Engine(model, baseline, decoding, Genotype(), "text")
    plan = Plan(matrices="1.*", unit=unit, step=16, operations=ANY)
    every = [item for matrix in matching(model.anatomy, "1.*", unit) for item in planned(plan, matrix)]
    mutations = [item.mutation for item in random.Random(3).sample(every, min(len(every), 16))]
    records, seen = engine.screen(mutations), set[str]()
    for mutation, record in zip(mutations, records, strict=True):
        with edited_in_place(model, Genotype((mutation,))):
            plain, gaps = decode_token_by_token(model, model.encode(asked, decoding), decoding)
        found = standard if record.tokens is None else list(record.tokens)
        assert agree(found, plain, gaps, NEAR_TIE), format_mutation(mutation)
        seen.add(mutation.operation.kind)
    assert len(seen) > 4


def test_a_screen_of_heads_is_stored_as_data_and_drawn(tmp_path: Path) -> None:
    model = tiny_model("llama")
    plan = Plan(matrices="*.head", unit="head", operations=("zero", "*-2", "*2", "round2"))
    path = tmp_path / "own.duckdb"
    with opened(path) as connection:
        screen = Screen(Job(model=model, experiment=EXPERIMENT, plan=plan, mode="text"))
        *_, last = screen.run(connection)
        assert (last.done, last.failed_controls) == (2 * 4 * 4 + 2, 0)
        rows = frame(
            connection,
            "SELECT x.*, t.down, t.across, t.operation FROM mutants t JOIN matrices x USING (screen, matrix) "
            "WHERE t.operation <> 'control'",
        )
        assert set(rows["operation"]) == {"zero", "*-2", "*2", "=round(2)"}
        genotypes = {genotype_of(row, "") for row in rows.iter_rows(named=True)}
        assert "1.head3=round(2)" in genotypes
        assert len(genotypes) == 32
        for text in genotypes:
            assert format_genotype(model.anatomy.read(text)) == text
        folder = tmp_path / "exported"
        export_screens(connection, (), folder)
    with opened(tmp_path / "other.duckdb") as connection:
        assert import_screens(connection, folder) == [1]
        again = connection.execute("SELECT count(*), count(DISTINCT operation) FROM mutants").fetchone()
        assert again == (34, 5)
    atlas = Atlas(Library(tmp_path / "none", path))
    (stored,) = atlas.stored()[0]
    assert (unit_told(stored.plan), operations_told(stored.plan)) == ("each head", "zero, *-2, *2, round(2)")
    asked = Asked(screen=stored, chosen=Filter(), matrix="1.head")
    drawn = draw("nsm_map", atlas, asked)
    assert "1.head: " in drawn.sentence
    assert any("1.head3" in text for row in drawn.figure.data[0].text for text in row)
    pair = draw("copa", atlas, asked)
    assert "sorted by *2 less *-2 NSMs" in pair.sentence
    bars = draw("by_kind", atlas, asked)
    assert [trace.name for trace in bars.figure.data] == ["zero", "*2", "*-2", "round(2)"]
    assert len({trace.marker.color for trace in bars.figure.data}) == 4
    for view in ("overview", "by_layer", "stripes", "axes", "sheet_layers", "side_by_side"):
        assert draw(view, atlas, asked).figure.data
    with pytest.raises(StatisticsError, match="two others that oppose"):
        _only(tmp_path, model, ("zero", "round2"))


def _only(tmp_path: Path, model: object, operations: tuple[str, ...]) -> None:
    path = tmp_path / "two.duckdb"
    plan = Plan(matrices="*.head", unit="head", operations=operations)
    with opened(path) as connection:
        for _ in Screen(Job(model=model, experiment=EXPERIMENT, plan=plan, mode="divergence")).run(connection):  # type: ignore[arg-type]
            pass
    atlas = Atlas(Library(tmp_path / "none", path))
    draw("copa", atlas, Asked(screen=atlas.stored()[0][0], chosen=Filter(), matrix="1.head"))


def test_a_batch_has_no_more_mutants_than_their_weights_have_room(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    job = Job(
        model=tiny_model("llama"), experiment=EXPERIMENT, mode="text",
        plan=Plan(matrices="*.layer", unit="layer", operations=("zero", "*2", "round2")),
    )  # fmt: skip
    worker = Worker(job)
    screened = worker.asked.screen

    def counting(mutations: Sequence[Mutation]) -> list[Record]:
        sizes.append(len(mutations))
        return screened(mutations)

    monkeypatch.setattr(worker.asked, "screen", counting)
    items = list(planned(job.plan, matching(job.model.anatomy, "0.layer", "layer")[0]))
    before = [each.tokens for each in worker.screen(items).records]
    one = sum(matrix.size for matrix in job.model.anatomy.matrices.values() if matrix.layer == 0)
    monkeypatch.setattr("explorer.screen.worker.free_memory", lambda _: 4 * 2 * 4 * one)
    assert [each.tokens for each in worker.screen(items).records] == before
    assert sizes == [4, 2, 2]


def test_a_database_of_the_four_operations_goes_on_working(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE application (name VARCHAR NOT NULL, version INTEGER NOT NULL)")
        connection.execute("INSERT INTO application VALUES ('mutation-explorer', 9)")
        for migration in MIGRATIONS[:9]:
            migration(connection)
        connection.execute("INSERT INTO mutants VALUES (1, 0, 2, 3, 'min', 4, false, 0.5, 0.1, 8, false, NULL)")
        connection.execute("INSERT INTO bitmaps VALUES (1, 0, 'zero', '\\xFF'::BLOB, '\\x01'::BLOB)")
    with opened(path) as connection:
        assert connection.execute("SELECT operation, down, across FROM mutants").fetchall() == [("min", 2, 3)]
        assert connection.execute("SELECT operation FROM bitmaps").fetchall() == [("zero",)]
        connection.execute("INSERT INTO mutants VALUES (1, 0, 2, 3, '=round(3)', 4, false, 0.5, 0.1, 8, false, NULL)")
        assert connection.execute("SELECT count(*) FROM mutants WHERE operation <> 'control'").fetchone() == (2,)


def test_whole_units_are_those_that_lie_in_several_matrices() -> None:
    assert WHOLE_UNITS == ("head", "kvhead", "expert", "layer")
