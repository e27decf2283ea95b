"""The tab Screen: mutate unit after unit in the background, and look at the screens that are stored."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from explorer.domain import NAMED_OPERATIONS
from explorer.errors import ExplorerError, TaskError
from explorer.figures.encoding import figure_json
from explorer.figures.marks import window_of
from explorer.screen.plan import Plan
from explorer.screen.queue import Order
from explorer.statistics.filters import Filter
from explorer.tasks.sample import task_experiment
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.queue_list import QueueList
from explorer.ui.doors import Doors
from explorer.ui.events import QUEUED, QUIETLY
from explorer.ui.handlers import Handlers
from explorer.ui.screens import (
    entry_row,
    estimate_html,
    legend_html,
    map_caption_html,
    screen_html,
    screen_label,
)
from explorer.ui.session import Exploration
from explorer.ui.summary import notice_html
from explorer.ui.tabs.explore import ExploreTab, run_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.domain import Experiment
    from explorer.workspace import Workspace

TICK_SECONDS = 1.5
"""How often the page asks whether a screen has come further."""

NOTHING = (0, 0)
"""What a page that was just opened has seen of the queue."""


@dataclass(frozen=True, slots=True)
class ScreenTab:
    """The components."""

    experiment: gr.Dropdown
    matrices: gr.Textbox
    unit: gr.Radio
    step: gr.Number
    operations: gr.CheckboxGroup
    mode: gr.Radio
    rate: gr.Slider
    seed: gr.Number
    background: gr.Textbox
    right: gr.Number
    wrong: gr.Number
    shots: gr.Slider
    by: gr.Radio
    of_task: gr.Accordion
    """How questions are asked; hidden for a prompt."""
    estimate: gr.Button
    start: gr.Button
    told: gr.HTML
    queue: QueueList
    seen: gr.State
    """What the page has seen of the queue: its revision, and the screen that ran."""
    shown: gr.Dropdown
    summary: gr.HTML
    strip: FigurePanel
    matrix: gr.State
    """The name of the matrix whose map is open."""
    caption: gr.HTML
    map: FigurePanel
    behind: gr.HTML
    """The mutant of the map that was clicked last."""
    timer: gr.Timer

    @property
    def asked(self) -> list[Any]:
        """What a screen is made of, in the order of `ScreenHandlers.order`."""
        return [
            self.experiment, self.matrices, self.unit, self.step, self.operations, self.mode, self.rate, self.seed,
            self.background, self.right, self.wrong, self.shots, self.by,
        ]  # fmt: skip

    @property
    def drawn(self) -> list[Any]:
        """What shows a stored screen, in the order of `ScreenHandlers.draw`."""
        return [self.shown, self.summary, self.strip, self.matrix, self.caption, self.map]


def build(workspace: Workspace) -> ScreenTab:
    """Lay the tab out."""
    with gr.Row(elem_classes="explore"):
        with gr.Column(scale=4, min_width=340, elem_classes="controls"):
            parts = _build_order(workspace) | _build_queue()
        with gr.Column(scale=7, min_width=340, elem_classes="results"):
            parts |= _build_stored()
    return ScreenTab(**parts, seen=gr.State(NOTHING), matrix=gr.State(""), timer=gr.Timer(TICK_SECONDS))


def _build_order(workspace: Workspace) -> dict[str, Any]:
    choices = [(experiment.title, experiment.name) for experiment in offered(workspace).values()]
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>What to screen</h2>", apply_default_css=False)
        experiment = gr.Dropdown(label="Experiment", choices=choices, value=choices[0][1])
        task = _build_task()
        matrices = gr.Textbox(
            label="Matrices, such as *.down, 0-5.v or 11.*", value="11.*", max_lines=1, elem_classes="mono"
        )
        unit = gr.Radio(
            label="One mutant changes one",
            choices=[("Block", "block"), ("Row", "row"), ("Column", "column"), ("Weight", "weight")],
            value="block",
            elem_classes="pills",
        )
        with gr.Row():
            step = gr.Number(label="Side of a block", value=96, precision=0, minimum=1, min_width=110)
            operations = gr.CheckboxGroup(
                label="Set to",
                choices=[("Max", "max"), ("Min", "min"), ("Zero", "zero")],
                value=["max", "min"],
                elem_classes="pills",
                min_width=180,
            )
        mode = gr.Radio(
            label="Find out",
            choices=[("Its whole text", "text"), ("Only where it parts", "divergence")],
            value="text",
            elem_classes="pills",
        )
        with gr.Accordion("More", open=False, elem_classes="decoding"):
            with gr.Row():
                rate = gr.Slider(label="Share of the units, drawn at random", minimum=0.001, maximum=1, value=1)
                seed = gr.Number(label="Number of the draw", value=0, precision=0, minimum=0, min_width=90)
            background = gr.Textbox(
                label="On top of this genotype (finds what rescues it)",
                placeholder="11.down[507,1229]=0",
                elem_classes="mono",
                max_lines=2,
            )
        with gr.Row(elem_classes="buttons"):
            start = gr.Button("Start", variant="primary", size="md", min_width=90)
            estimate = gr.Button("How long will it take?", size="md", min_width=120)
        told = gr.HTML(apply_default_css=False)
    return {
        **task, "experiment": experiment, "matrices": matrices, "unit": unit, "step": step, "operations": operations,
        "mode": mode, "rate": rate, "seed": seed, "background": background, "start": start, "estimate": estimate,
        "told": told,
    }  # fmt: skip


def _build_task() -> dict[str, Any]:
    """The options of an experiment that asks questions."""
    with gr.Accordion("The questions", open=True, visible=False, elem_classes="decoding") as of_task:
        with gr.Row():
            right = gr.Number(label="Right by the original", value=14, precision=0, minimum=1, min_width=110)
            wrong = gr.Number(label="Wrong by the original", value=7, precision=0, minimum=0, min_width=110)
        shots = gr.Slider(label="Answered examples before each question", minimum=0, maximum=5, step=1, value=0)
        by = gr.Radio(
            label="What counts as its answer",
            choices=[("The likeliest choice", "likelihood"), ("The generated token", "letter")],
            value="likelihood",
            elem_classes="pills",
        )
    return {"right": right, "wrong": wrong, "shots": shots, "by": by, "of_task": of_task}


def _build_queue() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>Running in the background</h2>", apply_default_css=False)
        queue = QueueList()
    return {"queue": queue}


def _build_stored() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>What was found</h2>", apply_default_css=False)
        shown = gr.Dropdown(label="Screen", choices=[], value=None)
        summary = gr.HTML(apply_default_css=False)
        strip = FigurePanel(elem_classes="strip shares")
        caption = gr.HTML(apply_default_css=False)
        nsm_map = FigurePanel(elem_classes="nsm-map")
        gr.HTML(legend_html(), apply_default_css=False)
        behind = gr.HTML(apply_default_css=False)
    return {
        "shown": shown, "summary": summary, "strip": strip, "caption": caption, "map": nsm_map, "behind": behind
    }  # fmt: skip


def wire(tab: ScreenTab, opened: Any, tabs: gr.Tabs, explore: ExploreTab, handlers: Handlers) -> None:
    """Connect the tab's events; `opened` is that of the tab being looked at."""
    own = ScreenHandlers(handlers)
    queued = [tab.queue, tab.seen, *tab.drawn]
    opened(own.open, [tab.shown, tab.matrix], queued, **QUIETLY)
    tab.timer.tick(own.tick, [tab.seen, tab.shown, tab.matrix], queued, **QUIETLY)
    tab.experiment.change(own.choose_experiment, tab.experiment, [tab.of_task, tab.mode], **QUIETLY)
    tab.estimate.click(
        own.estimate,
        [explore.exploration, *tab.asked],
        tab.told,
        concurrency_id="estimate",
        **QUEUED,
    )
    tab.start.click(own.start, [explore.exploration, *tab.asked], [tab.told, tab.queue], **QUIETLY)
    tab.queue.act(own.act, None, tab.queue, **QUIETLY)
    tab.shown.input(own.show, [tab.shown, tab.matrix], tab.drawn, **QUIETLY)
    tab.strip.mark_click(own.open_matrix, [tab.shown], tab.drawn, **QUIETLY)
    tab.map.zoom(own.zoom, [tab.shown], tab.map, **QUIETLY)
    tab.map.mark_click(
        own.choose,
        [explore.exploration],
        [tab.behind, tabs, explore.exploration, *explore.drawn, *explore.asked],
        **QUIETLY,
    ).then(**run_arguments(explore, handlers))


def offered(workspace: Workspace) -> dict[str, Experiment]:
    """What a screen can ask, by name: the prompts on offer, then questions. Those that cannot be read are left out."""
    with contextlib.suppress(TaskError):  # it is told where questions are asked
        return {each.name: each for each in (*workspace.experiments(), *workspace.behaviour.tasks())}
    return {each.name: each for each in workspace.experiments()}


class ScreenHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._screening = handlers.workspace.screening
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
            self._screening.queue.add(order)
        except ExplorerError as fault:
            return [notice_html(str(fault)), self._queue()]
        return ["", self._queue()]

    def act(self, event: gr.EventData) -> str:
        """A button of the queue was pressed."""
        queue = self._screening.queue
        {"pause": queue.pause, "resume": queue.resume, "stop": queue.stop}[str(event.action)](int(event.number))
        return self._queue()

    def order(
        self, exploration: Exploration, experiment: str, matrices: str, unit: str, step: float | None,
        operations: list[str], mode: str, rate: float, seed: float | None, background: str, right: float | None = None,
        wrong: float | None = None, shots: float = 0, by: str = "likelihood",
    ) -> Order:  # fmt: skip
        """What the controls ask for. Raises ExplorerError."""
        plan = Plan(
            matrices=matrices,
            unit=unit,  # type: ignore[arg-type]  # one of the radio's choices
            step=int(step or 0),
            operations=tuple(name for name in NAMED_OPERATIONS if name in operations),
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
        return json.dumps([entry_row(entry) for entry in self._screening.queue.entries])

    # ------------------------------------------------------------------------------------- what was found

    def open(self, shown: str | None, matrix: str) -> list[Any]:
        """The tab was opened: everything as it is now."""
        return [self._queue(), (self._screening.queue.revision, self._running()), *self.draw(shown, matrix)]

    def tick(self, seen: tuple[int, int], shown: str | None, matrix: str) -> list[Any]:
        """Whatever has changed since the page looked last; a screen that has begun is shown."""
        revision, running = self._screening.queue.revision, self._running()
        if revision == seen[0]:
            return [gr.skip()] * 8
        begun = running != seen[1] and running
        drawn = self.draw(f"own:{running}" if begun else shown, "" if begun else matrix)
        return [self._queue(), (revision, running), *drawn]

    def show(self, shown: str | None, matrix: str) -> list[Any]:
        """Another screen was chosen; its map of the same matrix, if it has one."""
        return self.draw(shown, matrix)

    def open_matrix(self, shown: str | None, event: gr.EventData) -> list[Any]:
        """A matrix of the overview was clicked."""
        return self.draw(shown, f"{int(event.x)}.{event.y}")

    def draw(self, shown: str | None, matrix: str) -> list[Any]:
        """Updates of `ScreenTab.drawn`."""
        screens, fault = self._atlas.stored()
        labels = [(screen_label(screen), screen.key) for screen in screens]
        found = next((screen for screen in screens if screen.key == shown), screens[0] if screens else None)
        if found is None:
            return [gr.update(choices=[], value=None), screen_html(None, None, fault), "", "", "", ""]
        from explorer.figures.nsm import nsm_figure
        from explorer.figures.screens import shares_figure

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
            map_caption_html(view.matrix, asks_questions=found.task is not None),
            figure_json(nsm_figure(view.map, Filter(), meta=meta)),
        ]

    def zoom(self, shown: str, event: gr.EventData) -> Any:
        """A part of a map that is too large to be drawn whole."""
        from explorer.figures.nsm import nsm_figure

        try:
            found = self._atlas.screen(shown)
            window = window_of(event.meta["maps"][0], event.x, event.y)
            drawn = self._atlas.map(found, str(event.meta["matrix"]), window)
        except ExplorerError:  # it is told when the tab is drawn next
            return gr.skip()
        return figure_json(nsm_figure(drawn, Filter(), meta={"screen": found.key}))

    def choose(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A unit of the map was clicked: its mutation and its prompt are set in the tab Explore."""
        return self._doors.open(exploration, event, request)

    def _running(self) -> int:
        """The number of the screen that runs; 0 for none."""
        running = (entry.progress for entry in self._screening.queue.entries if entry.state == "running")
        return next((progress.screen for progress in running if progress is not None), 0)
