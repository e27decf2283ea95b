"""From a mark of a picture to its mutant: read from the database, and opened in the tab Explore where it can be run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from explorer.errors import ExplorerError
from explorer.figures.marks import mark_of, stripe_mark
from explorer.statistics.filters import Filter
from explorer.statistics.severity import Severity
from explorer.ui.drawing import DRAWN_COUNT
from explorer.ui.handlers import ASKED_COUNT, Handlers
from explorer.ui.session import Exploration
from explorer.ui.statistics import behind_html
from explorer.ui.summary import notice_html

if TYPE_CHECKING:
    from explorer.atlas import Behind

OPENED_COUNT = 2 + 1 + DRAWN_COUNT + ASKED_COUNT
"""How many outputs `Doors.open` has: what is behind the mark, the tabs, the exploration and all that is drawn of it."""


class Doors:
    """Opens marks."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._atlas = handlers.workspace.atlas

    def open(
        self, exploration: Exploration, event: gr.EventData, request: gr.Request, chosen: Filter | None = None
    ) -> list[Any]:
        """Tell what the mutant said, and set it in Explore; where that is not possible, say how it would be."""
        try:
            screen, mark = _read(event)
            bound = Severity(*event.meta["severity"]).bound if event.meta.get("severity") else None
            behind = self._atlas.behind(self._atlas.screen(screen), mark, chosen or Filter(), bound)
        except ExplorerError as fault:
            return [notice_html(str(fault)), *[gr.skip()] * (OPENED_COUNT - 1)]
        try:
            self._check(exploration, behind)
            restored = self._handlers.restore(
                exploration, behind.genotype, behind.screen.prompt, behind.screen.decoding, request
            )
        except ExplorerError as fault:
            return [behind_html(behind, str(fault)), *[gr.skip()] * (OPENED_COUNT - 1)]
        return [behind_html(behind), gr.Tabs(selected="explore"), *restored]

    def _check(self, exploration: Exploration, behind: Behind) -> None:
        """Raises ExplorerError if another model is loaded, or none yet."""
        loading = self._handlers.workspace.load(exploration.source)
        if not loading.is_done:
            raise ExplorerError("The model is still being loaded: click again when it is there to run this mutant.")
        if loading.wait().name != behind.screen.model:
            raise ExplorerError(
                f"This screen is of {behind.screen.model}: load that model at the foot of the page to run this mutant."
            )


def _read(event: gr.EventData) -> tuple[str, Mapping[str, object]]:
    """The key of the screen, and what the mark stands for. Raises ExplorerError for a mark that is no mutant."""
    meta, held = event.meta, event.customdata
    if isinstance(held, str) and held:
        return str(meta["screen"]), json.loads(held)
    if meta.get("axis"):
        return str(meta["screen"]), stripe_mark(meta, event.x, int(event.y))
    if "maps" not in meta:
        raise ExplorerError("No mutant is behind that mark: click another.")
    is_second = event.axes[0] == "x2"
    return str(meta["other" if is_second else "screen"]), mark_of(meta["maps"][int(is_second)], event.x, event.y)
