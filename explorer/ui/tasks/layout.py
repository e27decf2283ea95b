"""The tab Tasks: how mutants begin their answers, and what they know; one sub-tab each."""

from __future__ import annotations

from dataclasses import dataclass

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


def build(workspace: Workspace) -> TasksTab:
    """Lay the tab out."""
    with gr.Tabs(elem_classes="task-tabs"):
        with gr.Tab("Writers"):
            writers = writers_layout.build()
        with gr.Tab("Questions"):
            questions = questions_layout.build(workspace)
    return TasksTab(writers=writers, questions=questions)
