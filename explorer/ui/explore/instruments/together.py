"""The instrument Together: mutations one by one and stacked, and the interaction of every pair (epistasis)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.effects import MOST_PAIRED
from explorer.domain.errors import ExplorerError
from explorer.figures.encoding import figure_json
from explorer.figures.epistasis import epistasis_figure, pair_figure
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.events import LATEST, ON_MODEL
from explorer.ui.explore.edge import edge, refusal
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import Question
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.words import epistasis_caption_html
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_move
from explorer.ui.words import notice_html

_HINT = (
    '<p class="caption">Do mutations do together what they do apart? With two or more set, or listed here, each alone, '
    "their sum and all together are measured in one batch; with three or more, also every pair.</p>"
)
CLEARED: list[Any] = [_HINT, "", ""]


@dataclass(frozen=True, slots=True)
class Together:
    """The components."""

    list: gr.Textbox
    compare: gr.Button
    caption: gr.HTML
    bars: FigurePanel
    pairs: FigurePanel

    @property
    def results(self) -> Sequence[Any]:
        """What was measured of one model."""
        return [self.caption, self.bars, self.pairs]


def build() -> Together:
    """Lay the instrument out."""
    with gr.Row(elem_classes="find-row"):
        listed = gr.Textbox(
            label="Mutations, separated by ;  (empty: those set above)",
            placeholder="9.head4*0; 9.head5*0; 11.down[507,1229]=0",
            elem_classes="mono",
            scale=4,
            max_lines=3,
        )
        compare = gr.Button("Alone and together", size="sm", min_width=150, scale=1)
    caption = gr.HTML(_HINT, apply_default_css=False)
    with gr.Row(elem_classes="together-row"):
        with gr.Column(min_width=320):
            bars = FigurePanel(elem_classes="bars")
        with gr.Column(min_width=320):
            pairs = FigurePanel(elem_classes="pairs")
    return Together(list=listed, compare=compare, caption=caption, bars=bars, pairs=pairs)


def wire(together: Together, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the instrument's events."""
    own = TogetherHandlers(handlers)
    for event in (together.compare.click, together.list.submit):
        event(
            own.compare,
            [tab.exploration, together.list, *tab.asked],
            [together.bars, together.pairs, together.caption, tab.notice],
            **ON_MODEL | LATEST,
        )
    connect_move(tab, handlers, together.bars.mark_click, own.choose, [])
    connect_move(tab, handlers, together.pairs.mark_click, own.choose, [])


class TogetherHandlers:
    """The instrument's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace

    def compare(self, exploration: Exploration, listed: str, *asked: Any) -> list[Any]:
        """Bars, matrix of pairs (of three mutations and more), caption and notice."""
        try:
            model, question = self._handlers.model(exploration), Question(*asked)
            genotype = model.anatomy.read(listed) if listed.strip() else exploration.genotype(model.anatomy)
            prompt, decoding = question.asked(), question.decoding()
            found = self._workspace.instruments.epistasis(model, prompt, decoding, genotype)
            many = 2 < len(genotype.mutations) <= MOST_PAIRED  # noqa: PLR2004
            pairs = self._workspace.instruments.pair_matrix(model, prompt, decoding, found) if many else None
        except ExplorerError as fault:
            return [gr.skip(), gr.skip(), gr.skip(), notice_html(str(fault))]

        matrix = figure_json(pair_figure(pairs)) if pairs else ""
        return [figure_json(epistasis_figure(found)), matrix, epistasis_caption_html(found, has_pairs=many), ""]

    @edge
    def choose(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A bar or a pair was clicked: its mutations are set."""
        if not event.customdata:
            return refusal("The sum is a number, not a mutation: click one of the other bars.")
        return self._handlers.choose(exploration, str(event.customdata), request)
