"""The components of the tab Explore and how they lie: pick a site, change it, read both texts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from explorer.ui.components.address import Address
from explorer.ui.components.chips import Chips
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.hint import Hint
from explorer.ui.components.pair_panel import PairPanel
from explorer.ui.components.preset_bar import PresetBar, steps_json
from explorer.ui.components.saver import Saver
from explorer.ui.components.takeaway import Takeaway
from explorer.ui.components.trial_list import TrialList
from explorer.ui.components.value_slider import ValueSlider
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import (
    CHAT,
    LEAST_SHARE,
    MOST_TEMPERATURE,
    MOST_TOKENS,
    OPENING_PROMPT,
    OPENING_TOKENS,
    RAW,
)
from explorer.ui.explore.thresholds import WatchPanel, build_limits, build_warning
from explorer.ui.explore.tools import SET, tools_shown
from explorer.ui.explore.words import PRESETS_HINT, SLIDER_HINT, STEPS, TEXTS_HINT, change_html, summary_html
from explorer.ui.numbers import Number, Slider
from explorer.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ExploreTab:
    """The components."""

    exploration: gr.State
    level: gr.Radio
    layer: gr.Slider
    part: gr.Radio
    path: gr.Dropdown
    head: gr.Slider
    row: gr.Number
    row_stop: gr.Number
    column: gr.Number
    column_stop: gr.Number
    target: gr.HTML
    tool: gr.Radio
    variant: gr.Radio
    donor: gr.Dropdown
    slider: ValueSlider
    minimum: gr.Button
    zero: gr.Button
    mean: gr.Button
    maximum: gr.Button
    reset: gr.Button
    value: gr.Textbox
    dose: gr.Button
    curve: FigurePanel
    curve_caption: gr.HTML
    chips: Chips
    stack: gr.Button
    undo: gr.Button
    redo: gr.Button
    notation: gr.Textbox
    presets: PresetBar
    experiment: gr.Dropdown
    prompt: gr.Textbox
    mode: gr.Radio
    plain: gr.Checkbox
    system: gr.Textbox
    thinking: gr.Checkbox
    prefill: gr.Textbox
    turns: gr.Textbox
    """Shown where control tokens are written in the prompt."""
    taken: gr.HTML
    """What is to be known of how the prompt is taken."""
    run: gr.Button
    stop: gr.Button
    max_new_tokens: gr.Slider
    temperature: gr.Slider
    top_p: gr.Slider
    seed: gr.Textbox
    top_k: gr.Number
    max_length: gr.Number
    address: Address
    notice: gr.HTML
    change: gr.HTML
    pair: PairPanel
    limits: WatchPanel
    summary: gr.HTML
    wanted: gr.Number
    """The ticket of the run that was asked for last; it comes with what the controls are to show."""
    trial: gr.State
    """The run that ended last, as a `trials.Trial`."""
    takeaway: Takeaway
    saver: Saver
    pins: gr.State
    pinned: TrialList
    pinned_card: gr.Group

    @property
    def selectors(self) -> list[Any]:
        """The controls that a `Selection` is read from, in the order of `selection.read_selection`."""
        return [
            self.level,
            self.layer,
            self.part,
            self.path,
            self.head,
            self.row,
            self.row_stop,
            self.column,
            self.column_stop,
        ]

    @property
    def drawn(self) -> list[Any]:
        """What `drawing.draw` updates, in its order."""
        return [
            *self.selectors,
            self.target,
            self.tool,
            self.variant,
            self.donor,
            self.slider,
            self.value,
            self.chips,
            self.stack,
            self.undo,
            self.redo,
            self.notation,
            self.curve,
            self.curve_caption,
            self.presets,
            self.notice,
        ]

    @property
    def results(self) -> list[Any]:
        """What a run shows."""
        return [self.pair, self.summary, self.trial]

    @property
    def asked(self) -> list[Any]:
        """Prompt and decoding, in the order of `form.Question`."""
        return [
            self.prompt, self.mode, self.max_new_tokens, self.temperature, self.top_p, self.seed, self.top_k,
            self.max_length, self.plain,
            self.system, self.thinking, self.prefill, self.turns,
        ]  # fmt: skip


def build(workspace: Workspace) -> ExploreTab:
    """Lay the tab out."""
    parts: dict[str, Any] = {"exploration": gr.State(Exploration(source=workspace.source))}
    with gr.Row(elem_classes="explore"):
        with gr.Column(scale=4, min_width=340, elem_classes="controls"):
            parts |= _build_site() | _build_operation() | _build_genotype()
        with gr.Column(scale=7, min_width=340, elem_classes="results"):
            parts |= _build_prompt(workspace) | _build_results(workspace)
    return ExploreTab(**{field.name: parts[field.name] for field in fields(ExploreTab)})


def _build_site() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML(STEPS[0], apply_default_css=False)
        level = gr.Radio(label="Level", choices=["weight"], value="weight", elem_classes="pills")
        layer = Slider(label="Layer", minimum=0, maximum=1, step=1, value=0)
        part = gr.Radio(label="Matrix", choices=["down"], value="down", elem_classes="pills")
        path = gr.Dropdown(label="Module", choices=[], visible=False, allow_custom_value=True)
        head = Slider(label="Head", minimum=0, maximum=1, step=1, value=0, visible=False)
        with gr.Row(elem_classes="indices"):
            row, row_stop, column, column_stop = (
                Number(precision=0, label=label, value=0, min_width=90)
                for label in ("Row", "Row stop", "Column", "Column stop")
            )
        target = gr.HTML(apply_default_css=False)
    names = ("level", "layer", "part", "path", "head", "row", "row_stop", "column", "column_stop", "target")
    return dict(zip(names, (level, layer, part, path, head, row, row_stop, column, column_stop, target), strict=True))


def _build_operation() -> dict[str, Any]:
    with gr.Group(elem_classes="card value-card"):
        gr.HTML(STEPS[1], apply_default_css=False)
        tool = gr.Radio(
            choices=tools_shown(Exploration(source="")), value=SET.name, show_label=False, elem_classes="pills tools"
        )
        variant = gr.Radio(choices=[], show_label=False, visible=False, elem_classes="pills tools quiet-pills")
        donor = gr.Dropdown(choices=[], allow_custom_value=True, visible=False, elem_classes="tools")
        slider = ValueSlider(elem_classes="value-slider")
        Hint("slider", SLIDER_HINT, used=".value-slider", by="change")
        with gr.Row(elem_classes="buttons"):
            minimum, zero, mean, maximum = (
                gr.Button(label, size="sm", min_width=52) for label in ("Min", "Zero", "Mean", "Max")
            )
            reset = gr.Button("Reset", size="sm", min_width=56, elem_classes="quiet key-reset")
        with gr.Row(elem_classes="numbers"):
            value = gr.Textbox(label="Value, then Enter", max_lines=1, min_width=110, scale=2)
            dose = gr.Button(
                "Dose–response: try all values", size="sm", min_width=180, scale=3, elem_classes="quiet key-dose"
            )
        curve_caption = gr.HTML(apply_default_css=False)
        curve = FigurePanel(elem_classes="curve")
    return {
        "tool": tool,
        "variant": variant,
        "donor": donor,
        "dose": dose,
        "curve": curve,
        "curve_caption": curve_caption,
        "slider": slider,
        "minimum": minimum,
        "zero": zero,
        "mean": mean,
        "maximum": maximum,
        "reset": reset,
        "value": value,
    }


def _build_genotype() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML(STEPS[2], apply_default_css=False)
        chips = Chips()
        with gr.Row(elem_classes="buttons"):
            stack = gr.Button("Keep this one and add another", size="sm", elem_classes="quiet", scale=3)
            undo = gr.Button("Undo", size="sm", min_width=60, elem_classes="quiet", interactive=False)
            redo = gr.Button("Redo", size="sm", min_width=60, elem_classes="quiet", interactive=False)
        notation = gr.Textbox(
            label="Notation (edit it and press Enter)",
            placeholder="14.down[3,5]=0; 7.head3*0",
            elem_classes="mono",
            max_lines=3,
        )
    return {"chips": chips, "stack": stack, "undo": undo, "redo": redo, "notation": notation}


def _build_prompt(workspace: Workspace) -> dict[str, Any]:
    choices = [(experiment.title, experiment.name) for experiment in workspace.experiments()]
    with gr.Group(elem_classes="card prompt-card"):
        programme = workspace.programme
        presets = PresetBar(steps_json(programme.steps), visible=workspace.source == programme.model)
        Hint("presets", PRESETS_HINT, used=".presets button")
        with gr.Row(elem_classes="prompt-row"):
            prompt = gr.Textbox(
                label="Prompt", value=OPENING_PROMPT, lines=2, max_lines=6, scale=5, elem_classes="prompt"
            )
            with gr.Column(scale=2, min_width=170):
                experiment = gr.Dropdown(label="Examples", choices=choices, value=None)
                mode = gr.Radio(show_label=False, choices=[CHAT, RAW], value=CHAT, elem_classes="pills")
        taken = gr.HTML(apply_default_css=False, elem_classes="taken")
        plain = gr.Checkbox(label="Take control tokens as the text they are", value=False, visible=False)
        with gr.Row(elem_classes="buttons"):
            run = gr.Button("Run", variant="primary", size="md", min_width=90, elem_classes="key-run")
            stop = gr.Button("Stop", size="md", min_width=90, elem_classes="key-stop")
        with gr.Accordion("System prompt, beginning of the answer", open=False, elem_classes="talk"):
            system = gr.Textbox(
                label="System prompt",
                value="",
                lines=1,
                max_lines=6,
                info='Empty: whatever the chat template begins with. "" is none at all.',
            )
            thinking = gr.Checkbox(label="Let it think before it answers", value=False, visible=False)
            prefill = gr.Textbox(
                label="Beginning of the answer",
                value="",
                lines=1,
                max_lines=4,
                info="Put into the mouth of both models.",
            )
            turns = gr.Textbox(
                label="Earlier turns",
                value="",
                lines=1,
                max_lines=6,
                elem_classes="mono",
                info='As JSON, the oldest first: [{"role": "user", "content": "Hello"}, …]. The tab Talk writes them.',
            )
        with gr.Accordion("Decoding", open=False, elem_classes="decoding"), gr.Row():
            max_new_tokens = Slider(
                label="Max new tokens", minimum=1, maximum=MOST_TOKENS, step=1, value=OPENING_TOKENS
            )
            temperature = Slider(
                label="Temperature (0: greedy)", minimum=0, maximum=MOST_TEMPERATURE, step=0.05, value=0
            )
            top_p = Slider(label="Top-p", minimum=LEAST_SHARE, maximum=1, step=0.01, value=1)
            seed = gr.Textbox(label="Seed", value="0", max_lines=1)
            top_k = Number(label="Top-k (0: all tokens)", precision=0, value=0, minimum=0)
            max_length = Number(label="Length with the prompt (0: by new tokens)", precision=0, value=0, minimum=0)
    return {
        "presets": presets,
        "prompt": prompt,
        "experiment": experiment,
        "mode": mode,
        "plain": plain,
        "system": system,
        "thinking": thinking,
        "prefill": prefill,
        "turns": turns,
        "taken": taken,
        "run": run,
        "stop": stop,
        "max_new_tokens": max_new_tokens,
        "temperature": temperature,
        "top_p": top_p,
        "seed": seed,
        "top_k": top_k,
        "max_length": max_length,
    }


def _build_results(workspace: Workspace) -> dict[str, Any]:
    with gr.Group(elem_classes="card results-card"):
        address = Address(elem_classes="address")
        notice = gr.HTML(apply_default_css=False)
        change = gr.HTML(change_html("Loading the model …"), apply_default_css=False)
        pair = PairPanel()
        Hint("texts", TEXTS_HINT, used=".pair .token")
        warning = build_warning()
        summary = gr.HTML(summary_html(None), apply_default_css=False)
        takeaway = Takeaway()
        saver = Saver()
    limits = build_limits(workspace, warning)
    with gr.Group(elem_classes="card pinned-card", visible=False) as pinned_card:
        gr.HTML("<h2>Pinned</h2>", apply_default_css=False)
        pinned = TrialList(as_cards=True)
    return {
        "address": address,
        "notice": notice,
        "change": change,
        "pair": pair,
        "limits": limits,
        "summary": summary,
        "takeaway": takeaway,
        "saver": saver,
        "wanted": gr.Number(value=0, visible=False),
        "trial": gr.State(None),
        "pins": gr.State(()),
        "pinned": pinned,
        "pinned_card": pinned_card,
    }
