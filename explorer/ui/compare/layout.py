"""The tab Compare: the same prompts or questions to several genotypes, with paired tests; and the blind test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.compare.blind import layout as blind
from explorer.ui.compare.blind.layout import BlindTab
from explorer.ui.compare.form import (
    ALL,
    FACTUAL,
    LITERARY,
    MOST_INPUTS,
    MOST_SHOTS,
    MOST_TEMPERATURE,
    MOST_TOKENS,
    OWN,
    PREFIX,
    PROMPTS,
    QUESTIONS,
    Form,
)
from explorer.ui.compare.handlers import NAMES
from explorer.ui.components.address import Address
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.item_list import ItemList
from explorer.ui.components.saver import Saver
from explorer.ui.explore.form import CHAT, RAW
from explorer.ui.numbers import Slider
from explorer.ui.questions import offered
from explorer.workspace.workspace import Workspace

_HINT = (
    '<p class="no-picture">Run the comparison: every genotype answers the same prompts or questions, and each is '
    "compared with A, item by item.</p>"
)


@dataclass(frozen=True, slots=True)
class CompareTab:
    """The components."""

    genotypes: gr.Textbox
    take: gr.Button
    checked: gr.HTML
    ask: gr.Radio
    of_prompts: gr.Column
    of_questions: gr.Column
    source: gr.Radio
    prompts: gr.Textbox
    count: gr.Slider
    mode: gr.Radio
    max_new_tokens: gr.Slider
    temperature: gr.Slider
    seed: gr.Textbox
    question_set: gr.Dropdown
    question_count: gr.Slider
    shots: gr.Slider
    run: gr.Button
    stop: gr.Button
    compared: gr.State
    """The comparison that is shown, as a `handlers.Shown`."""
    address: Address
    notice: gr.HTML
    progress: gr.HTML
    verdict: gr.HTML
    measures: gr.HTML
    differences: FigurePanel
    discordance: FigurePanel
    listing: gr.Column
    """All that shows items; hidden while there are none."""
    against: gr.Radio
    part: gr.Radio
    page: gr.State
    items: ItemList
    told: gr.HTML
    earlier: gr.Button
    later: gr.Button
    files: dict[str, gr.Button]
    saver: Saver
    blind: BlindTab

    @property
    def asked(self) -> list[Any]:
        """What a comparison is made of, in the order of `form.Form`."""
        return [getattr(self, name) for name in Form.__slots__]

    @property
    def drawn(self) -> list[Any]:
        """What a run updates, in the order of `handlers.NAMES`."""
        return [getattr(self, name) for name in NAMES]

    @property
    def results(self) -> list[Any]:
        """What was compared of one model, in the order of `cleared`."""
        return [
            self.compared, self.notice, self.progress, self.verdict, self.measures, self.differences, self.discordance,
            self.listing,
        ]  # fmt: skip


def cleared() -> list[Any]:
    """Updates of `CompareTab.results` for a model of which nothing was compared."""
    return [None, "", "", _HINT, "", "", "", gr.update(visible=False)]


def build(workspace: Workspace) -> CompareTab:
    """Lay the tab out."""
    with gr.Row(elem_classes="explore compare"):
        with gr.Column(scale=4, min_width=340, elem_classes="controls"):
            parts = _build_genotypes() | _build_asked(workspace)
        with gr.Column(scale=7, min_width=340, elem_classes="results"), gr.Tabs(elem_classes="card comparison"):
            with gr.Tab("Comparison"):
                parts |= _build_result() | _build_items()
            with gr.Tab("Blind test"):
                parts["blind"] = blind.build()
    return CompareTab(**parts, compared=gr.State(None), page=gr.State(0), address=Address(prefix=PREFIX), saver=Saver())


def _build_genotypes() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>1</b> Who is compared</h2>", apply_default_css=False)
        genotypes = gr.Textbox(
            label="Genotypes, one a line; the first is the reference",
            value=Form().genotypes,
            lines=3,
            max_lines=6,
            elem_classes="mono",
        )
        take = gr.Button("Add the one in Explore", size="sm", elem_classes="quiet")
        checked = gr.HTML(apply_default_css=False)
    return {"genotypes": genotypes, "take": take, "checked": checked}


def _build_asked(workspace: Workspace) -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>2</b> What they are asked</h2>", apply_default_css=False)
        ask = gr.Radio(label="Ask", choices=[PROMPTS, QUESTIONS], value=PROMPTS, elem_classes="pills")
        with gr.Column(elem_classes="plain") as of_prompts:
            parts = _build_prompts()
        with gr.Column(visible=False, elem_classes="plain") as of_questions:
            parts |= _build_questions(workspace)
        with gr.Row(elem_classes="buttons"):
            run = gr.Button("Run the comparison", variant="primary", size="md", min_width=160)
            stop = gr.Button("Stop", size="md", min_width=80)
        progress = gr.HTML(apply_default_css=False)
    return {
        **parts, "ask": ask, "of_prompts": of_prompts, "of_questions": of_questions, "run": run, "stop": stop,
        "progress": progress,
    }  # fmt: skip


def _build_prompts() -> dict[str, Any]:
    form = Form()
    source = gr.Radio(
        label="Prompts from", choices=[OWN, LITERARY, FACTUAL, ALL], value=form.source, elem_classes="pills"
    )
    prompts = gr.Textbox(label="My prompts, one a line", value=form.prompts, lines=4, max_lines=10)
    count = Slider(
        label="How many of the inputs", minimum=1, maximum=MOST_INPUTS, step=1, value=form.count, visible=False
    )
    with gr.Accordion("How they answer", open=False, elem_classes="decoding"):
        mode = gr.Radio(label="Asked as", choices=[CHAT, RAW], value=form.mode, elem_classes="pills")
        with gr.Row():
            max_new_tokens = Slider(
                label="Tokens of an answer, at most", minimum=1, maximum=MOST_TOKENS, step=1, value=form.max_new_tokens
            )
            temperature = Slider(
                label="Sampling temperature (0: greedy)",
                minimum=0,
                maximum=MOST_TEMPERATURE,
                step=0.05,
                value=form.temperature,
            )
            seed = gr.Textbox(label="Seed of the noise", value=form.seed, max_lines=1, min_width=90)
    return {
        "source": source, "prompts": prompts, "count": count, "mode": mode, "max_new_tokens": max_new_tokens,
        "temperature": temperature, "seed": seed,
    }  # fmt: skip


def _build_questions(workspace: Workspace) -> dict[str, Any]:
    sets = offered(workspace)
    choices = [(each.title, each.name) for each in sets]
    most = max((len(each.questions) for each in sets), default=int(Form().question_count))
    form = Form()
    question_set = gr.Dropdown(label="Question set", choices=choices, value=choices[0][1] if choices else None)
    with gr.Row():
        question_count = Slider(
            label="How many questions",
            minimum=1,
            maximum=most,
            step=1,
            value=form.question_count,
        )
        shots = Slider(label="Answered examples before each", minimum=0, maximum=MOST_SHOTS, step=1, value=form.shots)
    return {"question_set": question_set, "question_count": question_count, "shots": shots}


def _build_result() -> dict[str, Any]:
    notice = gr.HTML(apply_default_css=False)
    verdict = gr.HTML(_HINT, apply_default_css=False)
    measures = gr.HTML(apply_default_css=False)
    differences = FigurePanel(elem_classes="view-differences")
    discordance = FigurePanel(elem_classes="view-discordance")
    return {
        "notice": notice, "verdict": verdict, "measures": measures, "differences": differences,
        "discordance": discordance,
    }  # fmt: skip


def _build_items() -> dict[str, Any]:
    with gr.Column(visible=False) as listing:
        against = gr.Radio(label="Texts of", choices=[], visible=False, elem_classes="pills")
        part = gr.Radio(label="Items shown", choices=[("All", "all")], value="all", elem_classes="pills")
        items = ItemList()
        told = gr.HTML(apply_default_css=False)
        with gr.Row(elem_classes="buttons pager"):
            earlier = gr.Button("Earlier items", size="sm", min_width=90, elem_classes="quiet")
            later = gr.Button("Later items", size="sm", min_width=90, elem_classes="quiet")
            files = {
                kind: gr.Button(f"Take away as {name}", size="sm", min_width=110, elem_classes="quiet")
                for kind, name in (("csv", "CSV"), ("parquet", "Parquet"), ("json", "JSON"))
            }
    return {
        "listing": listing, "against": against, "part": part, "items": items, "told": told, "earlier": earlier,
        "later": later, "files": files,
    }  # fmt: skip
