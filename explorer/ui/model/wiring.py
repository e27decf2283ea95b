"""When a model is loaded: as the page opens, and when another is asked for."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.events import QUIETLY, TOGETHER
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments import bench
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import replay_arguments, run_arguments
from explorer.ui.model.handlers import Opening
from explorer.ui.model.layout import ModelPicker
from explorer.ui.runs import Runs


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What other tabs show of one model."""

    results: list[Any]
    cleared: Callable[[], list[Any]]
    """Updates of `results` for a model of which nothing is known."""


def wire(
    header: gr.HTML, picker: ModelPicker, page_load: Any, tab: ExploreTab, instruments: list[Any], handlers: Handlers,
    asked: Runs, tabs: gr.Tabs, elsewhere: Elsewhere,
) -> None:  # fmt: skip
    """Connect the events; `page_load` is that of the page, `instruments` what `bench` built. Each ends in a run.

    `asked` are the models that visitors wait for. Where another model is there, what is `elsewhere` of the one before
    goes.
    """
    opening = Opening(handlers.workspace, handlers, asked)
    results = [*tab.results, *bench.results(instruments)]
    outputs = [header, tab.change, tab.exploration, *tab.asked, *tab.drawn, *results, tab.wanted, tabs]
    replay, run = replay_arguments(tab, handlers), run_arguments(tab, handlers)
    known = gr.State(handlers.workspace.source)

    def forget(exploration: Exploration, before: str) -> list[Any]:
        if exploration.source == before:
            return [gr.skip()] * (1 + len(elsewhere.results))
        return [exploration.source, *elsewhere.cleared()]

    def loads(event: Any, handler: Any, inputs: list[Any] | None) -> None:
        loaded = event(handler, inputs, outputs, **TOGETHER)
        loaded.then(**replay).then(**run)
        loaded.then(forget, [tab.exploration, known], [known, *elsewhere.results], **QUIETLY)

    picker.box.expand(opening.known, None, picker.known, **QUIETLY)
    picker.known.input(lambda chosen: chosen or gr.skip(), picker.known, picker.source, **QUIETLY)
    picker.cancel.click(opening.cancel, None, None, **QUIETLY)
    loads(page_load, opening.open, None)
    loads(tab.address.travel, opening.travel, [tab.exploration])
    pressed = functools.partial(gr.on, [picker.load.click, picker.source.submit])
    loads(pressed, opening.switch, [tab.exploration, picker.source])
