"""The trial of a model is made once a version, and what was found is kept."""

import json
from pathlib import Path

import pytest

from explorer.files.settings import Settings
from explorer.generation import trial
from explorer.workspace.trials import try_once
from tests.tiny import tiny_model


def test_it_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, said = Settings(cache_folder=tmp_path), list[str]()
    first = tiny_model("llama")
    try_once(first, settings, said.append)
    assert len(said) == 1
    (kept,) = (tmp_path / "trials").iterdir()
    monkeypatch.setattr(trial, "try_model", _never)
    again = tiny_model("llama")
    try_once(again, settings, said.append)
    assert again.verdicts == first.verdicts
    assert len(said) == 1
    told = json.loads(kept.read_text())
    told["setting"]["transformers"] = "4.0"
    for text in (json.dumps(told), "{", json.dumps({"setting": told["setting"]})):
        kept.write_text(text)
        with pytest.raises(AssertionError, match="tried"):
            try_once(tiny_model("llama"), settings, said.append)


def test_a_full_disk_keeps_nobody_from_working(tmp_path: Path) -> None:
    (tmp_path / "trials").write_text("no folder")
    model = tiny_model("llama")
    try_once(model, Settings(cache_folder=tmp_path), lambda _: None)
    assert model.verdicts[0].is_fast


def _never(_: object) -> None:
    raise AssertionError("tried again")
