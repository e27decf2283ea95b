"""The study's files as screens: what is silent, what is not, and that nothing is added twice."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import xlsxwriter
from typer.testing import CliRunner

from explorer.cli import app
from explorer.domain.decoding import Prompt
from explorer.domain.errors import ExplorerError
from explorer.domain.experiments import Experiment
from explorer.screen.study import Question, patterns, read_study
from explorer.store.database import opened
from explorer.store.parquet import export_screens, import_screens
from explorer.store.queries import matrix_shares, stored_screens
from explorer.store.study import screens as study_screens
from explorer.store.summaries import bitmaps, counts
from explorer.store.writer import ScreenWriter
from tests.store.test_study import CONFIG

V, DOWN, UP = (
    f"model.layers.{place}_proj.weight" for place in ("0.self_attn.v", "1.mlp.down", "1.mlp.up")
)  # of 1 × 2, 2 × 3 and 3 × 2 blocks with a step of 4
LOG = f"""\
max {V}:0,0:1
min {V}:0,4:2
%%%%%%
min {V}:0,4:2
max {V}:0,0:3
max {DOWN}:4,8:1
zero {DOWN}:4,9:1
zero {DOWN}:0,0:4
"""
CODE = f"""\
seed:0 step: 4
standard output:
The sky is blue.
%%%%%%
{V}:2
The sky is green.
%%%%%%
{V}:3
It ord(8217)s night.
And dark.
%%%%%%
{DOWN}:1
The sky is green.
%%%%%%
{DOWN}:9
Nobody says this.
%%%%%%
"""
SKY = Experiment(name="sky", title="Sky", prompt=Prompt(text="What colour is the sky?"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a log, a code file, a configuration and a note."""
    made = tmp_path / "study"
    made.mkdir()
    (made / "a.log").write_text(LOG, encoding="utf-8")
    (made / "b.code").write_text(CODE, encoding="utf-8")
    (made / "note.txt").write_text("Nothing.", encoding="utf-8")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    return made


def _import(connection: duckdb.DuckDBPyConnection, path: Path, **asked: Any) -> dict[str, Any]:
    asked = {"experiment": "sky", "complete": path.suffix not in (".csv", ".xlsx"), **asked}
    config = next(parent / "config.json" for parent in path.parents if (parent / "config.json").exists())
    question = Question(paths=(path,), shape=str(config), **asked)
    return read_study(question, {"sky": SKY}).store(connection)


def _stored(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


_NONSILENT = """
    SELECT x.name, t.down, t.across, t.operation::VARCHAR, p.text
    FROM mutants t JOIN matrices x USING (screen, matrix) JOIN phenotypes p USING (screen, phenotype) ORDER BY ALL
"""


def test_a_log_and_its_codes_become_a_screen(folder: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "x.duckdb") as connection:
        report = _import(connection, folder)
        # 0.v has 2 units and 1.down 6; max, min and zero occur
        assert report["screens"] == [
            {
                "screen": 1, "experiment": "sky", "mode": "text", "is_new": True, "model": tmp_path.name,
                "is_partial": False, "matrices": 2, "duplicates": 1, "conflicts": 1, "mutants": 24, "nonsilent": 4,
                "phenotypes": 3, "unknown_blocks": 0,
            }
        ]  # fmt: skip
        assert _stored(connection, _NONSILENT) == [
            ("0.v", 0, 0, "max", "It ’s night.\nAnd dark."),
            ("0.v", 0, 1, "min", "The sky is green."),
            ("1.down", 0, 0, "zero", ""),
            ("1.down", 1, 2, "max", "The sky is green."),
        ]
        faults = [(Path(each["file"]).name, each["line"], each["reason"].split(" of ")[0]) for each in report["faults"]]
        assert faults == [
            ("a.log", 7, "The offset 4,9 is no multiple"),
            ("a.log", 8, "No code file has the text"),
            ("b.code", 15, f"No log has a mutation with the code {DOWN}:9."),
        ]
        assert [Path(each["file"]).name for each in report["skipped"]] == ["note.txt"]
        said = "SELECT text, style, cosine > 0.7, destructive, ending, tokens FROM phenotypes WHERE style IS NOT NULL"
        assert (*_stored(connection, f"{said} AND text LIKE '%green%'"),) == (
            ("The sky is green.", "prose", True, False, "", []),
        )
        assert _stored(connection, "SELECT cosine FROM phenotypes WHERE text = ''") == [(None,)]
        (screen,) = stored_screens(connection, "own")
        assert (screen.model, screen.mutants, screen.done, screen.baseline) == (
            tmp_path.name,
            24,
            24,
            "The sky is blue.",
        )
        assert (screen.prompt, screen.plan["matrices"]) == (SKY.prompt, "0.v, 1.down")
        assert (screen.plan["step"], screen.plan["operations"]) == (4, ["max", "min", "zero"])


def test_an_imported_screen_has_summaries_and_travels(folder: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "x.duckdb") as connection:
        _import(connection, folder)
        cube = counts(connection, 1)
        whole = cube.filter(pl.col("layer").is_null() & pl.col("kind").is_null() & pl.col("operation").is_null())
        assert whole.select("mutants", "nonsilent", "phenotypes").rows() == [(24, 4, 3)]
        shares = matrix_shares(connection, 1).select("name", "mutants", "share").rows()
        assert shares == [("0.v", 6, pytest.approx(2 / 6)), ("1.down", 18, pytest.approx(2 / 18))]
        maps = {(each.name, each.operation): each for each in bitmaps(connection, 1)}
        assert len(maps) == 6
        assert all(each.screened.all() for each in maps.values())
        assert maps["1.down", "max"].nonsilent.tolist() == [[False, False, False], [False, False, True]]
        export_screens(connection, (), tmp_path / "out")
    with opened(tmp_path / "other.duckdb") as connection:
        assert import_screens(connection, tmp_path / "out") == [1]


def test_the_same_files_add_nothing_and_others_another_screen(folder: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "x.duckdb") as connection:
        _import(connection, folder)
        before = _stored(connection, "SELECT * FROM mutants ORDER BY ALL")
        (folder / "a.log").rename(folder / "renamed.txt")
        (again,) = _import(connection, folder)["screens"]
        assert (again["screen"], again["is_new"], again["nonsilent"]) == (1, False, 4)
        assert _stored(connection, "SELECT * FROM mutants ORDER BY ALL") == before
        (folder / "more.log").write_text(f"max {V}:0,4:2\n", encoding="utf-8")
        (more,) = _import(connection, folder)["screens"]
        (folder / "more.log").write_text(f"max {UP}:0,4:2\n", encoding="utf-8")
        (wider,) = _import(connection, folder)["screens"]
        assert [(each["screen"], each["is_new"], each["matrices"]) for each in (more, wider)] == [
            (2, True, 2),
            (3, True, 3),
        ]
        (folder / "b.code").write_text(CODE.replace("blue", "grey"), encoding="utf-8")  # all cosines are others
        assert _import(connection, folder)["screens"][0]["screen"] == 4
        assert _stored(connection, "SELECT count(*) FROM models") == [(1,)]


def test_an_import_that_was_killed_goes_on(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study_screens, "BATCH_ROWS", 5)
    with opened(tmp_path / "whole.duckdb") as connection:
        _import(connection, folder)
        whole = _stored(connection, "SELECT * FROM mutants ORDER BY ALL")
        assert _stored(connection, "SELECT count(*), max(mutants) FROM batches") == [(6, 5)]
    write = ScreenWriter.write

    def killed(self: ScreenWriter, number: int, *rest: Any) -> None:
        if number == 2:
            raise KeyboardInterrupt
        write(self, number, *rest)

    with opened(tmp_path / "x.duckdb") as connection:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(ScreenWriter, "write", killed)
            _import(connection, folder)
        (screen,) = _import(connection, folder)["screens"]
        assert (screen["screen"], screen["is_new"]) == (1, True)
        assert _stored(connection, "SELECT * FROM mutants ORDER BY ALL") == whole
        assert _stored(connection, "SELECT count(*) FROM phenotypes") == [(3,)]


def test_operations_and_matrices_can_be_named(folder: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "x.duckdb") as connection:
        report = _import(connection, folder, operations=("max", "min"), all_matrices=True)
        # q 4, k 2, v 2, o 4, gate 6, up 6, down 6 blocks: 30 a layer
        assert report["screens"][0]["mutants"] == 2 * 30 * 2
        assert report["screens"][0]["matrices"] == 14
        assert "The operation zero is not among those that were screened." in [
            each["reason"] for each in report["faults"]
        ]
        assert stored_screens(connection, "own")[0].plan["matrices"] == "*.*"
        (wider,) = _import(connection, folder, step=8, experiment="mine")["screens"]  # only the offset 0,0 is left
        assert (wider["mutants"], wider["nonsilent"]) == ((1 + 2) * 3, 2)


def test_code_files_that_belong_to_something_else_are_told(folder: Path, tmp_path: Path) -> None:
    other = CODE.replace("seed:0 step: 4", "seed:10 step: 8").replace("blue", "grey").replace(":9\n", ":1\n")
    (folder / "c.code").write_text(other, encoding="utf-8")
    with opened(tmp_path / "x.duckdb") as connection:
        report = _import(connection, folder)
    reasons = [each["reason"] for each in report["faults"] if Path(each["file"]).name == "c.code"]
    assert [reason.split(" here")[0] for reason in reasons[:2]] == ["The step is 8", "The seed is 10"]
    assert reasons[2].startswith("The standard output is not that of")
    assert reasons[3] == f"The code {DOWN}:1 had another text before: the last one is kept."
    assert report["screens"][0]["nonsilent"] == 4


def test_a_log_without_code_files_is_still_a_map(folder: Path, tmp_path: Path) -> None:
    (folder / "b.code").unlink()
    with opened(tmp_path / "x.duckdb") as connection:
        report = _import(connection, folder, step=4)
        (screen,) = report["screens"]
        assert (screen["nonsilent"], screen["phenotypes"]) == (
            4,
            4,
        )  # a code is a phenotype, though nobody knows its text
        assert [each["line"] for each in report["faults"]] == [5, 7, 8]  # once a matrix
        assert _stored(connection, "SELECT DISTINCT text, style, cosine FROM phenotypes") == [("", None, None)]


HEADER = (
    "Matrix ",
    "NSM type",
    "NSM  loc1",
    "nsm loc2",
    "Mmlu21 score",
    "Destructive NSM",
    "Drosophila cosine similarity",
)
ROWS = [
    (V, "max", "0", "0", "14|2", "no", "0.25"),
    (V, "min", "0", "1", "0 | 0", "yes", "Standard"),
    (DOWN, "max", "1", "2", "14|2", "no", "1"),
    (DOWN, "max", "1", "2", "14|2", "no", "1"),
    (DOWN, "max", "0", "0", "", "", "0.25"),
    ("down", "max", "0", "0", "1|1", "no", "0"),
    (V, "mix", "0", "0", "1|1", "no", "0"),
    (V, "max", "0.5", "0", "1|1", "no", "0"),
    (V, "max", "1", "0", "1|1", "no", "0"),
    (V, "max", "0", "0", "15|1", "no", "0"),
    (V, "max", "0", "0", "1|1", "perhaps", "0"),
    (V, "max", "0", "0", "1|1", "no", "1.5"),
    (V, "max", "0", "0", "", "", ""),
]


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """As CSV, or as a sheet of Excel with another beside it."""
    if path.suffix == ".csv":
        path.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n", encoding="utf-8")
        return
    with xlsxwriter.Workbook(path, {"strings_to_numbers": True}) as book:
        sheet = book.add_worksheet("NSMs")
        for line, row in enumerate([header, *rows]):
            sheet.write_row(line, 0, row)
        book.add_worksheet("Notes").write(0, 0, "Read me")


@pytest.mark.parametrize("name", ["table.csv", "table.xlsx"])
def test_a_table_of_measures_becomes_two_screens(folder: Path, tmp_path: Path, name: str) -> None:
    table = folder / "tables" / name
    table.parent.mkdir()
    write_table(table, HEADER, ROWS)
    with opened(tmp_path / "x.duckdb") as connection:
        report = _import(connection, table, step=4)
        told = [
            {
                key: screen[key]
                for key in ("experiment", "mutants", "nonsilent", "phenotypes", "duplicates", "conflicts")
            }
            for screen in report["screens"]
        ]
        # only what the table lists is known; of a row with a bad measure the others count, the last of several rows
        assert told == [
            {"experiment": "mmlu21", "mutants": 3, "nonsilent": 3, "phenotypes": None, "duplicates": 1, "conflicts": 3},
            {
                "experiment": "drosophila",
                "mutants": 4,
                "nonsilent": 3,
                "phenotypes": None,
                "duplicates": 2,
                "conflicts": 1,
            },
        ]
        assert all(screen["is_partial"] for screen in report["screens"])
        assert [each["line"] for each in report["faults"]] == [7, 8, 9, 10, 11, 12, 13, 14]
        phenotypes = "SELECT screen, score, destructive, cosine, text, style FROM phenotypes ORDER BY ALL"
        assert _stored(connection, phenotypes) == [
            (1, "0|0", True, None, "", None),
            (1, "14|2", False, None, "", None),
            (1, "1|1", False, None, "", None),
            (2, None, None, 0.0, "", None),
            (2, None, None, 0.25, "", None),
            (2, None, None, 1.0, "", None),
        ]
        assert [each.nonsilent.sum() for each in bitmaps(connection, 1)] == [1, 1, 1]
        assert [each.screened.sum() for each in bitmaps(connection, 2)] == [1, 1, 2]
        assert [each.nonsilent.sum() for each in bitmaps(connection, 2)] == [1, 0, 2]
        shares = matrix_shares(connection, 1).select("mutants", "share").rows()
        assert shares == [(0, None), (0, None)]  # nobody knows how many there were
        assert (
            counts(connection, 1).filter(pl.col("layer").is_null() & pl.col("kind").is_null())["destructive"].max() == 1
        )
        assert not any(screen["is_new"] for screen in _import(connection, table, step=4)["screens"])


def test_a_table_of_one_measure_becomes_one_screen_with_its_silent_rest(folder: Path, tmp_path: Path) -> None:
    write_table(folder / "t.csv", (*HEADER[:4], HEADER[6]), [(V, "MAX", "0", "0", "0.5"), (V, "max", "0", "0")])
    with opened(tmp_path / "x.duckdb") as connection:
        report = _import(connection, folder / "t.csv", step=4)
        (screen,) = report["screens"]
        assert (screen["experiment"], screen["mutants"], screen["nonsilent"]) == ("drosophila", 1, 1)
        (whole,) = _import(connection, folder / "t.csv", step=4, complete=True)["screens"]
        assert (whole["screen"], whole["mutants"], whole["is_partial"]) == (2, 2, False)
        assert [(each["line"], each["reason"]) for each in report["faults"]] == [
            (3, "The row has 4 cells, not 5 as the header.")
        ]


@pytest.mark.parametrize("operations", [(), ("max", "min")])
def test_a_table_of_counts_becomes_a_screen_of_counts(
    folder: Path, tmp_path: Path, operations: tuple[str, ...]
) -> None:
    rows = [(V, "3", "0"), (UP, "9", ""), (DOWN, "4", "x"), ("sum", "16", "0"), (V, "3", "1"), (UP, "99", "2")]
    write_table(folder / "counts.csv", ("mid", "Sky", "Other"), rows)
    with opened(tmp_path / "x.duckdb") as connection:
        report = _import(connection, folder / "counts.csv", step=4, operations=operations)
        known = len(operations)
        told = [(each["experiment"], each["mutants"], each["nonsilent"]) for each in report["screens"]]
        assert told == [("sky", 14 * known or None, 16), ("other", 8 * known or None, 3)]
        assert [(each["duplicates"], each["conflicts"]) for each in report["screens"]] == [(1, 0), (0, 1)]
        assert [each["line"] for each in report["faults"]] == [4, 5, 7]
        cube = counts(connection, 1).select("layer", "kind", "mutants", "nonsilent").rows()
        assert sorted(cube, key=str) == sorted(
            [
                (None, None, 14 * known or None, 16),
                (0, None, 2 * known or None, 3),
                (1, None, 12 * known or None, 13),
                (None, "v", 2 * known or None, 3),
                (None, "up", 6 * known or None, 9),
                (None, "down", 6 * known or None, 4),
                (0, "v", 2 * known or None, 3),
                (1, "up", 6 * known or None, 9),
                (1, "down", 6 * known or None, 4),
            ],
            key=str,
        )
        assert counts(connection, 1)["operation"].null_count() == 9
        assert _stored(connection, "SELECT count(*) FROM mutants") == [(0,)]
        assert [(each.mutants, each.done) for each in stored_screens(connection, "own")] == [(0, 0), (0, 0)]
        again = _import(connection, folder / "counts.csv", step=4, operations=operations)
        assert not any(screen["is_new"] for screen in again["screens"])
        assert len(counts(connection, 1)) == 9


def test_matrices_are_named_as_a_plan_names_them() -> None:
    assert patterns(range(14), 2) == "*.*"
    assert patterns(range(7), 2) == "0.*"
    assert patterns([2, 9, 16, 6], 3) == "*.v, 0.down"
    assert patterns([0, 7, 21], 4) == "0-1.q, 3.q"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"experiment": None}, "Nothing tells what the model was asked in the log a.log"),
        ({"operations": ("mix",)}, "'mix' is no operation"),
        ({"step": 0}, "The step is the side of a block"),
        ({"shape": "big"}, "There is no shape 'big'"),
        ({"paths": (Path("nowhere"),)}, "There is no file or folder nowhere"),
    ],
)
def test_what_cannot_be_imported_is_one_sentence(folder: Path, asked: dict[str, Any], words: str) -> None:
    told = {"paths": (folder,), "shape": "llama2-7b", "experiment": "sky", **asked}
    with pytest.raises(ExplorerError, match=words):
        read_study(Question(**told), {})


def test_the_command_line(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    (folder / "a.log").write_text(LOG + "nonsense\n" * 30, encoding="utf-8")
    common = ["import-study", str(folder), "--db", str(database), "--experiment", "drosophila", "--complete"]
    refused = CliRunner().invoke(app, [*common, "--shape", "big"])
    assert (refused.exit_code, refused.stderr.count("\n"), database.exists()) == (2, 1, False)
    shape = ["--shape", str(tmp_path / "config.json")]
    told = CliRunner().invoke(app, [*common, *shape])
    assert told.exit_code == 0
    first = (
        f"Screen 1, {tmp_path.name}, drosophila (text): 2 matrices, 24 mutants, 4 non-silent, 3 phenotypes, "
        "1 duplicates, 1 conflicts."
    )
    assert told.stdout.splitlines()[0] == first
    assert "33 malformed or incomplete:" in told.stdout
    assert "… and 13 more, which --json lists." in told.stdout
    assert f"Left out: {folder / 'note.txt'}. It is no log" in told.stdout
    again = CliRunner().invoke(app, [*common, *shape])
    assert again.stdout.splitlines()[0] == f"{first} It was there already: nothing was added."
    listed = json.loads(CliRunner().invoke(app, [*common, *shape, "--json"]).stdout)
    assert (listed["malformed"], len(listed["faults"]), listed["faults"][-2]["line"]) == (33, 33, 38)
    with opened(database, read_only=True) as connection:
        (screen,) = stored_screens(connection, "own")
        assert screen.prompt.text == "The life cycle of Drosophila:"
