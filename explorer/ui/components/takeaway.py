"""Buttons that copy or download the present result, and one that pins it (assets/takeaway.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class Takeaway(gr.HTML):
    """`value` holds the texts to be taken away, by name, as JSON text; "" while there are none.

    Copies and downloads happen in the browser; the pin sends `pin`, the patch file is asked for by `patch`.
    """

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="takeaway" hidden></div>',
            js_on_load=script("takeaway.js"),
            apply_default_css=False,
            **options,
        )
