"""Phenotypes as cards (assets/gallery.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class CardGrid(gr.HTML):
    """`value` is one message of `ui.gallery` as JSON text: a page of cards, those of a group, or a surprise.

    A click sends `open` with the mark of a card, as figures do, `alike` with its group, and `more` with the place at
    which the next page starts.
    """

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="gallery"></div>',
            js_on_load=script("elements.js", "gallery.js"),
            apply_default_css=False,
            **options,
        )
