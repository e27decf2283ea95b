"""The command that watches, as a nightly job runs it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.commands.typed import typed
from tests.tiny import saved_model

_DEMO = ROOT / "data" / "watch" / "demo.toml"
_FILE = """[[run]]
genotype = "1.down*-1"
prompt = "w5 w6"
max_new_tokens = 8

[[run]]
genotype = "1.down+0"
prompt = "w5 w6"
max_new_tokens = 8
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two saved tiny models, of different weights."""
    path = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("tiny", "other")):
        saved_model(path / name, seed=seed)
    return path


def _run(*arguments: str) -> tuple[int, str, str]:
    return typed("watch", *arguments, "--device", "cpu")


def test_from_nothing_to_a_change(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text(_FILE)
    model = ("--model", str(models / "tiny"))
    code, out, _ = _run(str(file), *model)
    assert (code, "2 new." in out, "with --update" in out) == (1, True, True)
    code, out, _ = _run(str(file), *model, "--update")
    assert (code, f"Written to {file}" in out) == (0, True)
    code, out, _ = _run(str(file), *model)
    assert (code, out.splitlines()[-1]) == (0, "2 same.")
    code, out, _ = _run(str(file), "--model", str(models / "other"))
    assert code == 1
    assert "2 changed." in out
    assert "    mutated text: " in out
    assert "model: tiny → other, since the file was written." in out
    assert "fingerprint: " in out


def test_a_later_library_that_says_something_else(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text(_FILE)
    model = ("--model", str(models / "tiny"))
    assert _run(str(file), *model, "--update")[0] == 0
    written = json.loads(_run(str(file), *model, "--json")[1])
    before = written["runs"][0]["result"]["mean_kl"]
    text = file.read_text().replace(f"mean_kl = {before}", f"mean_kl = {before * 1.01}")
    file.write_text(text.replace('transformers = "', 'transformers = "0.'))
    code, out, _ = _run(str(file), *model, "--json")
    report = json.loads(out)
    assert (code, report["counts"]) == (1, {"changed": 1, "same": 1})
    assert [each["what"] for each in report["runs"][0]["differences"]] == ["mean kl"]
    assert list(report["versions"]) == ["transformers"]
    assert _run(str(file), *model, "--tolerance", "0.1")[0] == 0


def test_sentences(models: Path, tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    for text, words in (("run 3", "line 1"), (_FILE.replace("1.down+0", "7.down*0"), "line 6: The model has 2 layers")):
        file.write_text(text)
        code, out, err = _run(str(file), "--model", str(models / "tiny"), "--json")
        assert (code, out) == (2, "")
        assert words in json.loads(err)["error"]


def test_the_bundled_file_holds_on_the_demo_model(tmp_path: Path) -> None:
    file = tmp_path / "demo.toml"
    shutil.copy(_DEMO, file)
    code, out, _ = _run(str(file), "--json", "--tolerance", "0.01")
    report = json.loads(out)
    assert (code, len(report["runs"])) == (0, 10), report["runs"]
    assert set(report["counts"]) <= {"same", "near tie"}
    assert report["runs"][0]["genotype"] == "11.down[507,1229]=0"
    assert file.read_text() == _DEMO.read_text()
