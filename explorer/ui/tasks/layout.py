"""The tab Tasks: how mutants begin their answers, and what they know; one sub-tab each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.tasks.questions import layout as questions_layout
from explorer.ui.tasks.questions.layout import QuestionsTab
from explorer.ui.tasks.writers import layout as writers_layout
from explorer.ui.tasks.writers.layout import WritersTab
from explorer.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TasksTab:
    """Both sub-tabs."""

    writers: WritersTab
    questions: QuestionsTab

    @property
    def results(self) -> list[Any]:
        """What was asked of one model, in the order of `cleared`."""
        return [*self.writers.results, *self.questions.results]


def cleared() -> list[Any]:
    """Updates of `TasksTab.results` for a model that was asked nothing."""
    return [*writers_layout.cleared(), *questions_layout.cleared()]


def build(workspace: Workspace) -> TasksTab:
    """Lay the tab out."""
    with gr.Tabs(elem_classes="task-tabs"):
        with gr.Tab("Writers"):
            writers = writers_layout.build()
        with gr.Tab("Questions"):
            questions = questions_layout.build(workspace)
    return TasksTab(writers=writers, questions=questions)
