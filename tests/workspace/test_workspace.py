"""The facade: models in memory, and one thread that computes."""

import copy
import threading
from pathlib import Path

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.workspace.models import MODELS_KEPT
from explorer.workspace.workspace import Workspace
from tests.tiny import saved_model


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Three saved tiny models."""
    paths = [tmp_path / name for name in ("one", "two", "three")]
    for path in paths:
        saved_model(path)
    return [str(path) for path in paths]


def test_the_model_that_is_meant_and_the_one_used_last_stay(folders: list[str]) -> None:
    workspace = Workspace(source=folders[0], device="cpu")
    first = workspace.models.get()
    assert workspace.models.get(folders[0]) is first
    second = workspace.models.get(folders[1])
    third = workspace.models.get(folders[2])
    assert MODELS_KEPT == 2
    assert [workspace.models.peek(name) for name in folders] == [first, None, third]
    assert workspace.models.get(folders[1]) is not second
    assert workspace.models.peek() is first


def test_a_model_that_fails_takes_the_place_of_none(folders: list[str]) -> None:
    workspace = Workspace(source=folders[0], device="cpu")
    kept = [workspace.models.get(name) for name in folders[:2]]
    for name in ("/nowhere", "/not/there/either", "/nor/here"):
        with pytest.raises(ModelError, match="no folder"):
            workspace.models.get(name)
    assert [workspace.models.peek(name) for name in folders[:2]] == kept


def test_who_must_not_wait_is_told_that_a_model_is_not_there(folders: list[str]) -> None:
    workspace = Workspace(source=folders[0], device="cpu")
    assert workspace.models.peek() is None
    with pytest.raises(ModelError, match="not in memory, and is loaded now"):
        workspace.models.present()
    model = workspace.models.get()
    assert workspace.models.present() is model
    with pytest.raises(ModelError, match="no folder"):
        workspace.models.get("/nowhere")
    with pytest.raises(ModelError, match="no folder"):  # why it is not there, and no new attempt
        workspace.models.present("/nowhere")


def test_a_failed_load_is_told_and_tried_again(folders: list[str], tmp_path: Path) -> None:
    workspace = Workspace(source=str(tmp_path / "later"), device="cpu")
    with pytest.raises(ModelError, match="no folder"):
        workspace.models.get()
    (tmp_path / "one").rename(tmp_path / "later")
    assert workspace.models.get().name == "later"


def test_visitors_may_run_at_the_same_time(folders: list[str]) -> None:
    """Two pairs, token by token in turn, give what each gives alone."""
    workspace = Workspace(source=folders[0], device="cpu")
    model = workspace.models.get()
    prompt, decoding = Prompt(text="w5 w6", chat=False), Decoding(max_new_tokens=12)
    genotypes = [model.anatomy.read(text) for text in ("0.down*-1", "1.q=max")]
    alone = [list(Workspace().pairs.stream(model, prompt, decoding, genotype))[-1] for genotype in genotypes]
    running = [workspace.pairs.stream(model, prompt, decoding, genotype) for genotype in genotypes]
    together = [[*zip(*running, strict=False)][-1]]
    for left, right in zip(alone, together[0], strict=True):
        assert left.mutated_tokens[:12] == right.mutated_tokens[:12]


def test_all_computing_happens_in_one_thread(folders: list[str]) -> None:
    workspace = Workspace(source=folders[0], device="cpu")
    names = {workspace.computing.answer(lambda: threading.current_thread().name) for _ in range(5)}
    assert len(names) == 1
    assert threading.current_thread().name not in names


def test_a_workspace_is_never_copied() -> None:
    workspace = Workspace()
    assert copy.deepcopy(workspace) is workspace
