"""The head of the page, and the box at its foot where another model is asked for."""

from dataclasses import dataclass

import gradio as gr

from explorer.ui.components.header import Header
from explorer.ui.model.words import header_html
from explorer.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ModelPicker:
    """The components."""

    box: gr.Accordion
    known: gr.Dropdown
    source: gr.Textbox
    load: gr.Button
    cancel: gr.Button


def build_header() -> Header:
    """The head, before anything is loaded."""
    return Header(header_html(None, "Starting …"))


def build_picker(workspace: Workspace) -> ModelPicker:
    """The box, folded up."""
    with gr.Accordion("Use another model", open=False, elem_classes="card model-picker") as box:
        known = gr.Dropdown(
            [],
            value=None,
            label="Used before, in the local cache, or good to begin with",
            info="Name · size of its weights, and whether the free memory takes them · why it is here",
            filterable=True,
        )
        with gr.Row(equal_height=True):
            source = gr.Textbox(
                label="Model: demo, a folder, a .gguf file or a hub id (org/name, org/name@revision)",
                value=workspace.source,
                scale=4,
                elem_classes="mono",
            )
            load = gr.Button("Load", variant="primary", scale=1, min_width=90)
            cancel = gr.Button("Cancel download", scale=1, min_width=90)
    return ModelPicker(box=box, known=known, source=source, load=load, cancel=cancel)
