"""Which event of the blind test calls what."""

from __future__ import annotations

import functools
from typing import Any

import gradio as gr

from explorer.tasks.blind import Pressed
from explorer.ui.compare.blind.handlers import BlindHandlers
from explorer.ui.compare.blind.layout import BlindTab
from explorer.ui.compare.handlers import CompareHandlers
from explorer.ui.events import QUEUED, QUIETLY
from explorer.ui.runs import Runs


def wire(
    tab: BlindTab, exploration: gr.State, shown: gr.State, asked: list[Any], comparing: CompareHandlers, runs: Runs
) -> None:
    """Connect the events; `shown` is the comparison on the page, whose texts need not be written again.

    `runs` are the visitors' pairs that are being written.
    """
    own = BlindHandlers(comparing, runs)
    running: dict[str, Any] = {**QUEUED, "concurrency_id": "comparison"}
    tab.begin.click(own.begin, [exploration, shown, tab.mode, *asked], tab.drawn, **running)
    tab.next.click(own.go_on, [tab.sitting, shown], tab.drawn, **running)
    presses: tuple[tuple[gr.Button, Pressed], ...] = ((tab.one, "one"), (tab.two, "two"), (tab.neither, "neither"))
    for button, pressed in presses:
        button.click(
            functools.partial(own.vote, pressed=pressed),
            [tab.sitting, tab.name],
            tab.drawn,
            **QUIETLY,
        )
