"""What the tab Screen does: functions from values to values."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError, TaskError
from explorer.domain.experiments import Experiment
from explorer.domain.genotype import NAMED_OPERATIONS
from explorer.domain.screened import read_operations
from explorer.figures.encoding import figure_json
from explorer.figures.marks import window_of
from explorer.figures.nsm import nsm_figure
from explorer.figures.screens import shares_figure
from explorer.files.sites import sites_of
from explorer.screen.order import Order
from explorer.screen.plan import Plan, matrices_of
from explorer.statistics.filters import Filter
from explorer.tasks.sample import task_experiment
from explorer.ui.doors import Doors
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.screen.words import entry_row, estimate_html, map_caption_html, progress_label, screen_html
from explorer.ui.words import notice_html
from explorer.workspace.workspace import Workspace


def offered(workspace: Workspace) -> dict[str, Experiment]:
    """What a screen can ask, by name: the prompts on offer, then questions. Those that cannot be read are left out."""
    with contextlib.suppress(TaskError):  # it is told where questions are asked
        return {each.name: each for each in (*workspace.experiments(), *workspace.behaviour.tasks())}
    return {each.name: each for each in workspace.experiments()}


class ScreenHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._screening, self._queued = handlers.workspace.screens, handlers.workspace.queue
        self._atlas = handlers.workspace.atlas
        self._doors = Doors(handlers)
        self._experiments = offered(handlers.workspace)

    def choose_experiment(self, name: str) -> list[Any]:
        """The options of questions are shown for an experiment that asks some; their answers are always kept."""
        asks_questions = self._experiments[name].task is not None
        return [gr.update(visible=asks_questions), gr.update(visible=not asks_questions)]

    # ------------------------------------------------------------------------------------------ the queue

    def estimate(self, exploration: Exploration, *asked: Any) -> Iterator[str]:
        """How many mutants, and how long they take; first that it is being measured."""
        try:
            order = self.order(exploration, *asked)
            self._screening.check(order)
            yield estimate_html(None)
            yield estimate_html(self._screening.estimate(order))
        except ExplorerError as fault:
            yield notice_html(str(fault))

    def start(self, exploration: Exploration, *asked: Any) -> list[str]:
        """Queue a screen; the notice and the queue."""
        try:
            order = self.order(exploration, *asked)
            self._screening.check(order)
            self._queued.add(order)
        except ExplorerError as fault:
            return [notice_html(str(fault)), self._queue()]
        return ["", self._queue()]

    def act(self, event: gr.EventData) -> str:
        """A button of the queue was pressed."""
        self._queued.act(str(event.action), int(event.number))
        return self._queue()

    def order(
        self, exploration: Exploration, experiment: str, matrices: str, unit: str, step: float | None,
        operations: list[str], mode: str, rate: float, seed: float | None, background: str, right: float | None = None,
        wrong: float | None = None, shots: float = 0, by: str = "likelihood", sites: str | None = None,
        others: str | None = None,
    ) -> Order:  # fmt: skip
        """What the controls ask for. Raises ExplorerError."""
        places = sites_of(sites or "", "The box") if (sites or "").strip() else ()
        plan = Plan(
            matrices=matrices_of(places) or matrices,
            sites=places,
            unit=unit,  # type: ignore[arg-type]  # one of the radio's choices
            step=int(step or 0),
            operations=(*(name for name in NAMED_OPERATIONS if name in operations), *read_operations(others or "")),
            rate=float(rate),
            seed=int(seed or 0),
        )
        chosen = self._experiments[experiment]
        if chosen.task is not None:
            counts = {"right": int(right or 0), "wrong": int(wrong or 0), "shots": int(shots)}
            task = replace(chosen.task, **counts, seed=plan.seed, by=by)  # type: ignore[arg-type]  # a radio's choice
            chosen, mode = task_experiment(task), "text"
        return Order(
            source=exploration.source,
            experiment=chosen,
            plan=plan,
            background=(background or "").strip(),
            mode=mode,  # type: ignore[arg-type]  # one of the radio's choices
        )

    def _queue(self) -> str:
        return json.dumps([entry_row(entry) for entry in self._queued.entries(Order)])

    # ------------------------------------------------------------------------------------- what was found

    def open(self, seen: tuple[int, int], shown: str | None, matrix: str) -> list[Any]:
        """The tab was opened: everything as it is now; a screen that has begun since the page looked last is shown."""
        now = self._now()
        return self._look(now, shown, matrix, is_new=seen[1] >= 0 and now[1] != seen[1])

    def tick(self, seen: tuple[int, int], shown: str | None, matrix: str) -> list[Any]:
        """Whatever has changed since the page looked last; a screen that has begun is shown, even if it has ended."""
        now = self._now()
        if now[0] == seen[0]:
            return [gr.skip()] * 8
        return self._look(now, shown, matrix, is_new=now[1] not in (0, seen[1]))

    def _look(self, now: tuple[int, int], shown: str | None, matrix: str, *, is_new: bool) -> list[Any]:
        """The queue, what is seen of it now, and the screen that began last if it is new, else the one shown before."""
        drawn = self.draw(f"own:{now[1]}", "") if is_new else self.draw(shown, matrix)
        return [self._queue(), now, *drawn]

    def show(self, shown: str | None, matrix: str) -> list[Any]:
        """Another screen was chosen; its map of the same matrix, if it has one."""
        return self.draw(shown, matrix)

    def open_matrix(self, shown: str | None, event: gr.EventData) -> list[Any]:
        """A matrix of the overview was clicked."""
        return self.draw(shown, f"{int(event.x)}.{event.y}")

    def draw(self, shown: str | None, matrix: str) -> list[Any]:
        """Updates of `ScreenTab.drawn`."""
        screens, fault = self._atlas.stored()
        labels = [(progress_label(screen), screen.key) for screen in screens]
        found = next((screen for screen in screens if screen.key == shown), screens[0] if screens else None)
        if found is None:
            return [gr.update(choices=[], value=None), screen_html(None, None, fault), "", "", "", ""]

        chosen = gr.update(choices=labels, value=found.key)
        try:
            view = self._atlas.view(found, matrix)
        except ExplorerError as wrong:
            return [chosen, screen_html(None, None, str(wrong)), "", "", "", ""]
        meta = {"screen": found.key}
        name = view.matrix["name"]
        return [
            chosen,
            screen_html(found, view.report, fault),
            figure_json(shares_figure(view.shares, name, meta=meta)),
            name,
            map_caption_html(view.matrix, asks_questions=found.task is not None, is_partial=found.is_partial),
            figure_json(nsm_figure(view.map, Filter(), meta=meta)),
        ]

    def zoom(self, shown: str, event: gr.EventData) -> Any:
        """A part of a map that is too large to be drawn whole."""

        try:
            found = self._atlas.screen(shown)
            window = window_of(event.meta["maps"][0], event.x, event.y)
            drawn = self._atlas.map(found, str(event.meta["matrix"]), window)
        except ExplorerError:  # it is told when the tab is drawn next
            return gr.skip()
        return figure_json(nsm_figure(drawn, Filter(), meta={"screen": found.key}))

    def finer(self, event: gr.EventData) -> list[Any]:
        """A part of the map was encircled: it is to be screened finer."""
        return self._doors.finer(event)

    def choose(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A unit of the map was clicked: its mutation and its prompt are set in the tab Explore."""
        return self._doors.open(exploration, event, request)

    def _now(self) -> tuple[int, int]:
        """The revision of the queue, and the number of the screen that began last; 0 for none."""
        revision = self._queued.revision(Order)  # before the rest: what comes meanwhile is then seen by the next look
        progress = (entry.progress for entry in self._queued.entries(Order))
        return revision, next((each.screen for each in progress if each is not None), 0)
