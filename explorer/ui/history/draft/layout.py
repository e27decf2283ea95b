"""The programme that is put together from entries of the record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from explorer.ui.components.saver import Saver
from explorer.ui.components.step_list import StepList
from explorer.ui.history.draft.words import place_html


@dataclass(frozen=True, slots=True)
class DraftPanel:
    """The components."""

    box: gr.Accordion
    steps: StepList
    present: gr.Button
    toml: gr.Button
    html: gr.Button
    notice: gr.HTML
    saver: Saver


def build(path: Path | None) -> DraftPanel:
    """Lay it out; `path` is where the file lies, if visitors may know."""
    with gr.Accordion("Programme of a talk", open=False, elem_classes="card draft") as box:
        notice = gr.HTML(apply_default_css=False)
        steps = StepList()
        with gr.Row(elem_classes="buttons"):
            present = gr.Button("Present", size="sm", min_width=90)
            toml = gr.Button("Download TOML", size="sm", min_width=120, elem_classes="quiet")
            html = gr.Button("Download as one HTML page", size="sm", min_width=160, elem_classes="quiet")
        gr.HTML(place_html(path), apply_default_css=False)
    return DraftPanel(box=box, steps=steps, present=present, toml=toml, html=html, notice=notice, saver=Saver())
