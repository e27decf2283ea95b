"""The page as a whole, as it is sent to every visitor."""

import inspect
import time
from collections.abc import Iterator
from typing import Any

import anyio
import gradio as gr
from gradio.state_holder import SessionState

from explorer.ui.events import QUIETLY
from explorer.ui.explore.exploration import Exploration
from explorer.ui.faults import Page
from explorer.ui.page import build_page
from explorer.workspace.workspace import Workspace


def test_it_builds_without_a_model() -> None:
    assert build_page(Workspace(source="/nowhere")) is not None


def test_its_description_reaches_no_component(workspace: Workspace) -> None:
    described = build_page(workspace).get_config_file()
    assert len(described["components"]) > 100
    assert [
        place for place, value in _leaves(described, "page") if callable(value) and not inspect.isfunction(value)
    ] == []


def test_no_event_has_the_browser_tell_components_how_it_is_going(workspace: Workspace) -> None:
    described = build_page(workspace).get_config_file()
    events = [event for event in described["dependencies"] if event["targets"] and event["outputs"]]
    assert len(events) > 100
    assert [event["id"] for event in events if event["show_progress_on"] != []] == []


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{place}.{name}")
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _leaves(part, f"{place}[{index}]")
    else:
        yield place, value


def test_no_click_is_dropped_while_the_one_before_is_answered(workspace: Workspace) -> None:
    """But for the tick of the queue, which comes again anyway."""
    page = build_page(workspace)
    dropping = [event for event in page.fns.values() if event.trigger_mode == "once" and event.fn is not None]
    kinds = {kind for event in dropping if event.api_visibility == "private" for _, kind in event.targets}
    assert kinds == {"tick", "unload"}


def test_events_with_data_of_their_own_are_never_replayed(workspace: Workspace) -> None:
    """Gradio sends the first event's data with the last one that is replayed."""
    page = build_page(workspace)
    replayed = [event for event in page.fns.values() if event.trigger_mode == "always_last"]
    assert len(replayed) > 20
    assert [event.name for event in replayed if event.fn and "Data" in str(inspect.signature(event.fn))] == []


def test_clicks_of_a_visitor_are_done_in_their_order_and_nobody_waits_for_another() -> None:
    done: list[str] = []

    def slowly(value: str) -> str:
        time.sleep(0.2 if value.endswith("1") else 0.0)
        done.append(value)
        return value

    page = Page(analytics_enabled=False)
    with page:
        box = gr.Textbox()
        box.submit(slowly, box, box, **QUIETLY)
    (event,) = page.fns.values()

    async def click() -> None:
        async with anyio.create_task_group() as group:
            for value in ("ada 1", "ada 2", "ada 3", "bob 2"):
                state = SessionState(page)
                group.start_soon(lambda value=value, state=state: page.process_api(  # type: ignore[misc]
                    event, [value], state=state, session_hash=value[:3]
                ))  # fmt: skip
                await anyio.sleep(0.01)

    anyio.run(click)
    assert done == ["bob 2", "ada 1", "ada 2", "ada 3"]


def test_what_other_tabs_show_of_a_model_goes_with_it(workspace: Workspace) -> None:
    page = build_page(workspace)
    (forget, *others) = [event for event in page.fns.values() if event.name == "forget"]
    assert len(others) == 2  # after opening, going back, and loading another
    assert forget.fn is not None
    there = Exploration(source="there")
    assert forget.fn(there, "there") == [gr.skip()] * len(forget.outputs)
    known, *cleared, notice = forget.fn(there, "before")
    assert (known, notice) == ("there", gr.skip())
    assert len(cleared) == len(forget.outputs) - 2
    assert not any(update == gr.skip() for update in cleared)
