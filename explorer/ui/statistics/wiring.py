"""Which event of the tab Statistics calls what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from explorer.ui.events import LATEST, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.runs import Runs
from explorer.ui.statistics.console import wiring as console_wiring
from explorer.ui.statistics.console.handlers import ConsoleHandlers
from explorer.ui.statistics.handlers import StatisticsHandlers
from explorer.ui.statistics.layout import StatisticsTab


def wire(
    tab: StatisticsTab,
    opened: Any,
    tabs: gr.Tabs,
    page_load: Any,
    explore: ExploreTab,
    handlers: Handlers,
    questions: Runs,
    ordered: Sequence[Any],
) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at, `page_load` that of the page.

    `ordered` are the places, the unit and the step of the screen that is ordered next.

    `questions` are those that visitors ask in the console.
    """
    own = StatisticsHandlers(handlers, has_console=tab.console is not None)
    opened(own.open_tab, tab.shown, tab.drawn, **QUIETLY)
    for component in (tab.screen, tab.operations, tab.kinds, tab.matrix, tab.measure, tab.coloured, tab.severity,
                      tab.step, tab.axes, tab.other, tab.model, tab.cosine_limit, tab.score_limit,
                      tab.word):  # fmt: skip
        component.input(own.draw, tab.asked, tab.drawn, **QUIETLY | LATEST)
    for event in (tab.layers.submit, tab.layers.blur, tab.own.submit, tab.own.blur):
        event(own.draw, tab.asked, tab.drawn, **QUIETLY)
    tab.views.select(own.look, tab.shown, [tab.view, *tab.drawn], **QUIETLY)
    tab.clear.click(own.clear, tab.asked, [tab.layers, *tab.drawn], **QUIETLY)
    for view, panel in tab.panels.items():
        panel.take(own.take, tab.asked, [tab.saver, tab.notice], **QUIETLY)
        if view in ("nsm_map", "copa", "malignant_map", "word_map"):
            panel.encircle(own.finer, None, [tabs, *ordered, tab.behind], **QUIETLY)
        if view in ("correlations", "site_correlations"):
            panel.mark_click(own.compare, tab.asked, tab.drawn, **QUIETLY)
            continue
        if view == "side_by_side":
            panel.mark_click(own.show_screen, tab.asked, tab.drawn, **QUIETLY)
            continue
        if view in ("sheet_layers", "sheet_screens"):
            panel.mark_click(own.enlarge, tab.asked, [tab.views, tab.view, *tab.drawn], **QUIETLY)
            continue
        connect_run(
            explore, handlers, panel.mark_click, own.open, [explore.exploration, *tab.asked],
            [tab.behind, tabs, explore.exploration, *explore.drawn, *explore.asked],
        )  # fmt: skip
    tab.panels["nsm_map"].zoom(own.zoom, tab.asked, [tab.panels["nsm_map"], tab.sentences["nsm_map"]], **QUIETLY)
    tabs.select(own.leave, None, tab.address, **QUIETLY)
    linked = [
        tab.layers, tab.measure, tab.coloured, tab.severity, tab.step, tab.own, tab.cosine_limit,
        tab.score_limit,
    ]  # fmt: skip
    explore.address.opens(page_load, own.read_link, [tabs, tab.views, tab.view, *linked, *tab.drawn])
    if tab.console is None or tab.console_tab is None:
        return
    asking = ConsoleHandlers(handlers.workspace.screens.library, questions)
    console_wiring.wire(tab.console, tab.console_tab.select, tab.address, tab.saver, asking)
    explore.address.opens(page_load, asking.read_link, tab.console.asked)
