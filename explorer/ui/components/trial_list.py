"""Trials as rows or as cards, each a click from being set again (assets/trials.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class TrialList(gr.HTML):
    """`value` is a list of `trials.row_of` as JSON text.

    A click sends `choose` with the place in the list, the pin of a row sends `pin`, the cross of a card `unpin`.
    """

    def __init__(self, value: str = "", *, as_cards: bool = False, **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="trials"></div>',
            js_on_load=script("elements.js", "trials.js"),
            apply_default_css=False,
            as_cards=as_cards,
            **options,
        )
