"""The components of the stage: its keys, and the map that goes with a step. The rest is that of the tab Explore."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.stage import Stage
from explorer.ui.stage.words import KEYS


@dataclass(frozen=True, slots=True)
class StageParts:
    """The components."""

    stage: Stage
    map: FigurePanel
    behind: gr.HTML


def build() -> StageParts:
    """Lay them out."""
    stage = Stage(KEYS, elem_classes="stage")
    with gr.Group(elem_classes="card stage-map"):
        behind = gr.HTML(apply_default_css=False)
        drawn = FigurePanel(elem_classes="step-map")
    return StageParts(stage=stage, map=drawn, behind=behind)
