import threading
from collections.abc import Callable
from inspect import isasyncgenfunction
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from explorer.model.loaded import LoadedModel
from explorer.ui.explore.handlers import Handlers
from explorer.ui.model.handlers import Opening
from explorer.ui.page import build_page
from explorer.ui.runs import Runs
from explorer.workspace.models import Models
from explorer.workspace.workspace import Workspace
from tests.ui.visit import last_of

ADA: Any = SimpleNamespace(session_hash="ada", query_params={})


def test_a_page_without_a_model_says_so_above_the_texts() -> None:
    workspace = Workspace(source="/nowhere")
    header, headline, *others = last_of(Opening(workspace, Handlers(workspace, Runs()), Runs()).open(ADA))
    assert "There is no folder /nowhere" in header
    assert "There is no model" in headline
    assert all(other == {"__type__": "update"} for other in others)


def test_a_page_with_a_model_shows_it_and_leaves_the_headline_to_the_run(
    workspace: Workspace, handlers: Handlers
) -> None:
    header, headline, exploration, *_ = last_of(Opening(workspace, handlers, Runs()).open(ADA))
    assert 'class="badge">tiny<' in header
    assert headline == {"__type__": "update"}
    assert exploration.source == workspace.source


def test_another_model_that_fails_keeps_what_is_shown(workspace: Workspace, handlers: Handlers) -> None:
    opening = Opening(workspace, handlers, Runs())
    _, _, exploration, *_ = last_of(opening.open(ADA))
    header, *others = last_of(opening.switch(exploration, "/nowhere", ADA))
    assert "There is no folder /nowhere" in header
    assert 'class="badge">tiny<' in header
    assert all(other == {"__type__": "update"} for other in others)


def test_a_page_opens_while_others_wait_for_models_that_do_not_come(
    workspace: Workspace, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than the server has threads."""
    workspace.models.get()
    released, load = threading.Event(), Models._load

    def slow(models: Models, name: str, say: Callable[[str], None], stop: threading.Event) -> LoadedModel:
        say("Fetching …")
        released.wait()
        return load(models, name, say, stop)

    monkeypatch.setattr(Models, "_load", slow)
    opening = Opening(workspace, handlers, Runs())
    waiting: list[str] = []

    async def wait(number: int) -> None:
        link = SimpleNamespace(session_hash=str(number), query_params={"model": f"/nowhere/{number}"})
        async for outputs in opening.open(link):  # type: ignore[arg-type]
            waiting.append(str(outputs))

    async def open_beside() -> list[Any]:
        async with anyio.create_task_group() as group:
            for number in range(60):
                group.start_soon(wait, number)
            outputs = [each async for each in opening.open(ADA)][-1]
            assert not any("no folder" in header for header in waiting)
            released.set()
        return outputs

    assert 'class="badge">tiny<' in anyio.run(open_beside)[0]
    assert sum("There is no folder /nowhere" in header for header in waiting) == 60


def test_opening_and_switching_take_no_turns(workspace: Workspace) -> None:
    events = [each for each in build_page(workspace).fns.values() if isasyncgenfunction(each.fn)]
    assert [each.name for each in events] == ["open", "travel", "switch"]
    assert all(each.concurrency_limit is None for each in events)
