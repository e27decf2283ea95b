"""The study's own tables, and what its programs write: matrices in every form, runs cut off, exchanged labels.

The real tables are no part of this project: they are looked for in a folder beside the checkout.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked
from explorer.atlas.pictures.drawing import draw
from explorer.cli import app
from explorer.domain.decoding import Decoding
from explorer.domain.experiments import Experiment
from explorer.domain.screens import StoredScreen
from explorer.files.experiments import read_experiments
from explorer.files.settings import Settings
from explorer.screen.study import Question, read_study
from explorer.store.database import opened
from explorer.store.library import Library
from explorer.store.queries import stored_screens
from explorer.store.study.names import MATRIX, day_of, experiment_in, summed_layer, with_place
from explorer.store.study.shape import SHAPES, shape_in
from explorer.store.study.texts import read_said
from explorer.store.summaries import bitmaps, counts
from tests.screen.test_study import SKY, write_table

REAL = Path(__file__).parents[3] / "shared" / "study"
TABLES = ("Table1.xlsx", "Table2.xlsx")


def known() -> dict[str, Experiment]:
    """The experiments that come with the program."""
    return {each.name: each for each in read_experiments(Settings().experiments_folder)}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, Any]]]:
    """A database of the study's tables, and the report of their import."""
    paths = tuple(REAL / name for name in TABLES)
    if not all(path.is_file() for path in paths):
        pytest.skip(f"the study's tables are not in {REAL}")
    with opened(tmp_path_factory.mktemp("published") / "x.duckdb") as connection:
        yield connection, read_study(Question(paths=paths), known()).store(connection)


def test_the_real_tables_are_read(published: tuple[duckdb.DuckDBPyConnection, dict[str, Any]]) -> None:
    _, report = published
    told = {
        (screen["model"], screen["experiment"], screen["mode"]): (screen["nonsilent"], screen["is_partial"])
        for screen in report["screens"]
    }
    assert told == {
        ("Llama2-7b", "mmlu21", "score"): (7297, True),
        ("Llama2-7b", "drosophila", "cosine"): (6927, True),
        ("Llama2-7b", "python0", "counts"): (598_563, False),
        ("Llama2-7b", "python10", "counts"): (423_599, False),
        ("Llama2-7b", "java", "counts"): (670_887, False),
        ("Llama2-7b", "drosophila", "counts"): (1_710_147, False),
        ("Llama2-7b", "newton", "counts"): (2_217_904, False),
        ("Llama2-7b", "mmlu21", "counts"): (963_006, False),
        ("Zephyr", "python0", "counts"): (1_528_490, False),
        ("Zephyr", "drosophila", "counts"): (1_808_860, False),
        ("Zephyr", "newton", "counts"): (2_570_884, False),
        ("Zephyr", "p53", "counts"): (3_583_882, False),
        ("Zephyr", "mmlu21", "counts"): (35_981, False),
    }
    assert [(each["line"], each["reason"].split(" ")[0]) for each in report["faults"]] == [(2001, "19"), (2001, "'|")]
    assert report["questions"] == []


def test_the_totals_by_operation_and_the_phenotypes_stand_beside_the_counts(
    published: tuple[duckdb.DuckDBPyConnection, dict[str, Any]],
) -> None:
    connection, report = published
    number = next(
        each["screen"] for each in report["screens"] if (each["experiment"], each["mode"]) == ("java", "counts")
    )
    cube = counts(connection, number)
    whole = cube.filter(pl.col("layer").is_null() & pl.col("kind").is_null())
    assert dict(whole.select("operation", "nonsilent").rows()) == {
        None: 670_887, "max": 329_228, "min": 341_298, "zero": 361,
    }  # fmt: skip
    matrix = cube.filter((pl.col("layer") == 0) & (pl.col("kind") == "gate")).row(0, named=True)
    assert (matrix["nonsilent"], matrix["phenotypes"], matrix["destructive"]) == (2082, 97, None)
    layer = cube.filter((pl.col("layer") == 0) & pl.col("kind").is_null()).row(0, named=True)
    assert (layer["nonsilent"], layer["phenotypes"]) == (10_153, 1417)  # fewer than its matrices have: each counts once


def test_a_partial_table_says_nothing_of_what_it_does_not_list(
    published: tuple[duckdb.DuckDBPyConnection, dict[str, Any]],
) -> None:
    connection, _ = published
    screens = {(each.experiment, each.mode): each for each in stored_screens(connection, "own")}
    partial = screens["drosophila", "cosine"]
    assert (partial.is_partial, partial.mutants) == (True, 7296)
    assert counts(connection, partial.screen)["mutants"].null_count() == len(counts(connection, partial.screen))
    maps = bitmaps(connection, partial.screen)
    assert sum(int(each.screened.sum()) for each in maps) == 7296
    assert sum(int(each.nonsilent.sum()) for each in maps) == 7296 - 369  # "standard": the text is the standard one
    assert partial.decoding == Decoding(max_length=150, temperature=0.7, top_k=50)
    assert not partial.prompt.chat


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """The study's tables, to be drawn."""
    paths = tuple(REAL / name for name in TABLES)
    if not all(path.is_file() for path in paths):
        pytest.skip(f"the study's tables are not in {REAL}")
    path = tmp_path_factory.mktemp("drawn") / "x.duckdb"
    with opened(path) as connection:
        read_study(Question(paths=paths), known()).store(connection)
    return Atlas(Library(bundled=path.parent / "none", own=path))


def _screens(atlas: Atlas) -> dict[tuple[str, str, str], StoredScreen]:
    return {(each.model, each.experiment, each.mode): each for each in atlas.stored()[0]}


def test_layers_of_experiments_go_together_as_the_study_says(atlas: Atlas) -> None:
    screens = _screens(atlas)
    first = screens["Llama2-7b", "python0", "counts"]
    published = {"python10": 0.8453, "java": 0.8460, "drosophila": 0.6525, "newton": 0.5806, "mmlu21": 0.5705}
    for name, r_squared in published.items():
        picture = draw("scatter", atlas, Asked(screen=first, other=screens["Llama2-7b", name, "counts"]))
        assert picture.numbers["r_squared"] == pytest.approx(r_squared, abs=1.01e-4)  # two of them are cut, not rounded
        assert picture.numbers["n"] == 32


def test_the_malignant_mutants_are_those_of_the_study(atlas: Atlas) -> None:
    screens = _screens(atlas)
    for mode, experiment in (("score", "mmlu21"), ("cosine", "drosophila")):
        picture = draw("malignant", atlas, Asked(screen=screens["Llama2-7b", experiment, mode]))
        assert picture.numbers["malignant"] == 922
    mapped = draw("malignant_map", atlas, Asked(screen=screens["Llama2-7b", "mmlu21", "score"], matrix="31.down"))
    assert mapped.numbers["malignant"] == 358


def test_down_is_the_most_sensitive_kind_and_k_the_least(atlas: Atlas) -> None:
    screens = _screens(atlas)
    for (model, experiment, mode), screen in screens.items():
        if mode == "counts" and model == "Llama2-7b":
            totals = draw("by_kind", atlas, Asked(screen=screen)).data.sort("nonsilent")["kind"].to_list()
            assert (totals[0], totals[-1]) == ("k", "down"), experiment


def test_column_39_of_v_stands_out_far_beyond_chance(atlas: Atlas) -> None:
    found = draw("axes", atlas, Asked(screen=_screens(atlas)["Llama2-7b", "mmlu21", "score"])).data
    v = found.filter((pl.col("kind") == "v") & (pl.col("axis") == "column")).sort("nonsilent", descending=True)
    assert v["place"].head(1).to_list() == [39]
    assert v["p"].head(1).to_list()[0] < 0.001  # times the number of places
    assert v["nonsilent"].head(2).to_list() == [287, 131]


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("model.layers.0.self_attn.q_proj.weight", 0),
        ("L0_attn.q", 0),
        ("0.attn.q", 0),
        ("L31_mlp.down", 223),
        ("31.mlp.down", 223),
        ("model.layers.12.mlp.up_proj.weight", 89),
        ("l1_ATTN.V", 9),
        ("layers_0", None),
        ("32.attn.q", None),
        ("0.attn.gates", None),
        ("model.embed_tokens.weight", None),
        ("", None),
    ],
)
def test_a_matrix_is_known_in_every_form(written: str, place: int | None) -> None:
    found = with_place(pl.DataFrame({"id": [written]}), SHAPES["llama2-7b"].grid(64))
    assert found["place"].to_list() == [place]


def test_names_tell_the_model_the_experiment_and_the_day() -> None:
    log = "zephyr_Drosophila_model.layers.0.mlp.up_proj.weight_log_110724.txt"
    assert shape_in(log) == SHAPES["zephyr"]
    assert (experiment_in(log), str(day_of(log))) == ("drosophila", "2024-11-07")
    questions = "zph_mmlu_international_law_0_model.layers.0.mlp.up_proj.weight_code_110723.txt"
    assert (shape_in(questions), experiment_in(questions)) == (SHAPES["zephyr"], "mmlu21")
    assert experiment_in("runs/Python10/log.txt") == "python10"
    assert experiment_in("log.txt", ["sky"]) is None
    assert experiment_in("my_Sky_log.txt", ["sky"]) == "sky"
    assert shape_in("Llama2-7b_distinct_phenotpye") == SHAPES["llama2-7b"]
    assert (shape_in("notes"), day_of("log_139924.txt"), day_of("log.txt")) == (None, None, None)
    assert [summed_layer(each) for each in ("layers_0", "layers_31", "sum", "L0_attn.q", None)] == [
        0,
        31,
        -1,
        None,
        None,
    ]
    assert MATRIX.startswith("(?:model")


def test_answers_to_questions_have_a_score() -> None:
    answers = "| |".join([*"ABCD", "^n", "ord8217", "A"])
    said = read_said(f"{answers}| |right: 4|1 wrong: 2|0 total: 5|2|7")
    assert tuple(said) == ("ABCD–– | A", "4|1", False)
    lost = "| |".join(["the"] * 7) + "| |right: 0|0 wrong: 6|1 total: 0|7|7"
    assert tuple(read_said(lost)) == ("–––––– | –", "0|0", True)
    assert tuple(read_said("A text | with ord(8217)")) == ("A text | with ’", None, None)


V = "model.layers.0.self_attn.v_proj.weight"
"""Of 64 × 64 blocks in Llama2-7b: a run goes down the first column of blocks, then down the next."""
CODE = f"""\
seed:0 step: 64
standard output:
<s> What colour is the sky? Blue, they say.
%%%%%%
{V}:0
<s> What colour is the sky? Green, they say.</s>
%%%%%%
"""


def _files(folder: Path, **more: str) -> Path:
    folder.mkdir(exist_ok=True)
    name = f"llama2-7b_sky_{V}"
    texts = {
        f"{name}_log.txt": f"max {V}:0,0:0\nzero {V}:128,0:0\nmin {V}:64,64:0\n", f"{name}_code.txt": CODE, **more,
    }  # fmt: skip
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    return folder


def _read(path: Path, tmp_path: Path, **asked: Any) -> tuple[dict[str, Any], list[tuple[Any, ...]], list[Any]]:
    """The report of an import, the non-silent mutants, and how many of each operation are known."""
    with opened(tmp_path / "x.duckdb") as connection:
        report = read_study(Question(paths=(path,), **asked), {"sky": SKY}).store(connection)
        number = report["screens"][-1]["screen"] if report["screens"] else 0
        loud = connection.execute(
            "SELECT t.operation::VARCHAR, t.down, t.across, text "
            "FROM mutants t JOIN phenotypes USING (screen, phenotype) WHERE screen = ? ORDER BY ALL", [number],
        ).fetchall()  # fmt: skip
        maps = [int(each.screened.sum()) for each in bitmaps(connection, number)]
    return report, loud, maps


def test_what_a_run_never_reached_is_unknown(tmp_path: Path) -> None:
    folder = _files(tmp_path / "study")
    report, loud, maps = _read(folder, tmp_path)
    (screen,) = report["screens"]
    # the last that is logged is the block (1, 1): all of the first column and the first of the second are known
    assert maps == [65, 66, 65]  # max, min (that of the last block is logged), zero
    assert (screen["mutants"], screen["unknown_blocks"]) == (65 * 3 + 1, 4096 - 65)
    assert loud == [
        ("max", 0, 0, " Green, they say."), ("min", 1, 1, " Green, they say."), ("zero", 2, 0, " Green, they say."),
    ]  # fmt: skip
    finished = f"llama2-7b_sky_{V}_finished.txt"
    _files(folder, **{finished: "640,64"})
    assert _read(folder, tmp_path)[2] == [64 + 11] * 3
    _files(folder, **{finished: f"{V}\n"})
    assert _read(folder, tmp_path)[2] == [4096] * 3
    (folder / finished).unlink()
    _files(folder, **{"llama2-7b_sky_done.txt": f"{V}\nmodel.layers.1.mlp.up_proj.weight\n"})
    report, _, maps = _read(folder, tmp_path)
    assert maps == [4096] * 3 + [64 * 172] * 3  # the other matrix is there, and silent
    assert report["screens"][0]["unknown_blocks"] == 0
    assert _read(folder, tmp_path, complete=True)[2] == maps


def test_texts_lose_the_prompt_and_the_marks_so_that_they_compare(tmp_path: Path) -> None:
    _read(_files(tmp_path / "study"), tmp_path)
    with opened(tmp_path / "x.duckdb") as connection:
        ((cosine, style),) = connection.execute("SELECT cosine, style FROM phenotypes").fetchall()
        assert (cosine, style) == (pytest.approx(2 / 3), "prose")
        (screen,) = stored_screens(connection, "own")
        assert screen.baseline == " Blue, they say."


def test_exchanged_labels_are_asked_for_where_nothing_tells(tmp_path: Path) -> None:
    folder = _files(tmp_path / "study")
    report, loud, _ = _read(folder, tmp_path)
    assert len(report["questions"]) == 1
    assert "--swapped" in report["questions"][0]
    told, swapped, _ = _read(folder, tmp_path, swapped=True)
    assert told["questions"] == _read(folder, tmp_path, swapped=False)[0]["questions"] == []
    exchanged = {"max": "min", "min": "max", "zero": "zero"}
    assert sorted(swapped) == sorted((exchanged[operation], *rest) for operation, *rest in loud)
    log = next(folder.glob("*_log.txt"))
    for day, asks in (("110724", False), ("010125", True), ("999999", True)):
        log = log.rename(folder / f"llama2-7b_sky_{V}_log_{day}.txt")
        assert bool(_read(folder, tmp_path)[0]["questions"]) is asks


def test_code_files_of_the_questions_give_scores(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    said = "| |".join([*"ABCDABCDABCDAB", *"CDABCDA"])
    name = f"llama2-7b_mmlu_law_0_{V}"
    (folder / f"{name}_log.txt").write_text(f"max {V}:0,0:0\nmin {V}:0,0:1\n", encoding="utf-8")
    (folder / f"{name}_code.txt").write_text(
        f"seed:0 step: 64\nstandard output:\n{said}| |right: 14|0 wrong: 0|7 total: 14|7|21\n%%%%%%\n"
        f"{V}:0\n{said.replace('A', 'D')}| |right: 9|2 wrong: 5|5 total: 11|10|21\n%%%%%%\n"
        f"{V}:1\n{'| |'.join(['ord8217'] * 21)}| |right: 0|0 wrong: 14|7 total: 0|21|21\n%%%%%%\n",
        encoding="utf-8",
    )
    report, _, _ = _read(folder, tmp_path)
    assert report["questions"] == []  # this program never exchanged them
    with opened(tmp_path / "x.duckdb") as connection:
        rows = connection.execute(
            "SELECT text, score, destructive, cosine, style FROM phenotypes ORDER BY ALL"
        ).fetchall()
        assert rows == [
            ("DBCDDBCDDBCDDB | CDDBCDD", "9|2", False, None, None),
            ("–––––––––––––– | –––––––", "0|0", True, None, None),
        ]
        (screen,) = stored_screens(connection, "own")
        assert (screen.experiment, screen.baseline) == ("mmlu21", "ABCDABCDABCDAB | CDABCDA")


def test_a_sheet_of_phenotypes_is_no_sheet_of_counts(tmp_path: Path) -> None:
    header = ("mid", "Sky", "sky")
    write_table(tmp_path / "Zephyr_distinct_phenotpye.csv", header, [("L0_attn.k", "7", "7"), ("layers_0", "9", "x")])
    write_table(tmp_path / "Zephyr_total.csv", header[:2], [("0.attn.k", "70"), ("layers_0", "71")])
    report, _, _ = _read(tmp_path, tmp_path)
    (screen,) = report["screens"]
    assert (screen["model"], screen["experiment"], screen["nonsilent"], screen["duplicates"]) == (
        "Zephyr",
        "sky",
        70,
        1,
    )
    assert [each["reason"] for each in report["faults"]] == [
        "layers_0 says 9 distinct phenotypes of Sky, its matrices have 7.",
        "layers_0 says no distinct phenotypes of Sky, its matrices have 7.",
        "layers_0 says 71 non-silent mutations of Sky, its matrices have 70.",
    ]
    with opened(tmp_path / "x.duckdb") as connection:
        rows = counts(connection, 1).select("layer", "kind", "nonsilent", "phenotypes").rows()
        assert set(rows) == {(0, "k", 70, 7), (0, None, 70, None), (None, "k", 70, None), (None, None, 70, None)}


def test_a_sheet_of_one_model_never_goes_onto_the_shape_of_another(tmp_path: Path) -> None:
    write_table(tmp_path / "Zephyr_total.csv", ("mid", "Sky"), [("0.attn.k", "70")])
    write_table(tmp_path / "nameless.csv", ("mid", "Sky"), [("0.attn.k", "70")])
    report, _, _ = _read(tmp_path / "Zephyr_total.csv", tmp_path, shape="llama2-7b")
    assert (report["screens"], report["skipped"][0]["reason"].split(":")[0]) == (
        [],
        "It is of Zephyr, not of Llama2-7b",
    )
    report, _, _ = _read(tmp_path / "nameless.csv", tmp_path)
    assert report["skipped"][0]["reason"].startswith("Nothing tells of which model it is: name it with --shape")
    database = str(tmp_path / "x.duckdb")
    nothing = CliRunner().invoke(app, ["import-study", str(tmp_path / "nameless.csv"), "--db", database])
    assert (nothing.exit_code, nothing.stdout.splitlines()[0].split(":")[0]) == (1, "Nothing was imported")
    taken = CliRunner().invoke(app, ["import-study", str(tmp_path / "Zephyr_total.csv"), "--db", database, "--json"])
    assert (taken.exit_code, json.loads(taken.stdout)["screens"][0]["model"]) == (0, "Zephyr")
