"""The command line as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.commands.typed import typed
from tests.tiny import tiny_transformer


def test_the_example_of_the_readme_as_json() -> None:
    code, out, err = typed("mutate", "11.mlp*0", "--prompt", "What is the capital of France?", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["original"] == "The capital of France is Paris."
    assert report["mutated"].startswith("The capital of France is")
    assert report["mutated"] != report["original"]
    assert report["first_divergence"] == 5
    assert (report["genotype"], report["chat"], report["silent"]) == ("11.mlp*0", True, False)
    assert report["mean_kl"] > 0


def test_text_for_people(folder: str) -> None:
    code, out, err = typed(
        "mutate", "1.down*-1;0.q=max", "--prompt", "w5 w6", "--model", folder, "--max-new-tokens", "8"
    )
    assert code == 0
    assert "Reading tiny: 0.1 MB of weights in float32" in err
    for word in ("Original", "Mutated", "First divergence", "Mean KL", "by 2 mutations"):
        assert word in out


def test_a_silent_mutation_says_so(folder: str) -> None:
    _, out, _ = typed("mutate", "1.down+0", "--prompt", "w5 w6", "--model", folder, "--max-new-tokens", "8")
    assert "Silent: the mutant chose every token as the original did." in out


def test_anatomy_of_a_layer(folder: str) -> None:
    code, out, _ = typed("anatomy", "1", "--model", folder, "--json")
    report = json.loads(out)
    assert code == 0
    assert [matrix["name"] for matrix in report["matrices"]][:3] == ["1.q", "1.k", "1.v"]
    down = next(matrix for matrix in report["matrices"] if matrix["name"] == "1.down")
    weight = tiny_transformer("llama").get_parameter("model.layers.1.mlp.down_proj.weight").detach()
    assert (down["rows"], down["columns"]) == (32, 48)
    assert down["minimum"] == pytest.approx(float(weight.min()))
    assert down["deviation"] == pytest.approx(float(weight.std(correction=0)), rel=1e-4)
    assert (report["query_heads"], report["kv_heads"]) == (4, 2)


def test_anatomy_for_people(folder: str) -> None:
    code, out, _ = typed("anatomy", "--model", folder)
    assert code == 0
    assert "2 layers" in out
    assert "0.attn_norm" in out


def test_sensitive_finds_the_weight_that_wrecks_the_demo_model() -> None:
    asked = ("--prompt", "What is the capital of France?", "--json")
    code, out, _ = typed("sensitive", *asked, "--top", "3", "--no-controls")
    findings = json.loads(out)["findings"]
    assert code == 0
    assert len(findings) == 3
    assert findings[0]["genotype"] == "11.down[507,1229]=0"
    code, out, _ = typed("mutate", findings[0]["genotype"], *asked)
    assert "Paris" not in json.loads(out)["mutated"]


def test_sensitive_for_people(folder: str) -> None:
    code, out, _ = typed("sensitive", "--prompt", "w5 w6", "--model", folder, "--level", "row", "--operation", "max")
    assert code == 0
    assert ",:]=max" in out
    assert len(out.splitlines()) == 12
    assert out.splitlines()[2].endswith((" of 31", " of 47", " of 15"))  # all other rows of its matrix


def test_how_special_a_mutation_is(folder: str) -> None:
    code, out, _ = typed("special", "1.down[3,:]=0", "--prompt", "w5 w6", "--model", folder, "--json")
    report = json.loads(out)
    assert (code, report["controls"], report["sizes"][0]["of"]) == (0, 31, 32)
    assert report["p"] == report["rank"] / 32
    code, out, _ = typed("special", "1.down[3,:]=0", "--prompt", "w5 w6", "--model", folder)
    assert (code, f"number {report['rank']}: p = " in out) == (0, True)
    code, _, err = typed("special", "1.mlp=0", "--prompt", "w5 w6", "--model", folder)
    assert (code, "is many matrices" in err) == (2, True)


def test_dose_response(folder: str) -> None:
    arguments = ("dose", "1.down[3,5]", "--prompt", "w5 w6", "--model", folder, "--background", "0.q*2")
    code, out, _ = typed(*arguments, "--json")
    report = json.loads(out)
    assert code == 0
    values = [dose["value"] for dose in report["doses"]]
    assert len(values) >= 17
    assert values[0] < report["minimum"] < report["present"] < report["maximum"] < values[-1]
    code, out, _ = typed(*arguments)
    assert (code, "The steepest step lies between" in out) == (0, True)


def test_weights(folder: str) -> None:
    code, out, _ = typed("weights", "1.down[0:4,8:11]", "--model", folder, "--json")
    report = json.loads(out)
    weight = tiny_transformer("llama").get_parameter("model.layers.1.mlp.down_proj.weight").detach()
    assert code == 0
    assert (report["matrix"], report["rows"], report["columns"], report["cell"]) == ("1.down", [0, 4], [8, 11], [1, 1])
    assert report["values"] == pytest.approx(weight[0:4, 8:11].numpy())
    code, out, _ = typed("weights", "1.down", "--model", folder)
    assert (code, len(out.splitlines())) == (0, 11)
    code, _, err = typed("weights", "1.mlp", "--model", folder)
    assert (code, "more than one matrix" in err) == (2, True)


def test_sensitivity(folder: str) -> None:
    arguments = ("sensitivity", "--prompt", "w5 w6", "--model", folder, "--operation", "max")
    code, out, _ = typed(*arguments, "--matrix", "1.down", "--json")
    report = json.loads(out)
    assert code == 0
    assert report["kinds"] == ["q", "k", "v", "o", "gate", "up", "down"]
    assert report["largest"][6][1] == pytest.approx(max(abs(value) for row in report["blocks"] for value in row))
    assert len(report["agreement"]["verified"]) == len(report["agreement"]["estimated"]) == 14
    code, out, _ = typed(*arguments)
    assert (code, "rank correlation" in out.splitlines()[-1]) == (0, True)
    code, _, err = typed(*arguments, "--matrix", "1.attn_norm")
    assert (code, "There is no map of '1.attn_norm'" in err) == (2, True)


def test_propagation(folder: str) -> None:
    arguments = ("propagation", "1.down*-2", "--prompt", "w5 w6", "--model", folder, "--token", "-1")
    code, out, _ = typed(*arguments, "--json")
    report = json.loads(out)
    assert code == 0
    assert len(report["changes"]) == len(report["lens"]) == 3
    assert report["token"] == len(report["tokens"]) - 1
    assert max(report["changes"][2]) > 0.01
    code, out, _ = typed(*arguments)
    assert (code, "read out after each layer" in out) == (0, True)
    code, _, err = typed(*arguments[:-1], "9999")
    assert (code, "no token 9999" in err) == (2, True)


def test_epistasis(folder: str) -> None:
    arguments = ("epistasis", "0.q*0; 1.down*2; 1.up*0", "--pairs", "--prompt", "w5 w6", "--model", folder)
    code, out, _ = typed(*arguments, "--json")
    report = json.loads(out)
    assert code == 0
    assert [row["genotype"] for row in report["singles"]] == ["0.q*0", "1.down*2", "1.up*0"]
    assert report["interaction"] == pytest.approx(report["joint"]["added_nll"] - report["sum"])
    assert report["pairs"][0][1] == report["pairs"][1][0]
    code, out, _ = typed(*arguments)
    assert (code, "How much more each pair adds" in out) == (0, True)
    code, _, err = typed("epistasis", "0.q*0", "--prompt", "w5 w6", "--model", folder)
    assert (code, "two mutations or more" in err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["propagation", "11.dwon=0", "--prompt", "x"], "no part 'dwon'"),
        (["epistasis", "1.q=0;1.k=0", "--prompt", " "], "prompt is empty"),
        (["sensitivity", "--prompt", " "], "prompt is empty"),
        (["weights", "1.dwon"], "no part 'dwon'"),
        (["mutate", "11.dwon=0", "--prompt", "x"], "no part 'dwon'"),
        (["mutate", "1.q=0", "--prompt", " "], "prompt is empty"),
        (["mutate", "1.q=0", "--prompt", "x", "--temperature", "-1"], "Temperature must lie"),
        (["mutate", "1.q=0", "--prompt", "x", "--model", "/nowhere"], "no folder /nowhere"),
        (["mutate", "1.q=0", "--prompt", "x", "--device", "tpu"], "no device 'tpu'"),
        (["serve", "--host", "0.0.0.0"], "add --auth USER:PASSWORD"),
        (["dose", "1.q=0;1.k", "--prompt", "x"], "Expected an operation"),
        (["dose", "1.q", "--prompt", " "], "prompt is empty"),
        (["serve", "--share"], "add --auth USER:PASSWORD"),
        (["serve", "--auth", "nobody"], "--auth takes USER:PASSWORD"),
        (["serve", "--host", "203.0.113.7", "--auth", "a:b"], "cannot listen on 203.0.113.7"),
    ],
)
def test_a_mistake_gets_a_sentence_and_exit_code_2(arguments: list[str], words: str) -> None:
    code, out, err = typed(*arguments)
    assert code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_mistakes_about_the_model(folder: str) -> None:
    code, _, err = typed("mutate", "2.q=0", "--prompt", "w5", "--model", folder, "--json")
    assert code == 2
    assert json.loads(err)["error"].startswith("The model has 2 layers, 0 to 1.\n  2.q=0\n  ^")
    code, _, err = typed("mutate", "1.q=0", "--chat", "--prompt", "w5", "--model", folder)
    assert (code, "has no chat template" in err) == (2, True)
    code, _, err = typed("anatomy", "7", "--model", folder)
    assert (code, "2 layers, 0 to 1" in err) == (2, True)


def test_the_gallery_of_the_bundled_screens() -> None:
    arguments = ("--style", "poem", "--search", "you are", "--sort", "cosine", "--rising")
    code, out, err = typed("gallery", *arguments, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert 1 < len(report["cards"]) == min(report["total"], 20)
    for card in report["cards"]:
        assert card["style"] == "poem"
        assert "you" in card["text"].lower()
        assert "are" in card["text"].lower()
    cosines = [card["cosine"] for card in report["cards"]]
    assert cosines == sorted(cosines)
    code, out, _ = typed("gallery", "--group", "--limit", "2")
    assert (code, out.splitlines()[0]) == (0, "2 of 23,621")
    assert "more nearly the same" in out
    assert typed("gallery", "--surprise", "3") == typed("gallery", "--surprise", "3")
    code, _, err = typed("gallery", "--screen", "9")
    assert (code, "There is no screen 9" in err) == (2, True)


def test_help_and_mistakes_do_not_wait_for_torch() -> None:
    script = "import sys; from explorer.cli import main\ntry: main()\nfinally: print('torch' in sys.modules)"
    for arguments in (["--help"], ["mutate", "--help"], ["mutate", "1.q", "--prompt", "x"]):
        result = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert result.stdout.endswith("False\n"), result.stderr


def test_genotypes_are_compared_on_prompts(folder: str, tmp_path: Path) -> None:
    asked = tmp_path / "prompts.txt"
    asked.write_text("w5 w6\n\nw7 w8\n", encoding="utf-8")
    arguments = ("--model", folder, "--max-new-tokens", "6", "--prompt", "w9", "--inputs", str(asked))
    code, out, err = typed("compare", "1.down*-1;0.q=max", *arguments, "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert [each["genotype"] for each in report["genotypes"]] == ["original", "1.down*-1;0.q=max"]
    assert [row["asked"] for row in report["items"][::2]] == ["w9", "w5 w6", "w7 w8"]
    assert report["is_complete"]
    code, out, _ = typed("compare", "original", "1.down*-1;0.q=max", *arguments, "--limit", "2")
    assert code == 0
    assert "B says something else than A to " in out
    assert "of 2 prompts" in out


def test_comparisons_that_cannot_be_made(folder: str, tmp_path: Path) -> None:
    for arguments, words in (
        (("1.dwn*0",), "1.dwn*0"),
        (("original",), "needs two genotypes"),
        (("1.q*0", "--inputs", str(tmp_path / "none.txt")), "none.txt cannot be read"),
    ):
        code, _, err = typed("compare", *arguments, "--model", folder)
        assert code == 2
        assert words in err


def _record_of(monkeypatch: pytest.MonkeyPatch, path: Path, folder: str) -> None:
    """A database with two runs of mutants."""
    monkeypatch.setenv("EXPLORER_DATABASE", str(path))
    for genotype in ("0.down*-1", "1.mlp*0"):
        code, _, err = typed("mutate", genotype, "--prompt", "w5 w6", "--model", folder, "--json", "--device", "cpu")
        assert (code, err) == (0, "")


def test_runs_of_mutate_are_kept_and_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str) -> None:
    _record_of(monkeypatch, tmp_path / "own.duckdb", folder)
    code, _, _ = typed("mutate", "0.q*0", "--prompt", "w5", "--model", folder, "--no-record")
    assert code == 0
    told = json.loads(typed("history", "--json")[1])
    assert told["total"] == 2
    assert [entry["genotypes"] for entry in told["entries"]] == [["1.mlp*0"], ["0.down*-1"]]
    assert json.loads(typed("history", "--search", "DOWN", "--json")[1])["total"] == 1
    ranked = json.loads(typed("history", "--sort", "mean_kl", "--limit", "1", "--json")[1])["entries"]
    assert len(ranked) == 1
    assert ranked[0]["metrics"]["mean_kl"] == max(entry["metrics"]["mean_kl"] for entry in told["entries"])
    assert "0.down*-1" in typed("history", "--kind", "explore")[1]
    assert "No entry" in typed("history", "--kind", "watch")[1]
    code, _, err = typed("history", "--sort", "beauty")
    assert (code, "No entry has the metric 'beauty'" in err) == (2, True)


def test_a_report_is_written_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str) -> None:
    _record_of(monkeypatch, tmp_path / "own.duckdb", folder)
    page, text = tmp_path / "all.html", tmp_path / "one.md"
    assert json.loads(typed("report", str(page), "--json")[1]) == {"file": str(page), "entries": 2}
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert typed("report", str(text), "--run", "1")[0] == 0
    assert "1.mlp" not in text.read_text(encoding="utf-8")
    for arguments, words in (
        ([str(page)], "is there already"),
        ([str(tmp_path / "x.md"), "--run", "9"], "no entry 9"),
        ([str(tmp_path / "x.pdf")], "ends in .md or .html"),
        ([str(tmp_path / "nowhere" / "x.md")], "cannot be written"),
    ):
        code, _, err = typed("report", *arguments)
        assert (code, words in err) == (2, True), err
