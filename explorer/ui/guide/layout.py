"""The tab Guide."""

import gradio as gr

from explorer.ui.guide.words import GUIDE


def build() -> None:
    """Lay the tab out."""
    gr.Markdown(GUIDE, elem_classes="card guide")
