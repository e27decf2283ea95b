"""Which event of the sub-tab Writers calls what."""

from __future__ import annotations

import functools
from typing import Any

import gradio as gr

from explorer.ui.events import ASKING, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.tasks.writers.handlers import WritingHandlers
from explorer.ui.tasks.writers.layout import WritersTab


def wire(
    tab: WritersTab, opened: Any, tabs: gr.Tabs, page_load: Any, explore: ExploreTab, own: WritingHandlers,
    handlers: Handlers,
) -> None:  # fmt: skip
    """Connect the events; `opened` is that of the tab being looked at."""
    opened(own.open, [explore.exploration, tab.screen], tab.screen, **QUIETLY)
    tab.take.click(own.take, [explore.exploration, tab.mutants], [tab.mutants, tab.checked], **QUIETLY)
    for event in (tab.mutants.blur, tab.mutants.submit):
        event(own.check, [explore.exploration, tab.mutants], tab.checked, **QUIETLY)
    tab.fill.click(own.fill, [tab.screen, tab.style, tab.many], [tab.mutants, tab.checked], **QUIETLY)
    tab.run.click(own.begin, None, None, **QUIETLY).then(
        own.run, [explore.exploration, *tab.asked], tab.drawn, **ASKING
    )
    tab.stop.click(own.stop, None, None, **QUIETLY)
    tab.groups.choose(own.choose, tab.shown, tab.drawn, **QUIETLY)
    _wire_answers(tab, own)
    into_explore = [tab.notice, tab.address, tabs, explore.exploration, *explore.drawn, *explore.asked]
    for event, handler in ((tab.groups.open, own.open_mutant), (tab.answers.choose, own.open_answer)):
        connect_run(explore, handlers, event, handler, [explore.exploration, tab.shown], into_explore)
    for kind, button in tab.files.items():
        button.click(functools.partial(own.download, kind=kind), tab.shown, [tab.saver, tab.notice], **QUIETLY)
    tabs.select(own.leave, None, tab.address, **QUIETLY)
    explore.address.opens(page_load, own.read_link, [tabs, *tab.asked, tab.notice])


def _wire_answers(tab: WritersTab, own: WritingHandlers) -> None:
    """The list of answers: which of them, and which page."""
    asked, listed = [tab.shown, tab.chosen, tab.of_kind, tab.of_word, tab.page], [tab.answers, tab.told, tab.page]
    for event in (tab.of_kind.input, tab.of_word.change):
        event(functools.partial(own.answers, page=0), asked[:4], listed, **QUIETLY)
    tab.words.mark_click(own.choose_word, asked[:3], [tab.of_word, *listed], **QUIETLY)
    for button, step in ((tab.earlier, -1), (tab.later, 1)):
        button.click(functools.partial(_turned, own, step), asked, listed, **QUIETLY)


def _turned(own: WritingHandlers, step: int, shown: Any, place: int, kind: str, word: Any, page: int) -> list[Any]:
    return own.answers(shown, place, kind, word, page + step)
