"""The commands that ask a genotype many things, and screens on a task, as a user types them."""

import json
from pathlib import Path
from typing import Any

import pytest

from explorer.tasks.retest import held_out
from explorer.workspace.behaviour import mmlu_questions
from tests.commands.typed import typed

LOUD = "1.down*-3"
"""A mutant of the tiny model that says something else."""


@pytest.fixture(scope="module")
def mmlu(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Forty questions of two subjects, in the tiny model's words."""
    path = tmp_path_factory.mktemp("questions")
    (path / "test").mkdir()
    for subject in ("logic", "words"):
        rows = [
            f"w{5 + number} w{90 - number},{','.join(f'w{(7 * number + 11 * place) % 90 + 5}' for place in range(4))},"
            f"{'ABCD'[number % 4]}"
            for number in range(20)
        ]
        (path / "test" / f"{subject}_test.csv").write_text("\n".join(rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def inputs(tmp_path: Path) -> str:
    """Three inputs."""
    path = tmp_path / "inputs.txt"
    path.write_text("literary: w5 w6\nfactual: w7 w8\nw9\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A record of its own."""
    monkeypatch.setenv("EXPLORER_DATABASE", str(tmp_path / "own.duckdb"))


def _kept() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(typed("history", "--json")[1])["entries"]
    return entries


@pytest.mark.usefixtures("own")
def test_rihf(folder: str, inputs: str) -> None:
    arguments = ("rihf", LOUD, "--inputs", inputs, "--max-new-tokens", "4", "--model", folder)
    code, out, err = typed(*arguments, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert [row["kind"] for row in report["answers"]] == ["literary", "factual", "literary"]
    assert sum(row["mutant"] for row in report["words"]) == sum(row["original"] for row in report["words"]) == 3
    (entry,) = _kept()
    assert (entry["kind"], entry["genotypes"]) == ("rihf", [LOUD])
    code, out, _ = typed(*arguments, "--no-record")
    assert code == 0
    assert report["sentence"] in out
    assert len(_kept()) == 1


@pytest.mark.usefixtures("own")
def test_scan(folder: str, inputs: str) -> None:
    arguments = ("--inputs", inputs, "--limit", "2", "--max-new-tokens", "4", "--model", folder)
    code, out, err = typed("scan", LOUD, "0.q*0", *arguments, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["inputs"] == 2
    assert [mutant["genotype"] for mutant in report["mutants"]] == [LOUD, "0.q*0"]
    assert sorted(row["place"] for group in report["groups"] for row in group["mutants"]) == [1, 2]
    metrics = _kept()[0]["metrics"]
    assert (metrics["inputs"], metrics["mutants"], metrics["rihf_mutants"]) == (2, 2, 0)
    code, _, err = typed("scan", *arguments)
    assert (code, "Name mutants, or a database" in err) == (2, True)


def test_a_scan_takes_its_mutants_from_a_screen(folder: str, inputs: str, tmp_path: Path) -> None:
    experiment, database = tmp_path / "words.toml", str(tmp_path / "x.duckdb")
    experiment.write_text('prompt = "w5 w6 w7"\nchat = false\n[decoding]\nmax_new_tokens = 6\n', encoding="utf-8")
    screened = ("--experiment", str(experiment), "--matrices", "1.down", "--step", "16", "--mode", "text")
    assert typed("screen", *screened, "--db", database, "--model", folder)[0] == 0
    arguments = ("--inputs", inputs, "--max-new-tokens", "4", "--model", folder, "--no-record", "--json")
    code, out, err = typed("scan", "--db", database, "--top", "2", *arguments)
    assert (code, err) == (0, "")
    assert all(mutant["genotype"].startswith("1.down[") for mutant in json.loads(out)["mutants"])
    code, _, err = typed("scan", "--db", database, "--style", "poem", *arguments)
    assert (code, "choose another screen or style" in err) == (2, True)
    code, _, err = typed("scan", "--db", str(tmp_path / "none.duckdb"), *arguments)
    assert (code, "There is no database" in err) == (2, True)


@pytest.mark.usefixtures("own")
def test_questions(folder: str, mmlu: str) -> None:
    arguments = ("--mmlu", mmlu, "--form", "cloze", "--model", folder)
    code, out, err = typed("questions", LOUD, *arguments, "--limit", "10", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert (report["questions"], report["genotype"], report["form"]) == (10, LOUD, "cloze")
    assert [row["questions"] for row in report["subjects"]] == [5, 5]
    assert sum(row["original_right"] for row in report["items"]) == report["original_right"]
    assert _kept()[0]["metrics"]["accuracy"] == report["mutant_right"] / 10
    code, out, _ = typed("questions", "", *arguments, "--subjects", "logic", "--no-record")
    assert (code, "of 20 right" in out) == (0, True)
    code, _, err = typed("questions", "", "--mmlu", mmlu, "--subjects", "art", "--model", folder)
    assert (code, "has no subject 'art'" in err) == (2, True)


@pytest.mark.usefixtures("own")
def test_questions_that_a_folder_lists_as_right_and_wrong_can_be_asked_again(folder: str, tmp_path: Path) -> None:
    for name, count in (("test_right", 2), ("test_wrong", 1)):
        (tmp_path / name).mkdir()
        rows = "\n".join(f"w{5 + number},w6,w7,w8,w9,A" for number in range(count))
        (tmp_path / name / "words_test.csv").write_text(rows, encoding="utf-8")
    code, out, err = typed("questions", LOUD, "--mmlu", str(tmp_path), "--form", "cloze", "--model", folder, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["questions"] == 3
    fresh = held_out(mmlu_questions(tmp_path), ["right-words-1"], ["wrong-words-1"])
    assert [each.name for each in fresh.questions] == ["right-words-2"]


@pytest.mark.usefixtures("own")
def test_a_screen_on_a_task_and_its_mutants_asked_again(
    monkeypatch: pytest.MonkeyPatch, folder: str, mmlu: str, tmp_path: Path
) -> None:
    monkeypatch.setenv("EXPLORER_QUESTIONS", mmlu)  # put as cloze: the tiny model knows no letters
    database = str(tmp_path / "x.duckdb")
    plan = ("--matrices", "0.down,1.q", "--step", "16", "--db", database, "--model", folder)
    task = ("--task", "facts", "--right", "3", "--wrong", "9")
    code, out, _ = typed("screen", *plan, *task, "--json")
    assert code == 0
    assert json.loads(out)["is_finished"]
    code, out, _ = typed("sql", "SELECT mode FROM screens", "--db", database, "--json")
    assert json.loads(out) == [{"mode": "text"}]  # answers to questions are kept
    code, out, err = typed("retest", "--db", database, "--top", "4", "--model", folder, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["questions"] == 40 - 12
    assert report["better"] >= report["retested"] > 0
    for row in report["mutants"]:
        assert row["gained"] > row["lost"]
        assert row["fresh_q"] >= row["fresh_p"]
    assert _kept()[0]["detail"]["title"].endswith("asked again")
    code, _, err = typed("retest", "--db", database, "--screen", "7", "--model", folder)
    assert (code, "no such screen on a task in this database, only 1" in err) == (2, True)
    code, _, err = typed("screen", *plan, *task[:2], "--right", "40")
    assert (code, "right and" in err) == (2, True)
    monkeypatch.delenv("EXPLORER_QUESTIONS")
    code, _, err = typed("retest", "--db", database, "--model", folder)
    assert (code, "does not have: name its own with --mmlu" in err) == (2, True)


@pytest.mark.usefixtures("own")
def test_comparisons_are_kept_too(folder: str) -> None:
    arguments = ("compare", LOUD, "--prompt", "w5", "--prompt", "w6 w7", "--max-new-tokens", "4", "--model", folder)
    assert typed(*arguments)[0] == 0
    (entry,) = _kept()
    assert (entry["kind"], entry["genotypes"]) == ("comparison", ["original", LOUD])
    assert entry["metrics"]["items"] == 2


def test_a_faulty_folder_of_questions_is_told_before_the_page_opens(tmp_path: Path) -> None:
    code, _, err = typed("serve", "--mmlu", str(tmp_path), "--port", "0")
    assert (code, "Name one laid out as MMLU's" in err) == (2, True)
