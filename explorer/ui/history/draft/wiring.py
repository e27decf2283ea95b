"""Which event of the programme's box calls what."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import gradio as gr

from explorer.ui.components.record_list import RecordList
from explorer.ui.events import ON_MODEL, QUIETLY
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_run
from explorer.ui.history.draft.handlers import DraftHandlers
from explorer.ui.history.draft.layout import DraftPanel

_ENTER = "() => { document.querySelector('.draft .notice') || window.mutationExplorerStage?.(); }"
"""Go onto the stage, unless something was refused."""


def wire(
    panel: DraftPanel, opened: Any, entries: RecordList, tabs: gr.Tabs, explore: ExploreTab, handlers: Handlers
) -> None:
    """Connect the events; `opened` is that of the tab History, `entries` the list that steps are taken from."""
    own = DraftHandlers(handlers)
    drawn = [panel.steps, panel.notice]
    opened(own.draw, None, drawn, **QUIETLY)
    entries.enlist(own.enlist, None, [panel.box, *drawn], **QUIETLY)
    panel.steps.edit(own.edit, None, drawn, **QUIETLY)
    panel.toml.click(own.toml, None, [panel.saver, panel.notice], **QUIETLY)
    panel.html.click(own.html, explore.exploration, [panel.saver, panel.notice], **ON_MODEL)
    panel.present.click(own.present, explore.exploration, [explore.presets, tabs, panel.notice], **QUIETLY).then(
        None, None, None, js=_ENTER, **QUIETLY
    )

    def show(exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        named: Any = SimpleNamespace(name=own.name_of(event))
        return [gr.Tabs(selected="explore"), *handlers.choose_preset(exploration, request, named)]

    connect_run(
        explore, handlers, panel.steps.show, show, [explore.exploration],
        [tabs, explore.exploration, *explore.drawn, *explore.asked], may_replay=True,
    )  # fmt: skip
