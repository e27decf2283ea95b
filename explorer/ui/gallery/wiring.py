"""Which event of the tab Gallery calls what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.ui.events import LATEST, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.gallery.form import NUMBERS
from explorer.ui.gallery.handlers import GalleryHandlers
from explorer.ui.gallery.layout import GalleryTab


def wire(tab: GalleryTab, opened: Any, tabs: gr.Tabs, page_load: Any, explore: ExploreTab, handlers: Handlers) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at, `page_load` that of the page."""
    own = GalleryHandlers(handlers)
    opened(own.open_tab, tab.shown, tab.drawn, **QUIETLY)
    for name, component in tab.controls.items():
        if name == "words":  # a text box misses some deletions as `input`
            inputs = [tab.shown, *tab.asked]
            component.change(own.search, inputs, tab.drawn, **QUIETLY | LATEST)
        elif name == "layers" or name in NUMBERS:
            for event in (component.submit, component.blur):
                event(own.draw, tab.asked, tab.drawn, **QUIETLY)
        else:
            component.input(own.draw, tab.asked, tab.drawn, **QUIETLY | LATEST)
    tab.clear.click(own.clear, tab.asked, [*tab.asked, *tab.drawn], **QUIETLY)
    tab.surprise.click(own.surprise, tab.asked, [tab.notice, tab.grid], **QUIETLY)
    tab.grid.more(own.more, tab.asked, [tab.notice, tab.grid], **QUIETLY)
    tab.grid.alike(own.alike, tab.asked, [tab.notice, tab.grid], **QUIETLY)
    connect_run(
        explore, handlers, tab.grid.open, own.open, [explore.exploration],
        [tab.behind, tabs, explore.exploration, *explore.drawn, *explore.asked],
    )  # fmt: skip
    tabs.select(own.leave, None, tab.address, **QUIETLY)
    explore.address.opens(page_load, own.read_link, [tabs, *tab.asked, *tab.drawn])
