"""From a mark of a picture to its mutant: read from the database, and opened in the tab Explore where it can be run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
import polars as pl

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ExplorerError
from explorer.domain.screens import StoredScreen
from explorer.figures.marks import encircled, mark_of, stripe_mark
from explorer.statistics.filters import Filter
from explorer.statistics.severity import Severity
from explorer.ui.explore.drawing import DRAWN_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.words import behind_html, notice_html

FINER = 2
"""How many times as fine the units of an encircled part of a map are offered."""
ANSWER_TOKENS = 8
"""Of a question's answer, in Explore."""

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
            return self.refuse(str(fault))
        try:
            opened = self._opened(exploration, behind.screen, behind.genotype, behind.first_divergence, request)
        except ExplorerError as fault:
            return [behind_html(behind, str(fault)), *[gr.skip()] * (OPENED_COUNT - 1)]
        return [behind_html(behind), *opened]

    def open_genotype(
        self, exploration: Exploration, screen: StoredScreen, genotype: str, request: gr.Request
    ) -> list[Any]:
        """Set a mutant of a screen in Explore, as it was asked there; the first output is the notice."""
        try:
            return ["", *self._opened(exploration, screen, genotype, None, request)]
        except ExplorerError as fault:
            return self.refuse(str(fault))

    def finer(self, event: gr.EventData) -> list[Any]:
        """A box or a loop was drawn on a map: the tab Screen is to screen its units finer.

        The tabs, the places, the unit, the side of a block, and the notice.
        """
        try:
            drawn = event.meta["maps"][0]
            screen = self._atlas.screen(str(event.meta["screen"]))
            units = encircled(drawn, event.x, event.y)
            name = f"{drawn['layer']}.{drawn['kind']}"
            matrix = self._atlas.matrices(screen).row(by_predicate=pl.col("name") == name, named=True)
            height, width = matrix["unit_rows"], matrix["unit_columns"]
            places = [
                f"{name}[{rows.start * height}:{min(rows.stop * height, matrix['rows'])},"
                f"{columns.start * width}:{min(columns.stop * width, matrix['columns'])}]"
                for rows, columns in units
                if rows.start * height < matrix["rows"] and columns.start * width < matrix["columns"]
            ]
            if not places:
                raise ExplorerError("No unit lies in what was drawn: draw around the middle of some cells.")
        except (ExplorerError, pl.exceptions.PolarsError, KeyError) as fault:
            return [*[gr.skip()] * 4, notice_html(str(fault))]
        finer = max(1, min(height, width) // FINER)
        return [gr.Tabs(selected="screen"), "\n".join(places), "block", finer, ""]

    def refuse(self, sentence: str) -> list[Any]:
        """Outputs that change nothing but the notice."""
        return [notice_html(sentence), *[gr.skip()] * (OPENED_COUNT - 1)]

    def _opened(
        self, exploration: Exploration, screen: StoredScreen, genotype: str, number: int | None, request: gr.Request
    ) -> list[Any]:
        """The tabs, the exploration and what is drawn of it. Raises ExplorerError."""
        self._check(exploration, screen)
        prompt, decoding = self._asked(screen, number or 0)
        restored = self._handlers.restore(exploration, genotype, prompt, decoding, request)
        return [gr.Tabs(selected="explore"), *restored]

    def _asked(self, screen: StoredScreen, number: int) -> tuple[Prompt, Decoding]:
        """What a screen asked; of a task the question of that number, or the first where its set is not here."""
        if screen.task is None:
            return screen.prompt, screen.decoding
        prompt = self._handlers.workspace.behaviour.prompt_of(screen.task, number)
        return prompt or screen.prompt, replace(screen.decoding, max_new_tokens=ANSWER_TOKENS, max_length=0)

    def _check(self, exploration: Exploration, screen: StoredScreen) -> None:
        """Raises ExplorerError if another model is loaded, or none yet."""
        if self._handlers.model(exploration).name != screen.model:
            raise ExplorerError(
                f"This screen is of {screen.model}: load that model at the foot of the page to run this mutant."
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
