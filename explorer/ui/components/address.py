"""The browser's address, kept in step with the page (assets/address.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class Address(gr.HTML):
    """`value` is the query of the address, from `?` on; nothing is shown."""

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template="<span hidden></span>",
            js_on_load=script("address.js"),
            apply_default_css=False,
            **options,
        )
