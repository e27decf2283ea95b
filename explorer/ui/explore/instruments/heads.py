"""The instrument Heads: every attention head knocked out by itself, on the prompt or on questions, as one map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.effects import Knockout, Knockouts, check_heads
from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.figures.encoding import figure_json
from explorer.figures.knockout import knockout_figure
from explorer.model.loaded import LoadedModel
from explorer.tasks.comparison import shortened
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.events import LATEST, ON_MODEL
from explorer.ui.explore.edge import check_source, edge
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import Question
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.words import knockout_caption_html
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_move
from explorer.ui.words import notice_html

PROMPT, QUESTIONS = "prompt", "questions"
ASKED = 10
"""Questions of which a map is made: all heads of the demo model then take some seconds on two cores."""

_HINT = (
    '<p class="caption">Which attention heads does the answer need? Each is taken out by itself, on top of the '
    "mutations that are kept above; the map shows what each one’s absence changes.</p>"
)
CLEARED: list[Any] = [_HINT, ""]


@dataclass(frozen=True, slots=True)
class Heads:
    """The components."""

    what: gr.Radio
    knock_out: gr.Button
    caption: gr.HTML
    map: FigurePanel

    @property
    def results(self) -> list[Any]:
        """What was measured of one model."""
        return [self.caption, self.map]


def build() -> Heads:
    """Lay the instrument out."""
    with gr.Row(elem_classes="find-row"):
        knock_out = gr.Button("Knock out every head", size="sm", min_width=170, scale=0)
        what = gr.Radio(
            label="And see what it does to",
            choices=[("The answer to the prompt", PROMPT), (f"{ASKED} questions", QUESTIONS)],
            value=PROMPT,
            elem_classes="pills",
            min_width=260,
        )
    caption = gr.HTML(_HINT, apply_default_css=False)
    return Heads(what=what, knock_out=knock_out, caption=caption, map=FigurePanel(elem_classes="heads-map"))


def wire(heads: Heads, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the instrument's events."""
    own = HeadsHandlers(handlers)
    heads.knock_out.click(
        own.map, [tab.exploration, heads.what, *tab.asked], [heads.map, heads.caption, tab.notice], **ON_MODEL | LATEST
    )
    connect_move(tab, handlers, heads.map.mark_click, own.choose, [])


class HeadsHandlers:
    """The instrument's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace

    def map(self, exploration: Exploration, what: str, *asked: Any) -> Iterator[list[Any]]:
        """The map as it grows, its caption, and the notice."""
        yield [gr.skip(), knockout_caption_html(None), ""]
        try:
            model, stacked = self._handlers.model(exploration), Genotype(exploration.stacked)
            heads: list[Knockout] = []
            found = Knockouts(heads=())
            meta = {"model": exploration.source, "stacked": format_genotype(stacked)}
            for right, some in self._steps(model, what, stacked, asked):
                heads += some
                found = Knockouts(heads=tuple(heads), questions=ASKED if what == QUESTIONS else 0, right=right)
                yield [figure_json(knockout_figure(found, meta=meta)), knockout_caption_html(found, is_done=False), ""]
            check_heads(found)
        except ExplorerError as fault:
            yield [gr.skip(), _HINT, notice_html(str(fault))]
            return
        yield [gr.skip(), knockout_caption_html(found), ""]

    def _steps(
        self, model: LoadedModel, what: str, stacked: Genotype, asked: tuple[Any, ...]
    ) -> Iterator[tuple[int, list[Knockout]]]:
        """Some heads at a time, with the questions that are answered right with all of them."""
        if what == QUESTIONS:
            questions = shortened(self._workspace.behaviour.question_sets()[0], ASKED)
            yield from self._workspace.behaviour.knock_out(model, questions, stacked)
            return
        question = Question(*asked)
        found = self._workspace.instruments.knock_out(model, question.asked(), question.decoding(), stacked)
        yield from ((0, some) for some in found)

    @edge
    def choose(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A head was clicked: it is knocked out, on top of what was stacked."""
        check_source(event, exploration)
        genotype = "; ".join(filter(None, (event.meta["stacked"], str(event.customdata))))
        return self._handlers.choose(exploration, genotype, request)
