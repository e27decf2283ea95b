"""When a model is loaded: as the page opens, and when another is asked for."""

from typing import Any

import gradio as gr

from explorer.ui.events import TOGETHER
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments import bench
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import run_arguments
from explorer.ui.model.handlers import Opening
from explorer.ui.model.layout import ModelPicker
from explorer.ui.runs import Runs


def wire(
    header: gr.HTML, picker: ModelPicker, page_load: Any, tab: ExploreTab, instruments: list[Any], handlers: Handlers,
    asked: Runs, tabs: gr.Tabs,
) -> None:  # fmt: skip
    """Connect the events; `page_load` is that of the page, `instruments` what `bench` built. Each ends in a run.

    `asked` are the models that visitors wait for.
    """
    opening = Opening(handlers.workspace, handlers, asked)
    results = [*tab.results, *bench.results(instruments)]
    outputs = [header, tab.change, tab.exploration, *tab.asked, *tab.drawn, *results, tab.wanted, tabs]
    run = run_arguments(tab, handlers)
    page_load(opening.open, None, outputs, **TOGETHER).then(**run)
    tab.address.travel(opening.travel, tab.exploration, outputs, **TOGETHER).then(**run)
    gr.on(
        [picker.load.click, picker.source.submit],
        opening.switch,
        [tab.exploration, picker.source],
        outputs,
        **TOGETHER,
    ).then(**run)
