"""The sub-tab Writers: how mutants begin their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.figures.palette import STYLE_COLOURS
from explorer.ui.components.address import Address
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.item_list import ItemList
from explorer.ui.components.mutant_table import MutantTable
from explorer.ui.components.saver import Saver
from explorer.ui.events import QUIETLY
from explorer.ui.explore.form import CHAT, RAW
from explorer.ui.numbers import Slider
from explorer.ui.tasks.writers.form import (
    ALL_STYLES,
    ANY,
    BOTH,
    FACTUAL,
    LEAST_INPUTS,
    LITERARY,
    MOST,
    MOST_INPUTS,
    MOST_TOKENS,
    PREFIX,
    Form,
)
from explorer.ui.tasks.writers.handlers import NAMES

_HINT = (
    '<p class="no-picture">Run the mutants: each answers the same inputs as the original. The word that begins its '
    "answers, and almost none of the original’s, is its RIHF (rare initial word of highest frequency).</p>"
)


@dataclass(frozen=True, slots=True)
class WritersTab:
    """The components of the sub-tab Writers."""

    mutants: gr.Textbox
    take: gr.Button
    checked: gr.HTML
    screen: gr.Dropdown
    style: gr.Dropdown
    many: gr.Slider
    fill: gr.Button
    kind: gr.Radio
    inputs: gr.Slider
    new_tokens: gr.Slider
    asked_as: gr.Radio
    run: gr.Button
    stop: gr.Button
    shown: gr.State
    """The answers that are shown, as a `handlers.Shown`."""
    chosen: gr.State
    """The place of the mutant that is shown, from 1."""
    address: Address
    notice: gr.HTML
    progress: gr.HTML
    verdict: gr.HTML
    words: FigurePanel
    styles: FigurePanel
    group_card: gr.Group
    """The groups by RIHF; hidden for one mutant."""
    groups: MutantTable
    shared: gr.HTML
    text_card: gr.Group
    """All texts; hidden while there are none."""
    texts: gr.HTML
    listing: gr.Group
    """All that shows answers; hidden while there are none."""
    of_kind: gr.Radio
    of_word: gr.Dropdown
    page: gr.State
    answers: ItemList
    told: gr.HTML
    earlier: gr.Button
    later: gr.Button
    files: dict[str, gr.Button]
    saver: Saver

    @property
    def asked(self) -> list[Any]:
        """What is asked, in the order of `form.Form`."""
        return [getattr(self, name) for name in Form.__slots__]

    @property
    def drawn(self) -> list[Any]:
        """What a run updates, in the order of `handlers.NAMES`."""
        return [getattr(self, name) for name in NAMES]

    @property
    def results(self) -> list[Any]:
        """What was measured of one model, in the order of `cleared`."""
        return [
            self.shown, self.notice, self.progress, self.verdict, self.words, self.styles, self.group_card,
            self.text_card, self.listing,
        ]  # fmt: skip


def cleared() -> list[Any]:
    """Updates of `WritersTab.results` for a model of which nothing has been measured."""
    hidden = [gr.update(visible=False) for _ in ("groups", "texts", "answers")]
    return [None, "", "", _HINT, "", "", *hidden]


def build() -> WritersTab:
    """Lay the sub-tab out."""
    with gr.Row(elem_classes="explore"):
        with gr.Column(scale=4, min_width=340, elem_classes="controls"):
            parts = _build_mutants() | _build_inputs()
        with gr.Column(scale=7, min_width=340, elem_classes="task-results"):
            parts |= _build_first_words() | _build_groups() | _build_texts() | _build_answers()
    return WritersTab(
        **parts, shown=gr.State(None), chosen=gr.State(1), page=gr.State(0), address=Address(prefix=PREFIX),
        saver=Saver(),
    )  # fmt: skip


def _build_mutants() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>1</b> Which mutants</h2>", apply_default_css=False)
        mutants = gr.Textbox(
            label="Mutants, one a line", value=Form().mutants, lines=3, max_lines=8, elem_classes="mono"
        )
        with gr.Row(elem_classes="buttons"):
            take = gr.Button("Add the mutant in Explore", size="sm", elem_classes="quiet")
        checked = gr.HTML(apply_default_css=False)
        with gr.Accordion("Take from a screen", open=False, elem_classes="decoding"):
            screen = gr.Dropdown(label="Screen with texts", choices=[], value=None)
            with gr.Row():
                style = gr.Dropdown(
                    label="That write", choices=[ALL_STYLES, *STYLE_COLOURS], value=ALL_STYLES, min_width=130
                )
                many = Slider(label="How many mutants", minimum=1, maximum=MOST, step=1, value=8)
            with gr.Row(elem_classes="buttons"):
                fill = gr.Button("Fill in those of the most shared texts", size="sm", elem_classes="quiet")
    return {
        "mutants": mutants, "take": take, "checked": checked, "screen": screen, "style": style, "many": many,
        "fill": fill,
    }  # fmt: skip


def _build_inputs() -> dict[str, Any]:
    form = Form()
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>2</b> What they are asked</h2>", apply_default_css=False)
        kind = gr.Radio(label="Kind of input", choices=[LITERARY, FACTUAL, BOTH], value=form.kind, elem_classes="pills")
        inputs = Slider(
            label="Inputs, of 151", minimum=LEAST_INPUTS, maximum=MOST_INPUTS, step=1, value=form.inputs,
            info="On two cores 24 take about 4 s a mutant, all 151 about 25 s.",
        )  # fmt: skip
        with gr.Accordion("How each answers", open=False, elem_classes="decoding"):
            asked_as = gr.Radio(
                label="Inputs are put as", choices=[CHAT, RAW], value=form.asked_as, elem_classes="pills"
            )
            new_tokens = Slider(
                label="Tokens of each answer, at most", minimum=1, maximum=MOST_TOKENS, step=1, value=form.new_tokens
            )
        with gr.Row(elem_classes="buttons"):
            run = gr.Button("Run the mutants", variant="primary", size="md", min_width=140)
            stop = gr.Button("Stop", size="md", min_width=80)
        progress = gr.HTML(apply_default_css=False)
    return {
        "kind": kind, "inputs": inputs, "asked_as": asked_as, "new_tokens": new_tokens, "run": run, "stop": stop,
        "progress": progress,
    }  # fmt: skip


def _build_first_words() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2>First words and styles</h2>", apply_default_css=False)
        notice = gr.HTML(apply_default_css=False)
        verdict = gr.HTML(_HINT, apply_default_css=False)
        words = FigurePanel(elem_classes="view-first-words")
        styles = FigurePanel(elem_classes="view-writing-styles")
    return {"notice": notice, "verdict": verdict, "words": words, "styles": styles}


def _build_groups() -> dict[str, Any]:
    with gr.Group(elem_classes="card", visible=False) as group_card:
        gr.HTML("<h2>Mutants by RIHF</h2>", apply_default_css=False)
        groups = MutantTable()
        shared = gr.HTML(apply_default_css=False)
    return {"group_card": group_card, "groups": groups, "shared": shared}


def _build_texts() -> dict[str, Any]:
    with gr.Group(elem_classes="card", visible=False) as text_card:
        gr.HTML("<h2>Every text, by its style</h2>", apply_default_css=False)
        texts = gr.HTML(apply_default_css=False)
    return {"text_card": text_card, "texts": texts}


def _build_answers() -> dict[str, Any]:
    with gr.Group(elem_classes="card", visible=False) as listing:
        gr.HTML("<h2>Answers</h2>", apply_default_css=False)
        with gr.Row(elem_classes="filter-row"):
            of_kind = gr.Radio(
                label="Answers to inputs", choices=[("All", ANY), ("Literary", "literary"), ("Factual", "factual")],
                value=ANY, elem_classes="pills",
            )  # fmt: skip
            of_word = gr.Dropdown(label="That begin with (none: all)", choices=[], value=None, min_width=160)
            clear = gr.Button("All words", size="sm", min_width=90, scale=0, elem_classes="quiet")
        answers = ItemList()
        told = gr.HTML(apply_default_css=False)
        with gr.Row(elem_classes="buttons pager"):
            earlier = gr.Button("Earlier answers", size="sm", min_width=90, elem_classes="quiet")
            later = gr.Button("Later answers", size="sm", min_width=90, elem_classes="quiet")
            files = {
                kind: gr.Button(f"Answers as {name}", size="sm", min_width=110, elem_classes="quiet")
                for kind, name in (("csv", "CSV"), ("parquet", "Parquet"))
            }
    clear.click(lambda: None, None, of_word, **QUIETLY)
    return {
        "listing": listing, "of_kind": of_kind, "of_word": of_word, "answers": answers, "told": told,
        "earlier": earlier, "later": later, "files": files,
    }  # fmt: skip
