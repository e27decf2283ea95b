"""Handlers of a page whose model is a tiny one."""

import pytest

from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.tiny import saved_model


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose model is a tiny one."""
    path = tmp_path_factory.mktemp("models") / "tiny"
    saved_model(path)
    return Workspace(source=str(path), device="cpu")


@pytest.fixture
def runs() -> Runs:
    """The visitors' runs."""
    return Runs()


@pytest.fixture
def handlers(workspace: Workspace, runs: Runs) -> Handlers:
    """The tab's handlers."""
    return Handlers(workspace, runs)


@pytest.fixture
def start(workspace: Workspace) -> Exploration:
    """The controls at one weight."""
    anatomy = workspace.models.get().anatomy
    return Exploration(source=workspace.source).with_genotype(anatomy.read("1.down[3,5]=0"), anatomy)
