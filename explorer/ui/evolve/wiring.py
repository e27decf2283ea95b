"""Which event of the tab Evolve calls what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.ui.events import QUEUED, QUIETLY
from explorer.ui.evolve.handlers import EvolveHandlers
from explorer.ui.evolve.layout import EvolveTab
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run


def wire(tab: EvolveTab, opened: Any, tabs: gr.Tabs, explore: ExploreTab, handlers: Handlers) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at."""
    own = EvolveHandlers(handlers)
    queued = [tab.queue, tab.seen, *tab.drawn]
    opened(own.open, [tab.seen, tab.shown], queued, **QUIETLY)
    tab.timer.tick(own.tick, [tab.seen, tab.shown], queued, **QUIETLY | {"trigger_mode": "once"})
    tab.presets.choose(own.choose_preset, None, [tab.told, tab.cards, *tab.asked], **QUIETLY)
    tab.cards.retarget(own.take_targets, None, tab.targets, **QUIETLY)
    tab.start.click(own.start, [explore.exploration, *tab.asked], [tab.told, tab.queue], **QUIETLY)
    tab.queue.act(own.act, None, tab.queue, **QUIETLY)
    tab.shown.input(own.draw, tab.shown, tab.drawn, **QUIETLY)
    tab.parquet.click(own.take, tab.shown, [tab.saver, tab.notice], **QUEUED)
    for panel in (tab.front, tab.family):
        connect_run(
            explore, handlers, panel.mark_click, own.choose, [explore.exploration, tab.shown],
            [tab.notice, tabs, explore.exploration, *explore.drawn, *explore.asked],
        )  # fmt: skip
