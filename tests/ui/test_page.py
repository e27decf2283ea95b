"""The page as a whole, as it is sent to every visitor."""

from collections.abc import Iterator
from inspect import isfunction
from typing import Any

from explorer.ui.page import build_page
from explorer.workspace.workspace import Workspace


def test_it_builds_without_a_model() -> None:
    assert build_page(Workspace(source="/nowhere")) is not None


def test_its_description_reaches_no_component(workspace: Workspace) -> None:
    described = build_page(workspace).get_config_file()
    assert len(described["components"]) > 100
    assert [place for place, value in _leaves(described, "page") if callable(value) and not isfunction(value)] == []


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
