"""The instrument Search: the sensitivity map of the whole model, and the mutations that matter most."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.effects import FEW, Finding, SensitivityMap
from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import BLOCK_SIDE, NAMED_OPERATIONS, Genotype, Mutation, SensitiveLevel
from explorer.domain.notation import format_genotype
from explorer.domain.weights import Grid
from explorer.figures.encoding import figure_json
from explorer.figures.heatmaps import grid_figure, overview_figure
from explorer.model.anatomy import Matrix, block_site, kind_of
from explorer.reports.instruments import findings_report, matched_report
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.findings import Findings
from explorer.ui.events import LATEST, ON_MODEL
from explorer.ui.explore.edge import check_source, edge
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import Question
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.words import findings_caption_html, matched_html, sensitivity_caption_html
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_move
from explorer.ui.words import notice_html

COUNT = 8
"""How many mutations that matter are shown."""

_HINT = (
    '<p class="caption">Which of all weights matter for this prompt? <b>Map the whole model</b> estimates every block '
    "from one backward pass; <b>Find what matters</b> follows up the largest gradients and activation spikes, and "
    "measures each by a forward pass. Both take some seconds.</p>"
)
CLEARED: list[Any] = ["", _HINT, "", "", "", "", ""]


@dataclass(frozen=True, slots=True)
class Search:
    """The components."""

    operation: gr.Radio
    level: gr.Radio
    map: gr.Button
    find: gr.Button
    special: gr.Button
    specialty: gr.HTML
    findings_caption: gr.HTML
    findings: Findings
    shown: gr.State
    """The name of the matrix whose map is open."""
    caption: gr.HTML
    overview: FigurePanel
    blocks: FigurePanel

    @property
    def results(self) -> list[Any]:
        """What was measured of one model."""
        return [
            self.specialty,
            self.findings_caption,
            self.findings,
            self.shown,
            self.caption,
            self.overview,
            self.blocks,
        ]


def build() -> Search:
    """Lay the instrument out."""
    operations = [("Zero", "zero"), ("Max", "max"), ("Min", "min")]
    levels = [("Weight", "weight"), ("Row", "row"), ("Column", "column"), ("Block", "block")]
    with gr.Row(elem_classes="find-row"):
        operation = gr.Radio(label="Set to", choices=operations, value="zero", elem_classes="pills", min_width=160)
        map_all = gr.Button("Map the whole model", size="sm", min_width=150)
        level = gr.Radio(label="One", choices=levels, value="weight", elem_classes="pills", min_width=220)
        find = gr.Button("Find what matters", size="sm", min_width=150)
    with gr.Row(elem_classes="find-row"):
        special = gr.Button("How special is my mutation?", size="sm", min_width=190, scale=0)
    specialty = gr.HTML(apply_default_css=False)
    findings_caption = gr.HTML(_HINT, apply_default_css=False)
    return Search(
        operation=operation,
        level=level,
        map=map_all,
        find=find,
        special=special,
        specialty=specialty,
        findings_caption=findings_caption,
        findings=Findings(),
        shown=gr.State(""),
        caption=gr.HTML(apply_default_css=False),
        overview=FigurePanel(elem_classes="strip"),
        blocks=FigurePanel(elem_classes="matrix-map"),
    )


def wire(look: Search, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the instrument's events."""
    own = SearchHandlers(handlers)
    asked = [tab.exploration, look.operation]
    mapped = [look.shown, look.caption, look.overview, look.blocks, tab.notice]
    look.find.click(
        own.find,
        [*asked, look.level, *tab.asked],
        [look.findings, look.findings_caption, tab.notice],
        **ON_MODEL | LATEST,
    )
    look.special.click(own.special, [tab.exploration, *tab.asked], [look.specialty, tab.notice], **ON_MODEL | LATEST)
    look.map.click(own.map, [*asked, look.shown, *tab.asked], mapped, **ON_MODEL | LATEST)
    look.operation.input(own.redraw, [*asked, look.shown, look.caption, *tab.asked], mapped, **ON_MODEL | LATEST)
    look.overview.mark_click(own.open_matrix, [*asked, *tab.asked], mapped, **ON_MODEL)
    connect_move(tab, handlers, look.findings.choose, own.choose_finding, [])
    connect_move(tab, handlers, look.blocks.mark_click, own.choose_block, [])


class SearchHandlers:
    """The instrument's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace

    def find(self, exploration: Exploration, operation: str, level: SensitiveLevel, *asked: Any) -> Iterator[list[Any]]:
        """The mutations that matter, their caption, and the notice; first that it is being worked on."""
        yield ["", findings_caption_html(None), ""]
        try:
            model = self._handlers.model(exploration)
            question = Question(*asked)
            findings = self._workspace.instruments.find_sensitive(
                model, question.asked(), question.decoding(), NAMED_OPERATIONS[operation], level, COUNT
            )
        except ExplorerError as fault:
            yield ["", _HINT, notice_html(str(fault))]
            return
        yield [self._listed(findings), findings_caption_html(findings), ""]
        try:
            told = self._workspace.instruments.with_controls(
                model, question.asked(), question.decoding(), findings, FEW
            )
        except ExplorerError as fault:
            yield [gr.skip(), gr.skip(), notice_html(str(fault))]
            return
        yield [self._listed(told), findings_caption_html(told), ""]

    def special(self, exploration: Exploration, *asked: Any) -> Iterator[list[Any]]:
        """How special the genotype is that is set, and the notice; first that it is being worked on."""
        yield [matched_html(None), ""]
        try:
            model, question = self._handlers.model(exploration), Question(*asked)
            genotype = exploration.genotype(model.anatomy)
            found = self._workspace.instruments.matched(model, question.asked(), question.decoding(), genotype)
        except ExplorerError as fault:
            yield ["", notice_html(str(fault))]
            return
        yield [matched_html(matched_report(genotype, found)), ""]

    @staticmethod
    def _listed(findings: Sequence[Finding]) -> str:
        return json.dumps(findings_report(findings)["findings"])

    @edge
    def choose_finding(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """One of the mutations that matter was clicked: it alone is set."""
        return self._handlers.choose(exploration, str(event.genotype), request)

    def map(self, exploration: Exploration, operation: str, shown: str, *asked: Any) -> Iterator[list[Any]]:
        """The overview and the map of its most sensitive matrix; then how far the estimates agree."""
        yield [gr.skip(), sensitivity_caption_html("", None, is_working=True), gr.skip(), gr.skip(), ""]
        try:
            question = Question(*asked)
            model = self._handlers.model(exploration)
            estimated = self._workspace.instruments.sensitivity_map(model, question.asked(), question.decoding())
            name = shown if (shown, operation) in estimated.estimates else estimated.strongest(operation, shown)
            drawn = self._draw(exploration, estimated, operation, name)
            yield [name, sensitivity_caption_html(name, None), *drawn, ""]
            agreement = self._workspace.instruments.agreement(model, question.asked(), question.decoding(), operation)
            yield [gr.skip(), sensitivity_caption_html(name, agreement), gr.skip(), gr.skip(), ""]
        except ExplorerError as fault:
            yield [gr.skip(), "", gr.skip(), gr.skip(), notice_html(str(fault))]

    def redraw(
        self, exploration: Exploration, operation: str, shown: str, caption: str, *asked: Any
    ) -> Iterator[list[Any]]:
        """Another operation: the map again, if there is one."""
        if shown:
            yield from self.map(exploration, operation, shown, *asked)
        else:
            yield ["", caption, gr.skip(), gr.skip(), gr.skip()]

    def open_matrix(
        self, exploration: Exploration, operation: str, event: gr.EventData, *asked: Any
    ) -> Iterator[list[Any]]:
        """A matrix of the overview was clicked: its map."""
        yield from self.map(exploration, operation, f"{int(event.x)}.{event.y}", *asked)

    @edge
    def choose_block(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A block was clicked: it is set to what the map is about."""

        check_source(event, exploration)
        down, across = (int(place) // BLOCK_SIDE for place in (event.y, event.x))
        site = block_site(self._handlers.model(exploration).anatomy.matrices[event.meta["matrix"]], down, across)
        genotype = Genotype((Mutation(site, NAMED_OPERATIONS[event.meta["operation"]]),))
        return self._handlers.choose(exploration, format_genotype(genotype), request)

    def _draw(self, exploration: Exploration, estimated: SensitivityMap, operation: str, name: str) -> list[str]:

        anatomy = self._handlers.model(exploration).anatomy
        matrix: Matrix = anatomy.matrices[name]
        overview = anatomy.overview(lambda other: float(abs(estimated.estimates[other.name, operation]).max()))
        assert matrix.layer is not None
        place = (kind_of(matrix.kind), matrix.layer)
        across = overview_figure(overview, place, meaning="largest estimate of a block, nats")
        grid = Grid(
            values=estimated.estimates[name, operation],
            rows=range(matrix.rows),
            columns=range(matrix.columns),
            cell_rows=estimated.side,
            cell_columns=estimated.side,
        )
        meta = {"model": exploration.source, "operation": operation}
        blocks = grid_figure(grid, name, None, unit=" nats a token", meta=meta)
        return [figure_json(across), figure_json(blocks)]
