"""The tab Explore: pick a site, change it, read both texts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from explorer.domain import MAXIMUM, MINIMUM, ZERO, Decoding, Experiment, Operation, Prompt
from explorer.errors import ExplorerError
from explorer.ui.components.chips import Chips
from explorer.ui.components.pair_panel import PairPanel, show_pair
from explorer.ui.components.value_slider import ValueSlider
from explorer.ui.controls import Controls, IndexBox, controls_for
from explorer.ui.selection import Selection, site_of
from explorer.ui.session import Exploration, Runs
from explorer.ui.summary import change_html, notice_html, summary_html, target_html

if TYPE_CHECKING:
    from explorer.generation.pair import PairUpdate
    from explorer.model.loaded import LoadedModel
    from explorer.workspace import Workspace

UPDATE_SECONDS = 0.05
"""The texts are sent to the page at most this often."""

CHAT, RAW = "Chat", "Raw text"
DRAWN_COUNT = 16
"""How many components `draw` updates."""
OPENING_PROMPT = "What is the capital of France?"


@dataclass(frozen=True, slots=True)
class ExploreTab:
    """The components."""

    exploration: gr.State
    ticket: gr.State
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
    slider: ValueSlider
    minimum: gr.Button
    zero: gr.Button
    maximum: gr.Button
    reset: gr.Button
    value: gr.Number
    factor: gr.Number
    scale: gr.Button
    chips: Chips
    stack: gr.Button
    notation: gr.Textbox
    experiment: gr.Dropdown
    prompt: gr.Textbox
    mode: gr.Radio
    run: gr.Button
    stop: gr.Button
    max_new_tokens: gr.Slider
    temperature: gr.Slider
    top_p: gr.Slider
    seed: gr.Number
    notice: gr.HTML
    change: gr.HTML
    pair: PairPanel
    summary: gr.HTML

    @property
    def selectors(self) -> list[Any]:
        """The controls that a `Selection` is read from, in the order of `read_selection`."""
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
        """What `draw` updates, in its order."""
        return [
            *self.selectors,
            self.target,
            self.slider,
            self.value,
            self.chips,
            self.stack,
            self.notation,
            self.notice,
        ]

    @property
    def asked(self) -> list[Any]:
        """Prompt and decoding, in the order of `Question`."""
        return [self.prompt, self.mode, self.max_new_tokens, self.temperature, self.top_p, self.seed]


def build(workspace: Workspace) -> ExploreTab:
    """Lay the tab out."""
    parts: dict[str, Any] = {
        "exploration": gr.State(Exploration(source=workspace.source)),
        "ticket": gr.State(0),
    }
    with gr.Row(elem_classes="explore"):
        with gr.Column(scale=4, min_width=340, elem_classes="controls"):
            parts |= _build_site() | _build_operation() | _build_genotype()
        with gr.Column(scale=7, min_width=340, elem_classes="results"):
            parts |= _build_prompt(workspace.experiments()) | _build_results()
    return ExploreTab(**{field.name: parts[field.name] for field in fields(ExploreTab)})


def _build_site() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>1</b> What to mutate</h2>", apply_default_css=False)
        level = gr.Radio(label="Level", choices=["weight"], value="weight", elem_classes="pills")
        layer = gr.Slider(label="Layer", minimum=0, maximum=1, step=1, value=0)
        part = gr.Radio(label="Matrix", choices=["down"], value="down", elem_classes="pills")
        path = gr.Dropdown(label="Module", choices=[], visible=False, allow_custom_value=True)
        head = gr.Slider(label="Head", minimum=0, maximum=1, step=1, value=0, visible=False)
        with gr.Row(elem_classes="indices"):
            row, row_stop, column, column_stop = (
                gr.Number(label=label, precision=0, value=0, min_width=90)
                for label in ("Row", "Row stop", "Column", "Column stop")
            )
        target = gr.HTML(apply_default_css=False)
    names = ("level", "layer", "part", "path", "head", "row", "row_stop", "column", "column_stop", "target")
    return dict(zip(names, (level, layer, part, path, head, row, row_stop, column, column_stop, target), strict=True))


def _build_operation() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>2</b> Set its value</h2>", apply_default_css=False)
        slider = ValueSlider(elem_classes="value-slider")
        with gr.Row(elem_classes="buttons"):
            minimum = gr.Button("Min", size="sm", min_width=60)
            zero = gr.Button("Zero", size="sm", min_width=60)
            maximum = gr.Button("Max", size="sm", min_width=60)
            reset = gr.Button("Reset", size="sm", min_width=60, elem_classes="quiet")
        with gr.Row(elem_classes="numbers"):
            value = gr.Number(label="Value, then Enter", min_width=120)
            factor = gr.Number(label="Factor", value=2, min_width=80)
            scale = gr.Button("× factor", size="sm", min_width=80)
    return {
        "slider": slider,
        "minimum": minimum,
        "zero": zero,
        "maximum": maximum,
        "reset": reset,
        "value": value,
        "factor": factor,
        "scale": scale,
    }


def _build_genotype() -> dict[str, Any]:
    with gr.Group(elem_classes="card"):
        gr.HTML("<h2><b>3</b> All mutations</h2>", apply_default_css=False)
        chips = Chips()
        stack = gr.Button("Keep this one and add another", size="sm", elem_classes="quiet")
        notation = gr.Textbox(
            label="Notation (edit it and press Enter)",
            placeholder="14.down[3,5]=0; 7.head3*0",
            elem_classes="mono",
            max_lines=3,
        )
    return {"chips": chips, "stack": stack, "notation": notation}


def _build_prompt(experiments: tuple[Experiment, ...]) -> dict[str, Any]:
    choices = [(experiment.title, experiment.name) for experiment in experiments]
    with gr.Group(elem_classes="card prompt-card"):
        with gr.Row(elem_classes="prompt-row"):
            prompt = gr.Textbox(
                label="Prompt", value=OPENING_PROMPT, lines=2, max_lines=6, scale=5, elem_classes="prompt"
            )
            with gr.Column(scale=2, min_width=170):
                experiment = gr.Dropdown(label="Examples", choices=choices, value=None)
                mode = gr.Radio(show_label=False, choices=[CHAT, RAW], value=CHAT, elem_classes="pills")
        with gr.Row(elem_classes="buttons"):
            run = gr.Button("Run", variant="primary", size="md", min_width=90)
            stop = gr.Button("Stop", size="md", min_width=90)
        with gr.Accordion("Decoding", open=False, elem_classes="decoding"), gr.Row():
            max_new_tokens = gr.Slider(label="Max new tokens", minimum=1, maximum=512, step=1, value=48)
            temperature = gr.Slider(label="Temperature (0: greedy)", minimum=0, maximum=2, step=0.05, value=0)
            top_p = gr.Slider(label="Top-p", minimum=0.01, maximum=1, step=0.01, value=1)
            seed = gr.Number(label="Seed", precision=0, value=0, minimum=0)
    return {
        "prompt": prompt,
        "experiment": experiment,
        "mode": mode,
        "run": run,
        "stop": stop,
        "max_new_tokens": max_new_tokens,
        "temperature": temperature,
        "top_p": top_p,
        "seed": seed,
    }


def _build_results() -> dict[str, Any]:
    with gr.Group(elem_classes="card results-card"):
        notice = gr.HTML(apply_default_css=False)
        change = gr.HTML(change_html("Loading the model …"), apply_default_css=False)
        pair = PairPanel()
        summary = gr.HTML(summary_html(None), apply_default_css=False)
    return {"notice": notice, "change": change, "pair": pair, "summary": summary}


def wire(tab: ExploreTab, workspace: Workspace, runs: Runs) -> None:
    """Connect the tab's events to its handlers."""
    handlers = Handlers(workspace, runs)

    def moves(event: Any, handler: Any, inputs: list[Any], trigger_mode: str = "multiple") -> None:
        """An event that changes the exploration: draw the controls at once, then run."""
        event(
            handler,
            [tab.exploration, *inputs],
            [tab.exploration, tab.ticket, *tab.drawn],
            queue=False,
            show_progress="hidden",
            trigger_mode=trigger_mode,
            api_visibility="private",
        ).then(**run_arguments(tab, handlers))

    for selector in tab.selectors:
        event = selector.release if isinstance(selector, gr.Slider) else selector.input
        moves(event, handlers.select, tab.selectors, "always_last")
    moves(tab.slider.release, handlers.slide, [])
    moves(tab.value.submit, handlers.set_value, [tab.value])
    moves(tab.scale.click, handlers.scale, [tab.factor])
    moves(tab.maximum.click, handlers.set_maximum, [])
    moves(tab.minimum.click, handlers.set_minimum, [])
    moves(tab.zero.click, handlers.set_zero, [])
    moves(tab.reset.click, handlers.reset, [])
    moves(tab.stack.click, handlers.stack, [])
    moves(tab.chips.remove, handlers.remove, [])
    moves(tab.notation.submit, handlers.read_notation, [tab.notation])
    for event in (tab.run.click, tab.prompt.submit, tab.mode.input):
        event(handlers.begin, None, tab.ticket, queue=False, api_visibility="private").then(
            **run_arguments(tab, handlers)
        )
    tab.experiment.input(
        handlers.choose_experiment,
        tab.experiment,
        [*tab.asked, tab.ticket],
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    ).then(**run_arguments(tab, handlers))
    tab.stop.click(handlers.stop, None, None, queue=False, api_visibility="private")


def run_arguments(tab: ExploreTab, handlers: Handlers) -> dict[str, Any]:
    """What every event that runs the pair has in common."""
    return {
        "fn": handlers.run,
        "inputs": [tab.ticket, tab.exploration, *tab.asked],
        "outputs": [tab.notice, tab.change, tab.pair, tab.summary],
        "concurrency_id": "model",
        "concurrency_limit": 1,
        "show_progress": "hidden",
        "api_visibility": "private",
    }


class Handlers:
    """The tab's behaviour: functions from values to values, given a workspace and the visitors' runs."""

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs
        self._experiments = {experiment.name: experiment for experiment in workspace.experiments()}

    # ------------------------------------------------------------------------------ the exploration moves

    def select(self, request: gr.Request, exploration: Exploration, *values: Any) -> list[Any]:
        """A selector was changed."""
        model = self._model(exploration)
        selection = read_selection(exploration.selection, values, has_paths=model.anatomy.family is None)
        return self._move(exploration.pointed_at(selection, model.anatomy), request, exploration.operation is not None)

    def slide(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """The slider was let go."""
        return self._operate(exploration, Operation(kind="set", value=float(event.value)), request)

    def set_value(self, exploration: Exploration, value: float | None, request: gr.Request) -> list[Any]:
        """A value was typed."""
        return self._set_number(exploration, "set", value, request)

    def scale(self, exploration: Exploration, factor: float | None, request: gr.Request) -> list[Any]:
        """The button × was pressed."""
        return self._set_number(exploration, "scale", factor, request)

    def set_maximum(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """The button Max was pressed."""
        return self._operate(exploration, MAXIMUM, request)

    def set_minimum(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """The button Min was pressed."""
        return self._operate(exploration, MINIMUM, request)

    def set_zero(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """The button Zero was pressed."""
        return self._operate(exploration, ZERO, request)

    def reset(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """Back to the original model."""
        return self._move(exploration.reset(), request)

    def stack(self, exploration: Exploration, request: gr.Request) -> list[Any]:
        """Keep the present mutation and free the controls for another."""
        stacked = exploration.stacked_up(self._model(exploration).anatomy)
        return self._move(stacked, request, runs=False)

    def remove(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """The cross of a chip was pressed."""
        return self._move(exploration.without(int(event.index), self._model(exploration).anatomy), request)

    def read_notation(self, exploration: Exploration, text: str, request: gr.Request) -> list[Any]:
        """The notation was edited."""
        anatomy = self._model(exploration).anatomy
        try:
            genotype = anatomy.read(text)
        except ExplorerError as fault:
            return self._refuse(exploration, str(fault))
        return self._move(exploration.with_genotype(genotype, anatomy), request)

    # ----------------------------------------------------------------------------------------------- runs

    def begin(self, request: gr.Request) -> int:
        """A ticket for a run; older runs of the visitor stop."""
        return self._runs.begin(_visitor(request))

    def stop(self, request: gr.Request) -> None:
        """Stop the visitor's run."""
        self._runs.stop(_visitor(request))

    def choose_experiment(self, name: str, request: gr.Request) -> list[Any]:
        """Fill in prompt and decoding."""
        experiment = self._experiments[name]
        decoding = experiment.decoding
        mode = CHAT if experiment.prompt.chat else RAW
        return [
            experiment.prompt.text,
            mode,
            decoding.max_new_tokens,
            decoding.temperature,
            decoding.top_p,
            decoding.seed,
            self.begin(request),
        ]

    def run(self, request: gr.Request, ticket: int, exploration: Exploration, *asked: Any) -> Iterator[list[Any]]:
        """Stream the pair: notice, line on the change, texts, measures."""
        visitor = _visitor(request)
        if self._runs.is_over(visitor, ticket):
            yield [gr.skip()] * 4
            return
        try:
            for update, change in self._updates(visitor, ticket, exploration, _Question(*asked)):
                yield ["", change, gr.update(**show_pair(update, ticket)), summary_html(update)]
        except ExplorerError as fault:
            yield [notice_html(str(fault)), gr.skip(), gr.skip(), gr.skip()]

    def _updates(
        self, visitor: str, ticket: int, exploration: Exploration, question: _Question
    ) -> Iterator[tuple[PairUpdate, str]]:
        """The updates of a run that are worth sending, with the line on the change."""
        model = self._model(exploration)
        genotype = exploration.genotype(model.anatomy)
        prompt = Prompt(text=question.prompt or "", chat=question.mode == CHAT)
        change = change_html(self._workspace.describe(model, genotype))
        pair = self._workspace.pair(
            model, prompt, question.decoding(), genotype, lambda: self._runs.is_over(visitor, ticket)
        )
        sent = 0.0
        for update in pair:
            last = update
            if update.measures is None and time.perf_counter() - sent < UPDATE_SECONDS:
                continue
            sent = time.perf_counter()
            yield update, change
        if last.measures is None and not self._runs.is_overtaken(visitor, ticket):
            yield last, change

    # --------------------------------------------------------------------------------------------- shared

    def draw(self, exploration: Exploration, notice: str = "") -> list[Any]:
        """Updates of `ExploreTab.drawn`."""
        model = self._model(exploration)
        site = site_of(exploration.selection, model.anatomy)
        return draw(controls_for(exploration, model.anatomy, self._workspace.facts(model, site)), notice)

    def _model(self, exploration: Exploration) -> LoadedModel:
        return self._workspace.model(exploration.source)

    def _set_number(self, exploration: Exploration, kind: Any, value: float | None, request: gr.Request) -> list[Any]:
        if value is None:
            return self._refuse(exploration, "Type a number first, such as 0, −3.2 or 1e-4.")
        try:
            return self._operate(exploration, Operation(kind=kind, value=float(value)), request)
        except ValueError:
            return self._refuse(exploration, f"{value} is refused: a weight needs a finite number.")

    def _operate(self, exploration: Exploration, operation: Operation, request: gr.Request) -> list[Any]:
        return self._move(replace(exploration, operation=operation), request)

    def _move(self, exploration: Exploration, request: gr.Request, runs: bool = True) -> list[Any]:
        ticket = self.begin(request) if runs else 0
        return [exploration, ticket, *self.draw(exploration)]

    def _refuse(self, exploration: Exploration, message: str) -> list[Any]:
        """Leave all as it is and say why; the controls, too, so that no typed text is lost."""
        skipped = [gr.skip()] * (DRAWN_COUNT - 1)
        return [exploration, 0, *skipped, notice_html(message)]


@dataclass(frozen=True, slots=True)
class _Question:
    """Prompt and decoding as the page holds them."""

    prompt: str | None
    mode: str
    max_new_tokens: float
    temperature: float
    top_p: float
    seed: float | None

    def decoding(self) -> Decoding:
        """Raises DecodingError."""
        return Decoding(
            max_new_tokens=int(self.max_new_tokens),
            temperature=float(self.temperature),
            top_p=float(self.top_p),
            seed=int(self.seed or 0),
        )


def read_selection(before: Selection, values: tuple[Any, ...], *, has_paths: bool) -> Selection:
    """The selection that the selectors hold; an emptied number box keeps what it had."""
    level, layer, part, path, *numbers = values
    names = ("head", "row", "row_stop", "column", "column_stop")
    held = {
        name: getattr(before, name) if number is None else int(number)
        for name, number in zip(names, numbers, strict=True)
    }
    chosen = (path if has_paths else part) or before.part
    if before.level == "head" and level != "head" and chosen == "head":
        chosen = "q"  # elsewhere, "head" would be the language-model head
    return Selection(level=level, layer=int(layer), part=chosen, **held)


def draw(controls: Controls, notice: str = "") -> list[Any]:
    """Updates of `ExploreTab.drawn`, in its order."""
    facts = controls.facts
    shown = facts.present if controls.slider_value is None else controls.slider_value
    return [
        gr.update(choices=list(controls.levels), value=controls.level),
        gr.update(maximum=max(1, controls.layer_count - 1), value=controls.layer, visible=controls.layer_count > 1),
        gr.update(
            choices=[] if controls.parts_are_paths else list(controls.parts),
            value=None if controls.parts_are_paths else controls.part,
            visible=not controls.parts_are_paths,
        ),
        gr.update(
            choices=list(controls.parts) if controls.parts_are_paths else [],
            value=controls.part if controls.parts_are_paths else None,
            visible=controls.parts_are_paths,
        ),
        gr.update(
            label=controls.head_label,
            maximum=max(1, controls.head_count - 1),
            value=controls.head,
            visible=controls.head_count > 1,
        ),
        *(_draw_box(box) for box in (controls.row, controls.row_stop, controls.column, controls.column_stop)),
        target_html(controls),
        gr.update(
            value=controls.slider_value,
            minimum=facts.minimum,
            maximum=facts.maximum,
            present=facts.present,
            present_label="now" if facts.weights == 1 else "mean",
        ),
        float(f"{shown:.6g}"),
        gr.update(value=controls.genotype, has_current=controls.has_current),
        gr.update(interactive=controls.has_current),
        controls.genotype,
        notice_html(notice),
    ]


def _draw_box(box: IndexBox) -> Any:
    return gr.update(value=box.value, label=box.label, visible=box.is_visible)


def _visitor(request: gr.Request) -> str:
    return request.session_hash or ""
