"""Which event of the tab Compare calls what."""

from __future__ import annotations

import functools
from typing import Any

import gradio as gr

from explorer.ui.compare.blind import wiring as blind
from explorer.ui.compare.form import OWN, PROMPTS, QUESTIONS
from explorer.ui.compare.handlers import CompareHandlers
from explorer.ui.compare.layout import CompareTab
from explorer.ui.events import QUEUED, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.runs import Runs


def wire(
    tab: CompareTab, tabs: gr.Tabs, page_load: Any, explore: ExploreTab, handlers: Handlers, runs: tuple[Runs, Runs]
) -> None:
    """Connect the tab's events; `page_load` is that of the page.

    `runs` are the visitors' comparisons, and the pairs of their blind tests.
    """
    comparisons, pairs = runs
    own = CompareHandlers(handlers, comparisons)
    _wire_form(tab, explore, own)
    tab.run.click(own.begin, None, None, **QUIETLY).then(
        own.run,
        [explore.exploration, *tab.asked],
        tab.drawn,
        concurrency_id="comparison",  # of its own: a text in Explore streams while a long comparison runs
        concurrency_limit=2,
        **QUEUED,
    )
    tab.stop.click(own.stop, None, None, **QUIETLY)
    _wire_items(tab, own)
    connect_run(
        explore, handlers, tab.items.choose, own.open_item, [explore.exploration, tab.compared],
        [tab.notice, tab.address, tabs, explore.exploration, *explore.drawn, *explore.asked],
    )  # fmt: skip
    for kind, button in tab.files.items():
        button.click(functools.partial(own.download, kind=kind), tab.compared, [tab.saver, tab.notice], **QUIETLY)
    tabs.select(own.leave, None, tab.address, **QUIETLY)
    explore.address.opens(page_load, own.read_link, [tabs, *tab.asked, tab.notice])
    blind.wire(tab.blind, explore.exploration, tab.compared, tab.asked, own, pairs)


def _wire_form(tab: CompareTab, explore: ExploreTab, own: CompareHandlers) -> None:
    """What is chosen decides what is to be filled in."""
    tab.take.click(own.take, [explore.exploration, tab.genotypes], [tab.genotypes, tab.checked], **QUIETLY)
    for event in (tab.genotypes.blur, tab.genotypes.submit):
        event(own.check, [explore.exploration, tab.genotypes], tab.checked, **QUIETLY)
    tab.ask.change(
        lambda ask: [gr.update(visible=ask == PROMPTS), gr.update(visible=ask == QUESTIONS)],
        tab.ask,
        [tab.of_prompts, tab.of_questions],
        **QUIETLY,
    )
    tab.source.change(
        lambda source: [gr.update(visible=source == OWN), gr.update(visible=source != OWN)],
        tab.source,
        [tab.prompts, tab.count],
        **QUIETLY,
    )


def _wire_items(tab: CompareTab, own: CompareHandlers) -> None:
    """The list of items: whose, which, and which page."""
    asked, listed = [tab.compared, tab.against, tab.part, tab.page], [tab.items, tab.told, tab.page]
    tab.against.input(own.choose_against, [tab.compared, tab.against], [tab.part, *listed], **QUIETLY)
    tab.part.input(lambda shown, against, part: own.items(shown, against, part, 0), asked[:3], listed, **QUIETLY)
    for button, step in ((tab.earlier, -1), (tab.later, 1)):
        button.click(functools.partial(_turned, own, step), asked, listed, **QUIETLY)


def _turned(own: CompareHandlers, step: int, shown: Any, against: Any, part: Any, page: int) -> list[Any]:
    return own.items(shown, against, part, page + step)
