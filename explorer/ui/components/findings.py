"""Mutations that matter, ranked, each one click from being set (assets/findings.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class Findings(gr.HTML):
    """`value` is the list of `reports.findings_report` as JSON text; a click sends `choose` with a genotype."""

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="findings"></div>',
            js_on_load=script("findings.js"),
            apply_default_css=False,
            **options,
        )
