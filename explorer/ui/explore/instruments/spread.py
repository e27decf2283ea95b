"""The instrument Spread: the hidden states that a mutation changes, and what each layer would say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.domain.notation import format_genotype
from explorer.figures.encoding import figure_json
from explorer.figures.propagation import propagation_figure
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.events import LATEST, ON_MODEL
from explorer.ui.explore.edge import check_source
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import Question
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.words import lens_html, spread_caption_html
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.words import notice_html

_HINT = (
    '<p class="caption">What do the mutations above change inside the model? Layer by layer and token by token, over '
    "the prompt and the original’s answer; then click a token to see what both models would say after each layer.</p>"
)
CLEARED: list[Any] = [_HINT, "", ""]


@dataclass(frozen=True, slots=True)
class Spread:
    """The components."""

    show: gr.Button
    caption: gr.HTML
    map: FigurePanel
    lens: gr.HTML

    @property
    def results(self) -> list[Any]:
        """What was measured of one model."""
        return [self.caption, self.map, self.lens]


def build() -> Spread:
    """Lay the instrument out."""
    with gr.Row():
        show = gr.Button("Show how it spreads", size="sm", min_width=220, scale=0)
    caption = gr.HTML(_HINT, apply_default_css=False)
    with gr.Row(elem_classes="spread-row"):
        with gr.Column(scale=3, min_width=320):
            spread = FigurePanel(elem_classes="spread-map")
        with gr.Column(scale=2, min_width=300):
            lens = gr.HTML(apply_default_css=False)
    return Spread(show=show, caption=caption, map=spread, lens=lens)


def wire(spread: Spread, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the instrument's events."""
    own = SpreadHandlers(handlers)
    asked = [tab.exploration, *tab.asked]
    spread.show.click(own.show, asked, [spread.map, spread.caption, spread.lens, tab.notice], **ON_MODEL | LATEST)
    spread.map.mark_click(own.read_token, [tab.exploration], [spread.lens, tab.notice], **ON_MODEL)


class SpreadHandlers:
    """The instrument's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace

    def show(self, exploration: Exploration, *asked: Any) -> list[Any]:
        """The map of relative changes, its caption, and the lens at the end of the prompt."""
        try:
            model, question = self._handlers.model(exploration), Question(*asked)
            genotype = exploration.genotype(model.anatomy)
            prompt, decoding = question.asked(), question.decoding()
            spread = self._workspace.instruments.propagate(model, prompt, decoding, genotype)
            lens = self._workspace.instruments.read_layers(model, prompt, decoding, genotype, spread.prompt_length - 1)
        except ExplorerError as fault:
            return [gr.skip(), gr.skip(), gr.skip(), notice_html(str(fault))]

        meta = {"model": exploration.source, "genotype": format_genotype(genotype), "asked": asked}
        figure = propagation_figure(spread).update_layout(meta=meta)
        return [figure_json(figure), spread_caption_html(spread), lens_html(lens), ""]

    def read_token(self, exploration: Exploration, event: gr.EventData) -> list[Any]:
        """A token was clicked: the lens there, for what the map is about."""
        try:
            check_source(event, exploration)
            model, question = self._handlers.model(exploration), Question(*event.meta["asked"])
            genotype = model.anatomy.read(event.meta["genotype"])
            prompt, decoding = question.asked(), question.decoding()
            lens = self._workspace.instruments.read_layers(model, prompt, decoding, genotype, int(event.x))
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        return [lens_html(lens), ""]
