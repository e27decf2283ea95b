"""The instrument Donors: another checkpoint beside this model, matrix by matrix; a click grafts what differs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError, ModelError
from explorer.domain.genotype import Operation
from explorer.domain.operation_notation import format_operation
from explorer.domain.weights import Difference
from explorer.figures.encoding import figure_json
from explorer.figures.heatmaps import overview_figure
from explorer.model.anatomy import kind_of
from explorer.reports.exchange import grafts_of
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.events import LATEST, ON_MODEL
from explorer.ui.explore.edge import check_source, edge
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.words import difference_caption_html
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_move
from explorer.ui.words import notice_html

GRAFTED = 5
"""The most different matrices that one genotype grafts."""

_HINT = (
    '<p class="caption">Another checkpoint of the same shapes beside this model, such as a base model beside its '
    "instruct version: which matrices differ, and by how much? Nothing of it is run.</p>"
)
CLEARED: list[Any] = [_HINT, "", ""]


@dataclass(frozen=True, slots=True)
class Donors:
    """The components."""

    donor: gr.Dropdown
    compare: gr.Button
    graft: gr.Button
    caption: gr.HTML
    map: FigurePanel
    genotype: gr.State
    """That grafts the most different matrices; ""."""

    @property
    def results(self) -> list[Any]:
        """What was measured of one model."""
        return [self.caption, self.map, self.genotype]


def build() -> Donors:
    """Lay the instrument out."""
    with gr.Row(elem_classes="find-row"):
        donor = gr.Dropdown(
            label="Checkpoint to compare with", choices=[],
            value=None, allow_custom_value=True, scale=3, min_width=240,
        )  # fmt: skip
        compare = gr.Button("Compare the weights", size="sm", min_width=150, scale=1)
        graft = gr.Button(f"Graft the {GRAFTED} most different", size="sm", min_width=170, scale=1)
    caption = gr.HTML(_HINT, apply_default_css=False)
    strip = FigurePanel(elem_classes="strip")
    return Donors(donor=donor, compare=compare, graft=graft, caption=caption, map=strip, genotype=gr.State(""))


def wire(donors: Donors, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the instrument's events."""
    own = DonorsHandlers(handlers)
    donors.compare.click(
        own.compare,
        [tab.exploration, donors.donor],
        [donors.map, donors.caption, donors.genotype, tab.notice],
        **ON_MODEL | LATEST,
    )
    donors.donor.focus(own.offer, None, donors.donor, **ON_MODEL)
    connect_move(tab, handlers, donors.graft.click, own.graft, [donors.genotype])
    connect_move(tab, handlers, donors.map.mark_click, own.choose, [])


class DonorsHandlers:
    """The instrument's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace

    def offer(self) -> Any:
        """The list is opened: what is on this machine now."""
        return gr.update(choices=self._workspace.donors("model"))

    def compare(self, exploration: Exploration, donor: str | None) -> Iterator[list[Any]]:
        """The map, its caption, the genotype of the grafts, and the notice."""
        yield [gr.skip(), difference_caption_html(None, ""), gr.skip(), ""]
        found: list[Difference] = []
        try:
            name = (donor or "").strip()
            if not name:
                raise ModelError("Name a checkpoint to compare with: a folder, or one that is in the local cache.")
            model = self._handlers.model(exploration)
            for some in self._workspace.weights.differences(model, name):
                found += some
            by_name = {each.matrix: each.relative for each in found}
            overview = model.anatomy.overview(lambda matrix: 100 * _known(by_name[matrix.name]))
            if not any(each.relative is not None for each in found):
                raise ModelError(found[0].reason if found else f"{name} has nothing in common with this model.")
            figure = overview_figure(overview, None, meaning="change in %:")
            meta = {"model": exploration.source, "donor": name, "matrices": _by_cell(found)}
            figure.update_layout(meta=meta)
        except ExplorerError as fault:
            yield [gr.skip(), _HINT, gr.skip(), notice_html(str(fault))]
            return
        yield [figure_json(figure), difference_caption_html(found, name), grafts_of(found, name, GRAFTED), ""]

    @edge
    def graft(self, exploration: Exploration, genotype: str, request: gr.Request) -> list[Any]:
        """The most different matrices are grafted."""
        if not genotype:
            raise ModelError("Compare the weights first: nothing is known to differ yet.")
        return self._handlers.choose(exploration, genotype, request)

    @edge
    def choose(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A matrix was clicked: it alone is grafted."""
        check_source(event, exploration)
        graft = format_operation(Operation(kind="from", value=1.0, donor=str(event.meta["donor"])))
        matrix = event.meta["matrices"].get(f"{int(event.x)}.{event.y}")
        if matrix is None:
            raise ModelError(f"{event.meta['donor']} has no counterpart of that matrix: click another.")
        return self._handlers.choose(exploration, f"{matrix}{graft}", request)


def _known(relative: float | None) -> float:
    return math.nan if relative is None else relative


def _by_cell(found: Sequence[Difference]) -> dict[str, str]:
    """By layer and kind the matrix that a cell stands for: of experts the most different."""
    cells: dict[str, Difference] = {}
    for each in found:
        cell = f"{each.layer}.{kind_of(each.kind)}"
        if each.relative is not None and (cell not in cells or each.relative > _known(cells[cell].relative)):
            cells[cell] = each
    return {cell: each.matrix for cell, each in cells.items()}
