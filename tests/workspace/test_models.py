"""Models in memory: let go where another needs their room, and downloads that are ended."""

import time
from pathlib import Path

import pytest

from explorer.domain.errors import CancelledError, ModelError
from explorer.files.memory import needed
from explorer.files.models import remembered
from explorer.files.settings import Settings
from explorer.model import memory
from explorer.workspace.workspace import Workspace
from tests.hub import Hub
from tests.tiny import saved_model


def _workspace(tmp_path: Path, source: str) -> Workspace:
    return Workspace(source=source, device="cpu", settings=Settings(database=tmp_path / "own.duckdb"))


def test_a_download_is_ended_and_the_model_before_stays(served: Hub, tmp_path: Path) -> None:
    workspace = _workspace(tmp_path, saved_model(tmp_path / "tiny"))
    first = workspace.models.get()
    served.bytes_per_second = 2e5
    loading = workspace.models.load("org/small")
    while not loading.sentence.startswith("Downloading"):
        assert not loading.is_done
        time.sleep(0.01)
    workspace.models.cancel("org/small")
    with pytest.raises(CancelledError, match="was cancelled: what is there is kept"):
        loading.wait()
    assert workspace.models.peek() is first
    served.bytes_per_second = None
    assert workspace.models.get("org/small").name == "small"
    assert remembered(workspace.settings) == ["org/small", str(tmp_path / "tiny")]


def test_a_model_goes_where_another_needs_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = _workspace(tmp_path, saved_model(tmp_path / "first"))
    first = workspace.models.get()
    room = needed(first.size)
    monkeypatch.setattr(
        memory, "free_memory", lambda _: room - (first.size if workspace.models.peek() is not None else 0)
    )
    second = saved_model(tmp_path / "second", seed=1)
    assert workspace.models.get(second).name == "second"
    assert workspace.models.peek() is None, "it is loaded again when it is asked for"


def test_none_goes_where_it_would_not_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = _workspace(tmp_path, saved_model(tmp_path / "first"))
    workspace.models.get()
    monkeypatch.setattr(memory, "free_memory", lambda _: 1000)
    with pytest.raises(ModelError, match=r"second takes .* of memory in float32, and 0.1 MB are free here"):
        workspace.models.get(saved_model(tmp_path / "second"))
    assert workspace.models.peek() is not None
