"""The genotype as chips that can be taken away one by one (assets/chips.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class Chips(gr.HTML):
    """`value` is the genotype's text; the cross of a chip sends `remove` with its index."""

    def __init__(self, value: str = "", *, has_current: bool = False, **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="chips"></div>',
            js_on_load=script("chips.js"),
            apply_default_css=False,
            has_current=has_current,
            **options,
        )
        # Else gradio takes a name that the script quotes for an event; the page's description then holds, and every
        # visit copies, all that the event reaches: the component, its parents, the whole page.
        self.has_current = has_current
