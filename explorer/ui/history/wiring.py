"""Which event of the tab History calls what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.ui.events import LATEST, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.history.draft import wiring as draft_wiring
from explorer.ui.history.handlers import HistoryHandlers
from explorer.ui.history.layout import HistoryTab
from explorer.ui.screen.layout import ScreenTab
from explorer.ui.talk.layout import TalkTab


def wire(
    tab: HistoryTab, opened: Any, tabs: gr.Tabs, explore: ExploreTab, screens: ScreenTab, talking: TalkTab,
    handlers: Handlers,
) -> None:  # fmt: skip
    """Connect the tab's events; `opened` is that of the tab being looked at."""
    own = HistoryHandlers(handlers)
    draft_wiring.wire(tab.draft, opened, tab.entries, tabs, explore, handlers)
    opened(own.open, tab.asked, tab.drawn, **QUIETLY)
    tab.words.change(own.first, tab.asked, tab.drawn, **QUIETLY | LATEST)
    for component in (tab.kinds, tab.tags, tab.models, tab.span, tab.sort):
        component.input(own.first, tab.asked, tab.drawn, **QUIETLY)
    tab.metric.input(own.draw, tab.asked, tab.drawn, **QUIETLY)
    tab.entries.turn(own.turn, tab.asked, tab.drawn, **QUIETLY)
    tab.entries.edit(own.edit, tab.asked, tab.drawn, **QUIETLY)
    tab.timeline.mark_click(own.look_up, tab.asked, tab.drawn, **QUIETLY)
    tab.entries.take(own.take, tab.asked, [tab.saver, tab.notice], **QUIETLY)
    connect_run(
        explore, handlers, tab.entries.reopen, own.reopen, [explore.exploration],
        [tab.notice, tabs, explore.exploration, *explore.drawn, *explore.asked, *screens.drawn, *talking.shown],
    )  # fmt: skip
