"""Which event of the tab Screen calls what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.ui.events import LATEST, QUEUED, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.screen.handlers import ScreenHandlers
from explorer.ui.screen.layout import ScreenTab
from explorer.ui.screen.published import wiring as published_wiring
from explorer.ui.screen.published.handlers import PublishedHandlers


def wire(tab: ScreenTab, opened: Any, tabs: gr.Tabs, explore: ExploreTab, handlers: Handlers) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at."""
    own = ScreenHandlers(handlers)
    queued = [tab.queue, tab.seen, *tab.drawn]
    opened(own.open, [tab.seen, tab.shown, tab.matrix], queued, **QUIETLY)
    tab.timer.tick(own.tick, [tab.seen, tab.shown, tab.matrix], queued, **QUIETLY | {"trigger_mode": "once"})
    tab.experiment.change(own.choose_experiment, tab.experiment, [tab.of_task, tab.mode], **QUIETLY)
    tab.estimate.click(
        own.estimate,
        [explore.exploration, *tab.asked],
        tab.told,
        concurrency_id="estimate",
        **QUEUED | LATEST,
    )
    tab.start.click(own.start, [explore.exploration, *tab.asked], [tab.told, tab.queue], **QUIETLY)
    imported = published_wiring.wire(tab.published, tab.shown, PublishedHandlers(handlers.workspace))
    imported.then(own.show, [tab.shown, tab.matrix], tab.drawn, **QUIETLY)
    tab.queue.act(own.act, None, tab.queue, **QUIETLY)
    tab.shown.input(own.show, [tab.shown, tab.matrix], tab.drawn, **QUIETLY)
    tab.strip.mark_click(own.open_matrix, [tab.shown], tab.drawn, **QUIETLY)
    tab.map.encircle(own.finer, None, [tabs, *tab.places, tab.behind], **QUIETLY)
    tab.map.zoom(own.zoom, [tab.shown], tab.map, **QUIETLY)
    connect_run(
        explore, handlers, tab.map.mark_click, own.choose, [explore.exploration],
        [tab.behind, tabs, explore.exploration, *explore.drawn, *explore.asked],
    )  # fmt: skip
