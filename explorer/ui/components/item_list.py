"""The items of a comparison, each with two texts (assets/items.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class ItemList(gr.HTML):
    """`value` is a page of `ui.comparison.items_json`; a click on a text sends `choose` with item and genotype."""

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="items"></div>',
            js_on_load=script("elements.js", "items.js"),
            apply_default_css=False,
            **options,
        )
