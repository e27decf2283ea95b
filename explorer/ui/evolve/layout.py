"""The tab Evolve: name a behaviour, let generations improve, take the winner to Explore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.errors import EvolutionError
from explorer.domain.evolution import MOST_MUTATIONS, Evolution, Target
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.preset_bar import PresetBar, named_json
from explorer.ui.components.queue_list import QueueList
from explorer.ui.components.saver import Saver
from explorer.ui.components.target_cards import TargetCards
from explorer.ui.evolve.words import CHAT, RAW, prompts_text
from explorer.ui.numbers import Number, Slider
from explorer.ui.words import notice_html
from explorer.workspace.workspace import Workspace

DEFAULT = Evolution(
    title="Your own",
    targets=(Target("original", "far"), Target("readable")),
    prompts=("What is the sun?", "What is bread?", "What is a friend?", "What is the sea?"),
)
"""What the tab begins with where no preset can be read."""
TICK_SECONDS = 1.5
"""How often the page asks whether an evolution has come further."""
UNITS = [
    ("Block", "block"), ("Row", "row"), ("Column", "column"), ("Weight", "weight"), ("Matrix", "matrix"),
    ("Head", "head"), ("KV head", "kvhead"), ("Expert", "expert"), ("Layer", "layer"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page has seen of the queue."""

    revision: int = -1
    running: int | None = None
    """The evolution that ran last."""


@dataclass(frozen=True, slots=True)
class EvolveTab:
    """The components."""

    presets: PresetBar
    cards: TargetCards
    targets: gr.State
    """The targets as they are written."""
    begun: gr.State
    """The evolution of the preset that was pressed last: what there is no control for is as it has it."""
    prompts: gr.Textbox
    mode: gr.Radio
    questions: gr.Number
    matrices: gr.Textbox
    units: gr.CheckboxGroup
    operations: gr.Textbox
    step: gr.Number
    most: gr.Slider
    background: gr.Textbox
    evaluations: gr.Number
    population: gr.Number
    new_tokens: gr.Number
    seed: gr.Number
    start: gr.Button
    told: gr.HTML
    queue: QueueList
    seen: gr.State
    """What the page has seen of the queue, a `Seen`."""
    shown: gr.Dropdown
    summary: gr.HTML
    front: FigurePanel
    family_title: gr.HTML
    family: FigurePanel
    notice: gr.HTML
    parquet: gr.Button
    saver: Saver
    timer: gr.Timer

    @property
    def asked(self) -> list[Any]:
        """What an evolution is made of, in the order of `EvolveHandlers.order`."""
        return [
            self.begun, self.targets, self.prompts, self.mode, self.questions, self.matrices, self.units,
            self.operations, self.step, self.most, self.background, self.evaluations, self.population,
            self.new_tokens, self.seed,
        ]  # fmt: skip

    @property
    def drawn(self) -> list[Any]:
        """What shows a stored evolution, in the order of `EvolveHandlers.draw`."""
        return [self.shown, self.summary, self.front, self.family_title, self.family, self.parquet]


def build(workspace: Workspace) -> EvolveTab:
    """Lay the tab out."""
    try:
        offered, fault = workspace.evolutions.presets(), ""
    except EvolutionError as wrong:  # the page is up without them, and says why
        offered, fault = (), str(wrong)
    first = offered[0].evolution if offered else DEFAULT
    with gr.Row(elem_classes="explore evolve"):
        with gr.Column(scale=4, min_width=340, elem_classes="controls"):
            with gr.Group(elem_classes="card"):
                gr.HTML("<h2>What to evolve</h2>", apply_default_css=False)
                presets = PresetBar(named_json((each.name, each.evolution.title, each.purpose) for each in offered))
                parts = _build_order(first, fault)
            with gr.Group(elem_classes="card"):
                gr.HTML("<h2>Running in the background</h2>", apply_default_css=False)
                queue = QueueList()
        with gr.Column(scale=7, min_width=340, elem_classes="results"):
            parts |= _build_found()
    return EvolveTab(
        presets=presets,
        targets=gr.State([target.name for target in first.targets]),
        begun=gr.State(first),
        queue=queue,
        seen=gr.State(Seen()),
        timer=gr.Timer(TICK_SECONDS),
        **parts,
    )


def _build_order(first: Evolution, fault: str) -> dict[str, Any]:
    space = first.space
    cards = TargetCards([target.name for target in first.targets])
    prompts = gr.Textbox(
        label="Prompts, one a line: half are searched, half are held out",
        value=prompts_text(first.prompts), lines=4, max_lines=8,
    )  # fmt: skip
    mode = gr.Radio(label="Put as", choices=[CHAT, RAW], value=CHAT if first.chat else RAW, elem_classes="pills")
    with gr.Accordion("Where it may mutate", open=False, elem_classes="decoding"):
        matrices = gr.Textbox(
            label="Matrices, such as *.down, 0-5.v or 11.*", value=space.matrices, max_lines=1, elem_classes="mono"
        )
        units = gr.CheckboxGroup(
            label="A mutation changes one", choices=UNITS, value=list(space.units), elem_classes="pills"
        )
        operations = gr.Textbox(
            label="And sets it to", value=", ".join(space.operations), max_lines=2, elem_classes="mono"
        )
        with gr.Row():
            step = Number(precision=0, label="Side of a block", value=space.step, minimum=1, min_width=110)
            most = Slider(
                label="Mutations of a genotype, at most", minimum=1, maximum=MOST_MUTATIONS, step=1, value=space.most
            )
        background = gr.Textbox(
            label="On top of", value=first.background, placeholder="11.down[507,1229]=0", max_lines=2,
            elem_classes="mono", info="What is mutated there is left alone: a rescue has to come from other weights.",
        )  # fmt: skip
    with gr.Accordion("How long it searches", open=False, elem_classes="decoding"):
        with gr.Row():
            evaluations = Number(
                precision=0, label="Genotypes tried", value=first.evaluations, minimum=1, min_width=110
            )
            population = Number(precision=0, label="In a generation", value=first.population, minimum=1, min_width=110)
        with gr.Row():
            new_tokens = Number(
                precision=0, label="New tokens of an answer", value=first.decoding.max_new_tokens, minimum=1,
                min_width=110,
            )  # fmt: skip
            seed = Number(precision=0, label="Seed", value=first.seed, minimum=0, min_width=90)
        questions = Number(precision=0, label="Questions, where a target asks some", value=first.questions, minimum=0)
    with gr.Row(elem_classes="buttons"):
        start = gr.Button("Start", variant="primary", size="md", min_width=90)
    told = gr.HTML(notice_html(fault), apply_default_css=False)
    return {
        "cards": cards, "prompts": prompts, "mode": mode, "matrices": matrices, "units": units,
        "operations": operations, "step": step, "most": most, "background": background, "evaluations": evaluations,
        "population": population, "new_tokens": new_tokens, "seed": seed, "questions": questions, "start": start,
        "told": told,
    }  # fmt: skip


def _build_found() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>What came of it</h2>", apply_default_css=False)
        shown = gr.Dropdown(label="Evolution", choices=[], value=None)
        notice = gr.HTML(apply_default_css=False)
        front = FigurePanel(elem_classes="front")
        summary = gr.HTML(apply_default_css=False)
        family_title = gr.HTML(apply_default_css=False)
        family = FigurePanel(elem_classes="family")
        with gr.Row(elem_classes="buttons"):
            parquet = gr.Button("Take it as Parquet", size="sm", min_width=120, visible=False)
        saver = Saver()
    return {
        "shown": shown, "notice": notice, "front": front, "summary": summary, "family_title": family_title,
        "family": family, "parquet": parquet, "saver": saver,
    }  # fmt: skip
