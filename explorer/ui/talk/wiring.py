"""Which event of the tab Talk calls what."""

from __future__ import annotations

import functools
from typing import Any

import gradio as gr

from explorer.ui.events import ON_MODEL, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.runs import Runs
from explorer.ui.talk.handlers import TalkHandlers
from explorer.ui.talk.layout import TalkTab


def wire(
    tab: TalkTab, opened: Any, tabs: gr.Tabs, page_load: Any, explore: ExploreTab, handlers: Handlers, runs: Runs
) -> None:
    """Connect the tab's events; `opened` is that of the tab, `page_load` that of the page."""
    own = TalkHandlers(handlers, runs)
    told = [tab.mutant, tab.system, tab.thinking]
    opened(own.introduce, explore.exploration, told, **QUIETLY)
    explore.exploration.change(own.introduce, explore.exploration, told, **QUIETLY)
    asked = [explore.exploration, tab.conversation, tab.wanted, tab.message, *tab.settings, *explore.asked]
    for event in (tab.send.click, tab.message.submit):
        event(own.begin, None, tab.wanted, **QUIETLY).then(own.send, asked, tab.shown, concurrency_limit=1, **ON_MODEL)
    tab.stop.click(own.stop, None, None, **QUIETLY)
    tab.undo.click(own.undo, tab.conversation, tab.shown, **QUIETLY)
    tab.anew.click(own.anew, None, tab.shown, **QUIETLY)
    for kind, button in tab.files.items():
        taken = [explore.exploration, tab.conversation]
        button.click(functools.partial(own.download, kind=kind), taken, [tab.saver, tab.notice], **QUIETLY)
    tabs.select(own.leave, None, tab.address, **QUIETLY)
    explore.address.opens(page_load, own.read_link, [tabs, *tab.shown])
