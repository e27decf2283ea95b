"""The page, as a table of contents: header, tabs, and what happens when it opens."""

from collections.abc import Callable, Sequence

import gradio as gr

from explorer.files.settings import DEMO
from explorer.ui.compare import layout as compare
from explorer.ui.compare import wiring as compare_wiring
from explorer.ui.components.fault_notice import FaultNotice
from explorer.ui.components.hint import Hint
from explorer.ui.components.turns import Turns
from explorer.ui.evolve import layout as evolve
from explorer.ui.evolve import wiring as evolve_wiring
from explorer.ui.explore import layout as explore
from explorer.ui.explore import wiring as explore_wiring
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments import bench
from explorer.ui.faults import Page, guard
from explorer.ui.gallery import layout as gallery
from explorer.ui.gallery import wiring as gallery_wiring
from explorer.ui.guide import layout as guide
from explorer.ui.history import layout as history
from explorer.ui.history import wiring as history_wiring
from explorer.ui.model import layout as model
from explorer.ui.model import wiring as model_wiring
from explorer.ui.programs.endpoints import Endpoints
from explorer.ui.programs.named_endpoints import add_endpoints
from explorer.ui.runs import Runs
from explorer.ui.screen import layout as screen
from explorer.ui.screen import wiring as screen_wiring
from explorer.ui.stage import layout as stage
from explorer.ui.stage import wiring as stage_wiring
from explorer.ui.statistics import layout as statistics
from explorer.ui.statistics import wiring as statistics_wiring
from explorer.ui.talk import layout as talk
from explorer.ui.talk import wiring as talk_wiring
from explorer.ui.tasks import layout as tasks
from explorer.ui.tasks import wiring as tasks_wiring
from explorer.ui.words import TABS_HINT
from explorer.workspace.workspace import Workspace

KEPT_FILES = (3600, 3600)
"""Seconds between two looks at what visitors have left, and after which it goes."""


def build_page(workspace: Workspace, *, has_console: bool = True, takes_files: bool = True) -> gr.Blocks:
    """The whole page; no model needs to be loaded yet.

    `has_console`: whether visitors may ask the database in SQL; `takes_files`: whether they may upload some.
    """
    runs, opening, questions, turns = Runs(), Runs(), Runs(), Runs()
    comparing, asking = (Runs(), Runs()), (Runs(), Runs(), Runs())
    handlers = Handlers(workspace, runs)
    page: gr.Blocks = Page(title="Mutation Explorer", analytics_enabled=False, fill_width=True, delete_cache=KEPT_FILES)
    with page:
        add_endpoints(page, Endpoints(workspace))  # first, so that their names are free
        header = model.build_header()
        faults = FaultNotice(elem_classes="faults")
        Turns(elem_classes="turns")
        staged = stage.build()
        Hint("tabs", TABS_HINT, used='[role="tab"]')
        with gr.Tabs(selected="explore") as tabs:
            with gr.Tab("Explore", id="explore"):
                tab = explore.build(workspace)
                instruments = bench.build()
            with gr.Tab("Talk", id="talk") as talk_tab:
                talking = talk.build()
            with gr.Tab("Gallery", id="gallery") as gallery_tab:
                said = gallery.build()
            with gr.Tab("Screen", id="screen") as screen_tab:
                screens = screen.build(workspace, takes_files=takes_files)
            with gr.Tab("Evolve", id="evolve") as evolve_tab:
                evolving = evolve.build(workspace)
            with gr.Tab("Statistics", id="statistics") as statistics_tab:
                shown = statistics.build(has_console=has_console)
            with gr.Tab("Tasks", id="tasks") as tasks_tab:
                asked = tasks.build(workspace)
            with gr.Tab("Compare", id="compare"):
                comparison = compare.build(workspace)
            with gr.Tab("History", id="history") as history_tab:
                record = history.build(workspace.settings.programme if takes_files else None)
            with gr.Tab("Guide", id="guide"):
                guide.build(has_presets=workspace.source == DEMO)
        picker = model.build_picker(workspace)

        explore_wiring.wire(tab, handlers)
        bench.wire(instruments, tab, handlers)
        talk_wiring.wire(talking, talk_tab.select, tabs, page.load, tab, handlers, turns)
        gallery_wiring.wire(said, gallery_tab.select, tabs, page.load, tab, handlers)
        screen_wiring.wire(screens, screen_tab.select, tabs, tab, handlers)
        evolve_wiring.wire(evolving, evolve_tab.select, tabs, tab, handlers)
        statistics_wiring.wire(shown, statistics_tab.select, tabs, page.load, tab, handlers, questions, screens.places)
        tasks_wiring.wire(asked, tasks_tab.select, tabs, page.load, tab, screens, handlers, asking)
        compare_wiring.wire(comparison, tabs, page.load, tab, handlers, comparing)
        history_wiring.wire(record, history_tab.select, tabs, tab, screens, talking, handlers)
        stage_wiring.wire(staged, tabs, tab, handlers)
        elsewhere = model_wiring.Elsewhere(
            [*asked.results, *comparison.results], lambda: [*tasks.cleared(), *compare.cleared()]
        )
        model_wiring.wire(header, picker, page.load, tab, instruments, handlers, opening, tabs, elsewhere)

        page.unload(_leaving(handlers, [opening, questions, turns, *comparing, *asking]))
        guard(page, faults, kept=tab.drawn)
    return page


def _leaving(handlers: Handlers, runs: Sequence[Runs]) -> Callable[[gr.Request], None]:
    """What is done when a visitor leaves: whatever is kept of him is forgotten."""

    def leave(request: gr.Request) -> None:
        handlers.leave(request.session_hash or "")
        for each in runs:
            each.forget(request.session_hash or "")

    return leave
