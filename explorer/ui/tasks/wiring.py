"""Which event of the tab Tasks calls what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.runs import Runs
from explorer.ui.screen.layout import ScreenTab
from explorer.ui.tasks.layout import TasksTab
from explorer.ui.tasks.questions import wiring as questions_wiring
from explorer.ui.tasks.questions.handlers import ExaminingHandlers
from explorer.ui.tasks.writers import wiring as writers_wiring
from explorer.ui.tasks.writers.handlers import WritingHandlers


def wire(
    tab: TasksTab,
    opened: Any,
    tabs: gr.Tabs,
    page_load: Any,
    explore: ExploreTab,
    screens: ScreenTab,
    handlers: Handlers,
    runs: tuple[Runs, Runs, Runs],
) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at, `page_load` that of the page.

    `runs` are the visitors' runs of mutants, their retests, and their questions by subject.
    """
    writers, *others = runs
    writers_wiring.wire(tab.writers, opened, tabs, page_load, explore, WritingHandlers(handlers, writers), handlers)
    questions_wiring.wire(tab.questions, opened, tabs, explore, screens, ExaminingHandlers(handlers, *others), handlers)
