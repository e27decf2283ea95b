"""Which event of the stage calls what; its keys press the controls of the tab Explore (assets/stage.js)."""

from __future__ import annotations

import gradio as gr

from explorer.ui.events import QUIETLY
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.stage.handlers import StageHandlers
from explorer.ui.stage.layout import StageParts


def wire(parts: StageParts, tabs: gr.Tabs, explore: ExploreTab, handlers: Handlers) -> None:
    """Connect the events of what is shown beside the texts."""
    own = StageHandlers(handlers)
    explore.presets.choose(own.choose, explore.exploration, [parts.map, parts.behind], **QUIETLY)
    connect_run(
        explore, handlers, parts.map.mark_click, own.open, [explore.exploration],
        [parts.behind, tabs, explore.exploration, *explore.drawn, *explore.asked],
    )  # fmt: skip
