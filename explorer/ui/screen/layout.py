"""The tab Screen: mutate unit after unit in the background, and look at the screens that are stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.queue_list import QueueList
from explorer.ui.numbers import Number, Slider
from explorer.ui.screen.handlers import offered
from explorer.ui.screen.published import layout as published
from explorer.ui.screen.published.layout import Published
from explorer.ui.words import legend_html
from explorer.workspace.workspace import Workspace

TICK_SECONDS = 1.5
"""How often the page asks whether a screen has come further."""

UNITS = [
    ("Block", "block"), ("Row", "row"), ("Column", "column"), ("Weight", "weight"), ("Matrix", "matrix"),
    ("Head", "head"), ("KV head", "kvhead"), ("Expert", "expert"), ("Layer", "layer"),
]  # fmt: skip
"""What one mutant changes."""

NOTHING = (0, -1)
"""What a page that was just opened has seen: the queue as it is at first, and no screen that may have begun."""


@dataclass(frozen=True, slots=True)
class ScreenTab:
    """The components."""

    experiment: gr.Dropdown
    matrices: gr.Textbox
    unit: gr.Radio
    step: gr.Number
    operations: gr.CheckboxGroup
    others: gr.Textbox
    mode: gr.Radio
    rate: gr.Slider
    seed: gr.Number
    background: gr.Textbox
    sites: gr.Textbox
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
    published: Published
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
            self.background, self.right, self.wrong, self.shots, self.by, self.sites, self.others,
        ]  # fmt: skip

    @property
    def places(self) -> list[Any]:
        """What a part of a map that is to be screened finer fills in, in the order of `Doors.finer`."""
        return [self.sites, self.unit, self.step]

    @property
    def drawn(self) -> list[Any]:
        """What shows a stored screen, in the order of `ScreenHandlers.draw`."""
        return [self.shown, self.summary, self.strip, self.matrix, self.caption, self.map]


def build(workspace: Workspace, *, takes_files: bool) -> ScreenTab:
    """Lay the tab out; `takes_files`: whether published results may be uploaded."""
    with gr.Row(elem_classes="explore"):
        with gr.Column(scale=4, min_width=340, elem_classes="controls"):
            parts = _build_order(workspace) | _build_queue() | {"published": published.build(is_open=takes_files)}
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
        sites = gr.Textbox(
            label="Or only these places of them, one a line",
            placeholder="11.down[0:96,96:192]",
            elem_classes="mono",
            lines=1,
            max_lines=6,
            info="A box or a loop drawn on any map fills them in.",
        )
        unit = gr.Radio(
            label="One mutant changes one",
            choices=UNITS,
            value="block",
            elem_classes="pills",
        )
        with gr.Row():
            step = Number(precision=0, label="Side of a block", value=96, minimum=1, min_width=110)
            operations = gr.CheckboxGroup(
                label="Set to",
                choices=[("Max", "max"), ("Min", "min"), ("Zero", "zero")],
                value=["max", "min"],
                elem_classes="pills",
                min_width=180,
            )
        others = gr.Textbox(
            label="Or to anything else, with commas between",
            placeholder="round4, prune50, rank10%, *0.5",
            elem_classes="mono",
            max_lines=2,
        )
        mode = gr.Radio(
            label="Find out",
            choices=[("Its whole text", "text"), ("Only where it parts", "divergence")],
            value="text",
            elem_classes="pills",
        )
        with gr.Accordion("More", open=False, elem_classes="decoding"):
            with gr.Row():
                rate = Slider(label="Share of the units, drawn at random", minimum=0.001, maximum=1, value=1)
                seed = Number(precision=0, label="Number of the draw", value=0, minimum=0, min_width=90)
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
        "others": others, "mode": mode, "rate": rate, "seed": seed, "background": background, "sites": sites,
        "start": start, "estimate": estimate, "told": told,
    }  # fmt: skip


def _build_task() -> dict[str, Any]:
    """The options of an experiment that asks questions."""
    with gr.Accordion("The questions", open=True, visible=False, elem_classes="decoding") as of_task:
        with gr.Row():
            right = Number(precision=0, label="Right by the original", value=14, minimum=1, min_width=110)
            wrong = Number(precision=0, label="Wrong by the original", value=7, minimum=0, min_width=110)
        shots = Slider(label="Answered examples before each question", minimum=0, maximum=5, step=1, value=0)
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
