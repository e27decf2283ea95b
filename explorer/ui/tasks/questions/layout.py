"""The sub-tab Questions: mutants that seem better than the original, and right answers by subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.mutant_table import MutantTable
from explorer.ui.numbers import Slider
from explorer.ui.questions import offered
from explorer.ui.tasks.questions.handlers import AGAIN, LISTED
from explorer.workspace.workspace import Workspace

_ASKED_HINT = (
    '<p class="no-picture">Ask the questions: right answers by subject, of the original and of the genotype that '
    "Explore shows.</p>"
)
QUESTIONS = 120
"""That are asked by subject, unless another number is chosen."""


@dataclass(frozen=True, slots=True)
class QuestionsTab:
    """The components of the sub-tab Questions."""

    task_screen: gr.Dropdown
    shown: gr.State
    """The mutants that are listed, as a `handlers.Listed`."""
    notice: gr.HTML
    told: gr.HTML
    to_screen: gr.Button
    better: MutantTable
    asking_again: gr.Column
    """The controls of the retest; hidden while there is nothing to ask again."""
    count: gr.Slider
    again: gr.Button
    stop_again: gr.Button
    again_progress: gr.HTML
    question_set: gr.Dropdown
    questions: gr.Slider
    shots: gr.Slider
    run: gr.Button
    stop: gr.Button
    asked_notice: gr.HTML
    progress: gr.HTML
    verdict: gr.HTML
    accuracy: FigurePanel

    @property
    def listed(self) -> list[Any]:
        """What shows a screen on a task, in the order of `handlers.LISTED`."""
        return [getattr(self, name) for name in LISTED]

    @property
    def results(self) -> list[Any]:
        """What was asked of one model, in the order of `cleared`."""
        return [self.asked_notice, self.progress, self.verdict, self.accuracy, self.again_progress]


def cleared() -> list[Any]:
    """Updates of `QuestionsTab.results` for a model that was asked nothing."""
    return ["", "", _ASKED_HINT, "", ""]


def build(workspace: Workspace) -> QuestionsTab:
    """Lay the sub-tab out."""
    with gr.Row(elem_classes="explore"):
        with gr.Column(scale=6, min_width=340, elem_classes="task-results"):
            parts = _build_better()
        with gr.Column(scale=5, min_width=340, elem_classes="task-results"):
            parts |= _build_accuracy(workspace)
    return QuestionsTab(**parts, shown=gr.State(None))


def _build_better() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>Better than the original?</h2>", apply_default_css=False)
        task_screen = gr.Dropdown(label="Screen on a task", choices=[], value=None, visible=False)
        notice = gr.HTML(apply_default_css=False)
        told = gr.HTML(apply_default_css=False)
        with gr.Row(elem_classes="buttons"):
            to_screen = gr.Button("Open the tab Screen with that experiment", size="md", visible=False)
        with gr.Column(visible=False, elem_classes="plain") as asking_again:
            with gr.Row(elem_classes="find-row"):
                count = Slider(label="Ask the surest again", minimum=1, maximum=100, step=1, value=AGAIN, scale=3)
                again = gr.Button("Ask fresh questions", variant="primary", size="md", min_width=140, scale=1)
                stop_again = gr.Button("Stop", size="md", min_width=70, scale=0)
            again_progress = gr.HTML(apply_default_css=False)
        better = MutantTable()
    return {
        "task_screen": task_screen, "notice": notice, "told": told, "to_screen": to_screen, "better": better,
        "asking_again": asking_again, "count": count, "again": again, "stop_again": stop_again,
        "again_progress": again_progress,
    }  # fmt: skip


def _build_accuracy(workspace: Workspace) -> dict[str, Any]:
    sets = offered(workspace)
    choices = [(each.title, each.name) for each in sets]
    most = max((len(each.questions) for each in sets), default=QUESTIONS)
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>Right answers by subject</h2>", apply_default_css=False)
        question_set = gr.Dropdown(label="Questions of", choices=choices, value=choices[0][1] if choices else None)
        with gr.Row():
            questions = Slider(
                label="Questions, drawn evenly",
                minimum=1,
                maximum=most,
                step=1,
                value=min(most, QUESTIONS),
                min_width=220,
            )
            shots = Slider(label="Answered examples first", minimum=0, maximum=5, step=1, value=0, min_width=220)
        with gr.Row(elem_classes="buttons"):
            run = gr.Button("Ask the original and Explore’s genotype", variant="primary", size="md", min_width=160)
            stop = gr.Button("Stop", size="md", min_width=80)
        asked_notice = gr.HTML(apply_default_css=False)
        progress = gr.HTML(apply_default_css=False)
        verdict = gr.HTML(_ASKED_HINT, apply_default_css=False)
        accuracy = FigurePanel(elem_classes="view-accuracy")
    return {
        "question_set": question_set, "questions": questions, "shots": shots, "run": run, "stop": stop,
        "asked_notice": asked_notice, "progress": progress, "verdict": verdict, "accuracy": accuracy,
    }  # fmt: skip
