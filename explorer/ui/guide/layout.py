"""The tab Guide."""

import gradio as gr

from explorer.ui.guide.words import GUIDE, guide_html


def build(*, has_presets: bool) -> None:
    """Lay the tab out; `has_presets`: whether the page has the demo model."""
    with gr.Column(elem_classes="guide"):
        gr.HTML(guide_html(has_presets=has_presets), apply_default_css=False, elem_classes="card guide-first")
        gr.Markdown(GUIDE, elem_classes="card")
