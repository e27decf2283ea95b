"""The operations of stored screens, as choices of filters, and as an address says them."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from explorer.domain.errors import StatisticsError
from explorer.domain.screened import USUAL, ordered, told
from explorer.domain.screens import StoredScreen
from explorer.statistics.filters import chosen_operations
from explorer.ui.links import Said


def operations_offered(screens: Sequence[StoredScreen], chosen: Sequence[str]) -> Any:
    """An update of a group of boxes: those of the study, those of the screens, and those that are chosen."""
    names = ordered({*USUAL, *chosen, *(name for screen in screens for name in screen.plan["operations"])})
    return gr.update(choices=[(told(name), name) for name in names], value=list(chosen))


def operations_said(said: Said) -> tuple[str, ...]:
    """Those that an address says, in their order; none, which is noted in `said`, if one of them is none."""
    try:
        return chosen_operations(said.text("operations", ""))
    except StatisticsError:
        return said.refuse("operations", "which are not all operations", ())
