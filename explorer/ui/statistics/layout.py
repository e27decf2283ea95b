"""The tab Statistics: what the stored screens show; every mark is a door to its mutant in Explore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.screened import USUAL
from explorer.statistics.malignant import Limits
from explorer.ui.components.address import Address
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.saver import Saver
from explorer.ui.numbers import Number, Slider
from explorer.ui.statistics.console.layout import Console
from explorer.ui.statistics.console.layout import build as build_console
from explorer.ui.statistics.form import ALL, CONSOLE, MEASURES, PREFIX, SEVERITIES, TABS, VIEWS
from explorer.ui.words import legend_html

TITLES = {
    "overview": "All matrices",
    "side_by_side": "Experiments and models side by side",
    "distinct_by_layer": "Distinct texts by layer",
    "sheet_layers": "One kind of matrix, all layers",
    "sheet_screens": "One matrix, all experiments",
    "malignant": "Malignant mutants by matrix",
    "malignant_map": "One matrix, unit by unit",
    "site_correlations": "All screens, mutant by mutant",
    "first_words": "Unusual first words",
    "cosine_by_first_word": "How far those are from the standard output",
    "word_matrices": "Which matrices begin with the word",
    "word_map": "Where in one matrix",
    "by_kind": "By kind",
    "by_layer": "By layer",
    "nsm_map": "One matrix, unit by unit",
    "copa": "The same matrix, rearranged",
    "axes": "The most sensitive rows and columns",
    "stripes": "Layer by layer",
    "correlations": "All screens, layer by layer",
    "scatter": "Two screens, layer by layer",
    "overlap": "What they share",
    "two_maps": "Side by side",
    "cosine": "How far from the standard output",
    "divergence": "From which token on",
    "scores": "How many answers are right",
    "styles_by_kind": "Styles by kind",
    "styles_by_layer": "Styles by layer",
    "distinct": "How many say something of their own",
    "agreement": "Estimated and measured",
}


@dataclass(frozen=True, slots=True)
class StatisticsTab:
    """The components."""

    model: gr.Dropdown
    screen: gr.Dropdown
    operations: gr.CheckboxGroup
    layers: gr.Textbox
    kinds: gr.Dropdown
    matrix: gr.Dropdown
    clear: gr.Button
    notice: gr.HTML
    behind: gr.HTML
    views: gr.Tabs
    view: gr.State
    """The name of the open one of the tab's own tabs."""
    measure: gr.Radio
    coloured: gr.Radio
    severity: gr.Radio
    step: gr.Slider
    own: gr.Number
    axes: gr.Dropdown
    other: gr.Dropdown
    cosine_limit: gr.Slider
    score_limit: gr.Slider
    word: gr.Dropdown
    panels: dict[str, FigurePanel]
    sentences: dict[str, gr.HTML]
    totals: gr.HTML
    address: Address
    saver: Saver
    console: Console | None
    console_tab: gr.Tab | None
    """None where the page is for anybody who comes."""
    shown: gr.State
    """The controls as they were when the pictures were drawn."""

    @property
    def asked(self) -> list[Any]:
        """What a picture is made of, in the order of `Controls`."""
        return [
            self.model, self.screen, self.operations, self.layers, self.kinds, self.matrix, self.view, self.measure,
            self.coloured, self.severity, self.step, self.axes, self.other, self.own, self.cosine_limit,
            self.score_limit, self.word,
        ]  # fmt: skip

    @property
    def drawn(self) -> list[Any]:
        """What `StatisticsHandlers.draw` updates, in its order."""
        figures = [each for view in VIEWS for each in (self.panels[view], self.sentences[view])]
        choices = [self.model, self.screen, self.kinds, self.matrix, self.axes, self.other, self.word, self.operations]
        return [self.shown, *choices, self.notice, self.totals, self.address, *figures]


def build(*, has_console: bool) -> StatisticsTab:
    """Lay the tab out."""
    with gr.Group(elem_classes="card filters"):
        with gr.Row(elem_classes="filter-row"):
            screen = gr.Dropdown(label="Screen shown", choices=[], value=None, scale=4, min_width=280)
            model = gr.Dropdown(label="Of model", choices=[ALL], value=ALL, scale=2, min_width=150)
            operations = gr.CheckboxGroup(
                label="Operations shown",
                choices=list(USUAL),
                value=[],
                elem_classes="pills",
                scale=2,
                min_width=190,
            )
            kinds = gr.Dropdown(
                label="Kinds shown (none: all)", choices=[], value=[], multiselect=True, scale=2, min_width=170
            )
            layers = gr.Textbox(
                label="Layers shown", placeholder="all; or 0-5, 11", max_lines=1, scale=1, min_width=110
            )
            matrix = gr.Dropdown(label="Matrix shown", choices=[], value=None, scale=1, min_width=120)
            clear = gr.Button("Clear", size="sm", min_width=70, scale=0, elem_classes="quiet")
        notice = gr.HTML(apply_default_css=False)
        behind = gr.HTML(apply_default_css=False)
    panels: dict[str, FigurePanel] = {}
    sentences: dict[str, gr.HTML] = {}
    parts: dict[str, Any] = {}
    with gr.Tabs(elem_classes="card statistics") as views:
        for name, shown in TABS.items():
            if name == CONSOLE:
                continue
            with gr.Tab(name, id=name):
                parts |= _build_controls(name)
                _build_views(shown, panels, sentences)
                if name == "Overview":
                    parts["totals"] = gr.HTML(apply_default_css=False)
        console, console_tab = None, None
        if has_console:
            with gr.Tab(CONSOLE, id=CONSOLE) as console_tab:
                console = build_console()
    return StatisticsTab(
        **parts, model=model, screen=screen, operations=operations, layers=layers, kinds=kinds, matrix=matrix,
        clear=clear, notice=notice, behind=behind, views=views, view=gr.State("Overview"), panels=panels,
        sentences=sentences, address=Address(prefix=PREFIX), saver=Saver(), shown=gr.State(None),
        console=console, console_tab=console_tab,
    )  # fmt: skip


def _build_controls(name: str) -> dict[str, Any]:
    """The controls of one of the tab's own tabs, above its pictures."""
    if name == "Overview":
        measure = gr.Radio(label="What a cell tells", choices=list(MEASURES), value="nonsilent", elem_classes="pills")
        return {"measure": measure}
    if name == "NSM map":
        with gr.Row():
            coloured = gr.Radio(
                label="Coloured by",
                choices=[("What was done", "operation"), ("How severe it is", "severity")],
                value="operation",
                elem_classes="pills",
            )
            severity = gr.Radio(label="Severity is", choices=list(SEVERITIES), value="cosine", elem_classes="pills")
            step = Slider(label="Threshold, from all to the most severe", minimum=0, maximum=4, step=1, value=0)
            own = Number(label="Or a threshold of your own", value=None, min_width=130)
        return {"coloured": coloured, "severity": severity, "step": step, "own": own}
    if name == "Malignant":
        with gr.Row():
            cosine = Slider(label="Cosine, at most", minimum=0, maximum=1, step=0.05, value=Limits().cosine)
            score = Slider(label="Right answers, at most", minimum=0, maximum=21, step=1, value=Limits().score)
        return {"cosine_limit": cosine, "score_limit": score}
    if name == "First words":
        return {
            "word": gr.Dropdown(label="Texts that begin with", choices=[], value=None, allow_custom_value=True)
        }  # fmt: skip
    if name == "Rows and columns":
        return {"axes": gr.Dropdown(label="Stripes of", choices=[], value=None)}
    if name == "Compare":
        return {"other": gr.Dropdown(label="Compare with", choices=[], value=None)}
    return {}


def _build_views(shown: tuple[str, ...], panels: dict[str, FigurePanel], sentences: dict[str, gr.HTML]) -> None:
    """The pictures of one of the tab's own tabs, each under its title and its sentence."""
    for view in shown:
        with gr.Column(elem_classes=["picture", f"picture-{view}"]):
            gr.HTML(f"<h2>{TITLES[view]}</h2>", apply_default_css=False)
            sentences[view] = gr.HTML('<p class="caption busy">Reading the screens …</p>', apply_default_css=False)
            panels[view] = FigurePanel(elem_classes=f"view-{view.replace('_', '-')}")
            if view in ("nsm_map", "copa", "two_maps", "malignant_map", "word_map", "sheet_layers", "sheet_screens"):
                gr.HTML(legend_html(), apply_default_css=False)
