"""The operations of stored screens, as choices of filters."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from explorer.domain.screened import USUAL, ordered, told
from explorer.domain.screens import StoredScreen


def operations_offered(screens: Sequence[StoredScreen], chosen: Sequence[str]) -> Any:
    """An update of a group of boxes: those of the study, those of the screens, and those that are chosen."""
    names = ordered({*USUAL, *chosen, *(name for screen in screens for name in screen.plan["operations"])})
    return gr.update(choices=[(told(name), name) for name in names], value=list(chosen))
