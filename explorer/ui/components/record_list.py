"""Entries of the lab record: chosen, tagged, noted on, deleted, reopened and reported (assets/record.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class RecordList(gr.HTML):
    """`value` is JSON text: `entries` (each a `ui.record.entry_row`), `total`, `page`, `pages`, and what is `asked`.

    `looked_at` is the number of the entry to scroll to, and `hint` is said where there is none. Sends `edit` with
    action (tag, untag, note, delete), numbers and text; `take` with format (md, html) and numbers, null for all that
    are shown; `reopen` with number; `turn` with page. What is chosen is forgotten when something else is asked.
    """

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="record"></div>',
            js_on_load=script("elements.js", "record.js"),
            apply_default_css=False,
            **options,
        )
