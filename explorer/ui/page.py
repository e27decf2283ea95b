"""The page, as a table of contents: header, tabs, and what happens when it opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gradio as gr

from explorer.ui import patches, watch
from explorer.ui.endpoints import Endpoints
from explorer.ui.events import QUEUED
from explorer.ui.handlers import Handlers
from explorer.ui.instruments import matrix_map, search, spread, together, tried
from explorer.ui.opening import Opening
from explorer.ui.programs import add_endpoints
from explorer.ui.session import Runs
from explorer.ui.summary import header_html
from explorer.ui.tabs import compare, explore, gallery, guide, history, screen, statistics, tasks
from explorer.ui.tabs.explore import ExploreTab
from explorer.ui.theme import script

if TYPE_CHECKING:
    from explorer.workspace import Workspace


INSTRUMENTS: dict[str, Any] = {
    "Map": matrix_map,
    "Search": search,
    "Spread": spread,
    "Together": together,
    "Tried": tried,
}
"""By the name of their tab, modules with a `build` and a `wire`."""


def build_page(workspace: Workspace) -> gr.Blocks:
    """The whole page; no model needs to be loaded yet."""
    runs, comparing, asking = Runs(), (Runs(), Runs()), (Runs(), Runs(), Runs())
    handlers = Handlers(workspace, runs)
    opening = Opening(workspace, handlers)
    page: gr.Blocks = gr.Blocks(title="Mutation Explorer", analytics_enabled=False, fill_width=True)
    with page:
        add_endpoints(page, Endpoints(workspace))  # first, so that their names are free
        header = gr.HTML(header_html(None, "Starting …"), apply_default_css=False, js_on_load=script("header.js"))
        with gr.Tabs(selected="explore") as tabs:
            with gr.Tab("Explore", id="explore"):
                tab = explore.build(workspace)
                wire_instruments = _build_instruments()
            with gr.Tab("Gallery", id="gallery") as gallery_tab:
                said = gallery.build()
            with gr.Tab("Screen", id="screen") as screen_tab:
                screens = screen.build(workspace)
            with gr.Tab("Statistics", id="statistics") as statistics_tab:
                shown = statistics.build()
            with gr.Tab("Tasks", id="tasks") as tasks_tab:
                asked = tasks.build(workspace)
            with gr.Tab("Compare", id="compare"):
                comparison = compare.build(workspace)
            with gr.Tab("History", id="history") as history_tab:
                record = history.build()
            with gr.Tab("Guide", id="guide"):
                guide.build()
        source, load = _build_model_picker(workspace)

        explore.wire(tab, handlers)
        wire_instruments(tab, handlers)
        gallery.wire(said, gallery_tab.select, tabs, page.load, tab, handlers)
        patches.wire(tab, handlers)
        watch.wire(tab, handlers)
        screen.wire(screens, screen_tab.select, tabs, tab, handlers)
        statistics.wire(shown, statistics_tab.select, tabs, page.load, tab, handlers)
        tasks.wire(asked, tasks_tab.select, tabs, page.load, tab, screens, handlers, asking)
        compare.wire(comparison, tabs, page.load, tab, handlers, comparing)
        history.wire(record, history_tab.select, tabs, tab, screens, handlers)
        outputs = [header, tab.exploration, *tab.asked, *tab.drawn]
        run = explore.run_arguments(tab, handlers)
        page.load(opening.open, None, outputs, **QUEUED).then(**run)
        gr.on(
            [load.click, source.submit],
            opening.switch,
            [tab.exploration, source],
            outputs,
            **QUEUED,
        ).then(**run)

        def leave(request: gr.Request) -> None:
            for each in (runs, *comparing, *asking):
                each.forget(request.session_hash or "")

        page.unload(leave)
    return page


def _build_instruments() -> Callable[[ExploreTab, Handlers], None]:
    """The instruments below the texts; what is returned connects them."""
    built = []
    with gr.Tabs(elem_classes="card instruments"):
        for name, instrument in INSTRUMENTS.items():
            with gr.Tab(name):
                built.append((instrument, instrument.build()))

    def wire(tab: ExploreTab, handlers: Handlers) -> None:
        for instrument, parts in built:
            instrument.wire(parts, tab, handlers)

    return wire


def _build_model_picker(workspace: Workspace) -> tuple[gr.Textbox, gr.Button]:
    with gr.Accordion("Use another model", open=False, elem_classes="card model-picker"), gr.Row():
        source = gr.Textbox(
            label="Model: demo, a folder, a .gguf file or a hub id",
            value=workspace.source,
            scale=4,
            elem_classes="mono",
        )
        load = gr.Button("Load", variant="primary", scale=1, min_width=90)
    return source, load
