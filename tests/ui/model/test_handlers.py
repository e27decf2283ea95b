from types import SimpleNamespace
from typing import Any

from explorer.ui.explore.handlers import Handlers
from explorer.ui.model.handlers import Opening
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.ui.visit import last

ADA: Any = SimpleNamespace(session_hash="ada", query_params={})


def test_a_page_without_a_model_says_so_above_the_texts() -> None:
    workspace = Workspace(source="/nowhere")
    header, headline, *others = last(Opening(workspace, Handlers(workspace, Runs())).open(ADA))
    assert "There is no folder /nowhere" in header
    assert "There is no model" in headline
    assert all(other == {"__type__": "update"} for other in others)


def test_a_page_with_a_model_shows_it_and_leaves_the_headline_to_the_run(
    workspace: Workspace, handlers: Handlers
) -> None:
    header, headline, exploration, *_ = last(Opening(workspace, handlers).open(ADA))
    assert 'class="badge">tiny<' in header
    assert headline == {"__type__": "update"}
    assert exploration.source == workspace.source


def test_another_model_that_fails_keeps_what_is_shown(workspace: Workspace, handlers: Handlers) -> None:
    opening = Opening(workspace, handlers)
    _, _, exploration, *_ = last(opening.open(ADA))
    header, *others = last(opening.switch(exploration, "/nowhere", ADA))
    assert "There is no folder /nowhere" in header
    assert 'class="badge">tiny<' in header
    assert all(other == {"__type__": "update"} for other in others)
