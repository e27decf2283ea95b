"""The browser's address, kept in step with the page (assets/address.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class Address(gr.HTML):
    """`value` is the query of the address, from `?` on, of the parameters that begin with `prefix`; nothing is shown.

    `?` alone takes them away.
    """

    def __init__(self, value: str = "", *, prefix: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template=f'<span hidden data-prefix="{prefix}"></span>',
            js_on_load=script("address.js"),
            apply_default_css=False,
            **options,
        )
