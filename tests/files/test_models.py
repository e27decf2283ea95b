"""Models to choose from."""

from pathlib import Path

import pytest

from explorer.files import models
from explorer.files.models import known_models, remember, remembered
from explorer.files.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=tmp_path / "own.duckdb")


def _cached(cache: Path, name: str, size: int) -> None:
    folder = cache / f"models--{name.replace('/', '--')}"
    snapshot = folder / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("abc", encoding="utf-8")
    (snapshot / "config.json").write_text("{}", encoding="utf-8")
    with (snapshot / "model.safetensors").open("wb") as file:
        file.truncate(size)


def test_used_before_then_in_the_cache_then_good_to_begin_with(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    _cached(tmp_path / "hub", "org/large", 3_000_000_000)
    _cached(tmp_path / "hub", "Qwen/Qwen3-0.6B", 1_000_000)
    (tmp_path / "hub" / "models--org--half" / "refs").mkdir(parents=True)
    monkeypatch.setattr(models, "fits", lambda size: size < 10**9)
    remember(settings, "org/large")
    found = {model.source: model.label for model in known_models(settings)}
    assert list(found)[:3] == ["org/large", "demo", "Qwen/Qwen3-0.6B"]
    assert found["org/large"] == "org/large · 3.0 GB, too large for the free memory · used before"
    assert found["demo"] == "demo · 0.5 GB, fits · comes along"
    assert found["Qwen/Qwen3-0.6B"] == "Qwen/Qwen3-0.6B · 0.0 GB, fits · in the local cache"
    assert "org/half" not in found
    assert found["HuggingFaceTB/SmolLM2-360M-Instruct"].endswith("the demo model's next larger sibling")


def test_the_last_ones_are_remembered_each_once(settings: Settings) -> None:
    assert remembered(settings) == []
    for number in range(12):
        remember(settings, f"org/{number % 10}")
    assert remembered(settings)[:3] == ["org/1", "org/0", "org/9"]
    assert len(remembered(settings)) == models.REMEMBERED


@pytest.mark.parametrize("text", ["", "{", "3", '{"a": 1}', '[1, "demo"]'])
def test_a_memory_that_is_broken_is_none(settings: Settings, text: str) -> None:
    (settings.database.parent / "models.json").write_text(text, encoding="utf-8")
    assert set(remembered(settings)) <= {"demo"}
    assert known_models(settings)
