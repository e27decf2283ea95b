"""What goes with a step of a programme: functions from values to values."""

from __future__ import annotations

from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.figures.encoding import figure_json
from explorer.ui.doors import Doors
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.words import notice_html, sentence_html


class StageHandlers:
    """The behaviour of what is beside the texts."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._doors = Doors(handlers)

    def choose(self, exploration: Exploration, event: gr.EventData) -> list[Any]:
        """A preset, or a step, was pressed: its map and what it shows, if it has one."""
        workspace = self._handlers.workspace
        try:
            step = self._handlers.step(str(event.name))
            looks = [look for look in step.looks if look.kind == "map"]
            if not looks:
                return ["", ""]
            screen, matrix, picture = workspace.rehearsal_in().picture(
                self._handlers.model(exploration), step, looks[0]
            )
        except ExplorerError as fault:
            return ["", notice_html(str(fault))]
        return [
            figure_json(picture.figure),
            sentence_html(f"{matrix} in the screen “{screen.title}”"),
        ]

    def open(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A cell of the map was clicked: its mutant."""
        return self._doors.open(exploration, event, request)
