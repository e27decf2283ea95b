"""Which event of the upload calls what."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.ui.events import QUEUED
from explorer.ui.screen.published.handlers import PublishedHandlers
from explorer.ui.screen.published.layout import Published


def wire(card: Published, shown: gr.Dropdown, own: PublishedHandlers) -> Any:
    """Connect the card's events; what is returned happens after an import. `shown` is the screen that is looked at."""
    return card.take_in.click(
        own.take_in, [shown, *card.asked], [card.report, shown], concurrency_id="import", **QUEUED
    )
