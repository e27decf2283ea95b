"""The card with the upload of what the study published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.screen.published.words import BY_DAY, BY_NAME, LABELS, MODELS


@dataclass(frozen=True, slots=True)
class Published:
    """The components."""

    files: gr.File
    of_model: gr.Dropdown
    of_experiment: gr.Textbox
    labels: gr.Radio
    complete: gr.Checkbox
    take_in: gr.Button
    report: gr.HTML

    @property
    def asked(self) -> list[Any]:
        """What an import is made of, in the order of `PublishedHandlers.take_in`."""
        return [self.files, self.of_model, self.of_experiment, self.labels, self.complete]


def build(*, is_open: bool) -> Published:
    """Lay the card out; it is hidden where the page takes no files."""
    with gr.Group(elem_classes="card", visible=is_open):
        gr.HTML("<h2>Published results</h2>", apply_default_css=False)
        files = gr.File(
            label="Tables (.xlsx, .csv), logs and code files of the study", file_count="multiple", height=120
        )
        with gr.Accordion("What their names do not tell", open=False, elem_classes="decoding"):
            of_model = gr.Dropdown(label="Model of the files", choices=MODELS, value=BY_NAME)
            of_experiment = gr.Textbox(label="Experiment of the logs", placeholder="by their names", max_lines=1)
            labels = gr.Radio(label="Max and min in the logs", choices=list(LABELS), value=BY_DAY, elem_classes="pills")
            complete = gr.Checkbox(label="Logs reach the end of their matrices, tables list all that is non-silent")
        with gr.Row(elem_classes="buttons"):
            take_in = gr.Button("Import", size="md", min_width=90)
        report = gr.HTML(apply_default_css=False)
    return Published(
        files=files, of_model=of_model, of_experiment=of_experiment, labels=labels, complete=complete,
        take_in=take_in, report=report,
    )  # fmt: skip
