"""The queue of screens, each with its progress and what can be done with it (assets/queue.js)."""

from typing import Any

import gradio as gr

from explorer.ui.theme import script


class QueueList(gr.HTML):
    """`value` is a list of `summary.entry_row` as JSON text; a button sends `act` with the number and the action."""

    def __init__(self, value: str = "", **options: Any) -> None:
        super().__init__(
            value,
            html_template='<div class="queue"></div>',
            js_on_load=script("elements.js", "queue.js"),
            apply_default_css=False,
            **options,
        )
