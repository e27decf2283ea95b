"""Where faults that the user can mend end: in the tab's notice; nothing that was typed or shown is lost by one."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.ui.explore.drawing import DRAWN_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.words import notice_html

Owner = TypeVar("Owner")
Arguments = ParamSpec("Arguments")


def edge(
    handler: Callable[Concatenate[Owner, Arguments], list[Any]],
) -> Callable[Concatenate[Owner, Arguments], list[Any]]:
    """A handler that moves the exploration, whose faults become the notice and leave everything else as it is."""

    @functools.wraps(handler)
    def guarded(owner: Owner, /, *arguments: Arguments.args, **keywords: Arguments.kwargs) -> list[Any]:
        try:
            return handler(owner, *arguments, **keywords)
        except ExplorerError as fault:
            return refusal(str(fault))

    return guarded


def refusal(message: str) -> list[Any]:
    """Outputs of a handler that changes nothing but the notice, and runs nothing."""
    return [*[gr.skip()] * DRAWN_COUNT, notice_html(message)]


def check_source(event: gr.EventData, exploration: Exploration) -> None:
    """Refuse a click on a figure of another model than the present one. Raises ExplorerError."""
    if event.meta["model"] != exploration.source:
        raise ExplorerError(f"That picture is of the model {event.meta['model']}: draw it again for the present one.")
