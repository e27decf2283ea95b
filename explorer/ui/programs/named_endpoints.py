"""Named endpoints of the page for programs: what `gradio_client` and the page `?view=api` list."""

import functools
import inspect
import typing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import api
from pydantic.fields import FieldInfo

from explorer.domain.errors import ExplorerError
from explorer.ui.programs.endpoints import Endpoint, Endpoints, Report, checked, described


def add_endpoints(page: gr.Blocks, endpoints: Endpoints) -> None:
    """Give the page that is being built its endpoints; those that compute wait for the model as its visitors do."""
    for function in endpoints.of_the_model:
        _add(page, function, concurrency_id="model", concurrency_limit=1)
    for function in (*endpoints.of_the_queue, *endpoints.of_the_screens):
        _add(page, function)


def _add(page: gr.Blocks, function: Endpoint, **queueing: Any) -> None:
    added = api(_answering(function), api_name=function.__name__, api_description=described(function), **queueing)
    taken = page.fns[added["id"]]
    told = {"report": "", **descriptions(function)}
    for component, (name, text) in zip([*taken.outputs, *taken.inputs], told.items(), strict=True):
        assert isinstance(component, Component)
        component.label = name
        component.api_info()["additional_description"] = text  # gradio has no parameter for it


def descriptions(function: Endpoint) -> dict[str, str]:
    """What each parameter means, by its name."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields = {
        name: [each for each in typing.get_args(hint) if isinstance(each, FieldInfo)] for name, hint in hints.items()
    }
    return {name: found[0].description or "" for name, found in fields.items() if found}


def _answering(function: Endpoint) -> Endpoint:
    """The function, whose faults gradio tells as they are."""
    answer = checked(function)

    @functools.wraps(answer)
    def answering(*values: Any) -> Report | Iterator[Report]:
        with _told():
            return answer(*values)

    @functools.wraps(answer)
    def telling(*values: Any) -> Iterator[Report]:
        with _told():
            yield from answer(*values)  # type: ignore[misc]  # it is a generator

    return telling if inspect.isgeneratorfunction(answer) else answering


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except ExplorerError as fault:
        raise gr.Error(str(fault), print_exception=False) from fault
