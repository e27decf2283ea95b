"""Damage, advice, heads, comparison of checkpoints, and screens of any operation, as a user types them."""

import json
from pathlib import Path

import pytest

from tests.commands.typed import typed
from tests.tiny import tiny_model

FEW = ("--max-new-tokens", "8")


def test_damage_then_advice_from_its_file(folder: str, tmp_path: Path) -> None:
    code, out, _ = typed("damage", "--operations", "round2,round3,round4", "--model", folder, "--json")
    assert code == 0
    report = json.loads(out)
    assert len(report["rows"]) == 14 * 3
    assert report["rows"][0].keys() == {"site", "weights", "operation", "mean_kl", "added_nll", "perplexity"}
    file = tmp_path / "damage.json"
    file.write_text(out, encoding="utf-8")
    code, out, _ = typed("advise", "--table", str(file), "--bits", "3", "--model", folder, "--json")
    advice = json.loads(out)
    assert advice["advised"]["bits"] <= 3
    assert advice["uniform"]["matrices"] == {"3": 14}
    assert advice["gain_interval"][0] <= advice["gain"] <= advice["gain_interval"][1]
    code, out, _ = typed("advise", "--table", str(file), "--megabytes", "1000", "--model", folder, "--json")
    assert (code, json.loads(out)["uniform"]["matrices"]) == (0, {"8": 14})
    size = str(advice["uniform"]["megabytes"])
    code, out, _ = typed("advise", "--table", str(file), "--megabytes", size, "--model", folder)
    assert code == 0
    assert "advised: " in out
    code, out, _ = typed("damage", "--operations", "prune50", "--model", folder, "--questions", "3")
    assert "prune(0.5): " in out
    assert "right answers, of 3" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("advise",), "Name one budget"),
        (("advise", "--bits", "4", "--megabytes", "9"), "Name one budget"),
        (("advise", "--bits", "4", "--table", "none.json"), "no damage table"),
        (("damage", "--operations", "burn"), "'burn' is no operation"),
        (("damage", "--operations", ","), "Name operations"),
        (("damage", "--operations", "=copy(0.q)"), "of the same shape"),
        (("damage", "--operations", "=copy(99.down)"), "The model has 2 layers"),
        (("damage", "--operations", "=1e39"), "precision holds numbers"),
        (("damage", "--operations", "flip3"), "in a single weight"),
        (("advise", "--bits", "nan"), "The budget is no number"),
        (("dose", "0.q=round(4);1.q=round(4)", "--prompt", "w5"), "of one mutation"),
        (("diff", "./gone"), "which is not here"),
    ],
)
def test_mistakes(folder: str, arguments: tuple[str, ...], words: str) -> None:
    code, _, err = typed(*arguments, "--model", folder)
    assert code == 2
    assert words in err


def test_heads_on_a_prompt_and_on_questions(folder: str) -> None:
    code, out, _ = typed("heads", "--prompt", "w5 w6", "--model", folder, *FEW, "--json")
    assert code == 0
    assert len(json.loads(out)["heads"]) == 8
    code, out, _ = typed("heads", "--questions", "3", "--model", folder)
    assert code == 0
    assert "of 3 right with all of them" in out


def test_dose_response_of_an_operation(folder: str) -> None:
    code, out, _ = typed("dose", "1.down=round(4)", "--prompt", "w5 w6", "--model", folder, *FEW, "--json")
    assert code == 0
    report = json.loads(out)
    assert (report["unit"], [dose["value"] for dose in report["doses"]]) == ("bits", [1, 2, 3, 4, 5, 6, 7, 8])


def test_two_checkpoints(folder: str, tmp_path: Path) -> None:
    tiny_model("qwen3").causal_lm.save_pretrained(tmp_path)
    code, out, _ = typed("diff", folder, "--model", folder)
    assert code == 0
    assert "0 without a counterpart" in out
    code, out, _ = typed("diff", str(tmp_path), "--model", folder, "--json")
    report = json.loads(out)
    assert report["missing"][0]["reason"]


def test_a_large_patch_says_its_size_first(folder: str, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    code, out, err = typed("patch", "layers=round(2)", "--file", str(file), "--model", folder)
    assert code == 0
    assert "values, old and new, in" in out
    assert "up to" not in err  # it is small


@pytest.mark.parametrize("genotype", ["layers=round(3)", "1.down~from({folder})*0.5", "0.q=rank(3); 1.q=shuffle"])
def test_edits_are_saved_and_loaded_as_any_mutant(folder: str, tmp_path: Path, genotype: str) -> None:
    text = genotype.format(folder=folder)
    code, _, _ = typed("save", text, "--folder", str(tmp_path / "mutant"), "--model", folder)
    assert code == 0
    _, mutated, _ = typed("mutate", text, "--prompt", "w5 w6", "--model", folder, *FEW, "--json")
    _, own, _ = typed("mutate", "norm*1", "--prompt", "w5 w6", "--model", str(tmp_path / "mutant"), *FEW, "--json")
    assert json.loads(own)["original"] == json.loads(mutated)["mutated"]


def test_a_screen_of_heads_with_any_operation(folder: str, tmp_path: Path) -> None:
    words = tmp_path / "words.toml"
    words.write_text('prompt = "w5 w6 w7"\nchat = false\n[decoding]\nmax_new_tokens = 8\n', encoding="utf-8")
    database = str(tmp_path / "x.duckdb")
    screen = ("screen", "--unit", "head", "--operations", "zero,round2,noise(0.5, seed 3)", "--experiment", str(words))
    code, out, _ = typed(*screen, "--db", database, "--model", folder)
    assert code == 0
    assert "24 mutants" in out
    code, out, _ = typed("stats", "kinds", "--db", database, "--operations", "round2", "--json")
    assert code == 0
    assert {row["operation"] for row in json.loads(out)["rows"]} == {"=round(2)"}
    code, _, err = typed("stats", "kinds", "--db", database, "--operations", "burn")
    assert (code, "'burn' is no operation" in err) == (2, True)
