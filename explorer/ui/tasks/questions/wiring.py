"""Which event of the sub-tab Questions calls what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.ui.events import ASKING, QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.screen.layout import ScreenTab
from explorer.ui.tasks.questions.handlers import ExaminingHandlers
from explorer.ui.tasks.questions.layout import QuestionsTab


def wire(
    tab: QuestionsTab, opened: Any, tabs: gr.Tabs, explore: ExploreTab, screens: ScreenTab, own: ExaminingHandlers,
    handlers: Handlers,
) -> None:  # fmt: skip
    """Connect the events; `opened` is that of the tab being looked at."""
    opened(own.open, [tab.task_screen, tab.shown], tab.listed, **QUIETLY)
    tab.task_screen.input(own.choose, tab.task_screen, tab.listed, **QUIETLY)
    tab.to_screen.click(own.to_screen, None, [tabs, screens.experiment], **QUIETLY)
    connect_run(
        explore, handlers, tab.better.choose, own.open_mutant, [explore.exploration, tab.shown],
        [tab.notice, tabs, explore.exploration, *explore.drawn, *explore.asked],
    )  # fmt: skip
    tab.again.click(own.begin_again, None, None, **QUIETLY).then(
        own.ask_again, [explore.exploration, tab.shown, tab.count], tab.listed, **ASKING
    )
    tab.stop_again.click(own.stop_again, None, None, **QUIETLY)
    tab.run.click(own.begin, None, None, **QUIETLY).then(
        own.run,
        [explore.exploration, tab.question_set, tab.questions, tab.shots],
        [tab.asked_notice, tab.progress, tab.verdict, tab.accuracy],
        **ASKING,
    )
    tab.stop.click(own.stop, None, None, **QUIETLY)
