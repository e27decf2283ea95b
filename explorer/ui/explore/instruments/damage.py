"""The instrument Damage: what operations on each matrix cost, and how many bits each should keep within a budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.damage import DamageTable
from explorer.domain.errors import ExplorerError, StatisticsError
from explorer.domain.screened import read_operations
from explorer.figures.damage import damage_figure
from explorer.figures.encoding import figure_json
from explorer.reports.damage import advice_report
from explorer.statistics.advice import ROUNDINGS, roundings_of
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.events import LATEST, ON_MODEL
from explorer.ui.explore.edge import check_source, edge
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.words import advice_html, damage_caption_html
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.wiring import connect_move
from explorer.ui.numbers import Number
from explorer.ui.words import notice_html

USUAL = "round4, round3, prune50"

_HINT = (
    '<p class="caption">What does it cost to round, prune or cut down each matrix by itself? Measured over fixed '
    "texts; the demo model takes about half a minute for each operation. With several roundings, advice: which "
    "matrices should keep more bits.</p>"
)
CLEARED: list[Any] = [_HINT, "", "", None]


@dataclass(frozen=True, slots=True)
class DamageParts:
    """The components."""

    operations: gr.Textbox
    measure: gr.Button
    bits: gr.Number
    advise: gr.Button
    caption: gr.HTML
    map: FigurePanel
    advice: gr.HTML
    table: gr.State
    """The table as it was measured last: with the model's name, as the page knows it; None."""

    @property
    def results(self) -> list[Any]:
        """What was measured of one model."""
        return [self.caption, self.map, self.advice, self.table]


def build() -> DamageParts:
    """Lay the instrument out."""
    with gr.Row(elem_classes="find-row"):
        operations = gr.Textbox(
            label="Done to each matrix", value=USUAL, max_lines=1, elem_classes="mono", min_width=240, scale=3
        )
        measure = gr.Button("Measure what it costs", size="sm", min_width=160, scale=1)
        bits = Number(label="Bits a weight, on average", value=4.0, minimum=1, maximum=8, min_width=130, scale=1)
        advise = gr.Button("Advise", size="sm", min_width=90, scale=1)
    caption = gr.HTML(_HINT, apply_default_css=False)
    advice = gr.HTML(apply_default_css=False)
    return DamageParts(
        operations=operations,
        measure=measure,
        bits=bits,
        advise=advise,
        caption=caption,
        map=FigurePanel(elem_classes="damage-map"),
        advice=advice,
        table=gr.State(None),
    )


def wire(damage: DamageParts, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the instrument's events."""
    own = DamageHandlers(handlers)
    measured = [damage.map, damage.caption, damage.table, tab.notice]
    for event in (damage.measure.click, damage.operations.submit):
        event(own.measure, [tab.exploration, damage.operations], measured, **ON_MODEL | LATEST)
    damage.advise.click(
        own.advise,
        [tab.exploration, damage.table, damage.bits],
        [damage.advice, *measured],
        **ON_MODEL | LATEST,
    )
    connect_move(tab, handlers, damage.map.mark_click, own.choose, [])


class DamageHandlers:
    """The instrument's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace

    def measure(self, exploration: Exploration, operations: str) -> Iterator[list[Any]]:
        """The map as it grows, its caption, the table, and the notice."""
        yield [gr.skip(), damage_caption_html(None, 0), gr.skip(), ""]
        try:
            names = read_operations(operations)
            if not names:
                raise StatisticsError("Name what is done to each matrix, such as round4, prune50.")
            model, table = self._handlers.model(exploration), None
            for total, table in self._workspace.damages.table(model, names):
                drawn = figure_json(damage_figure(table, meta={"model": exploration.source}))
                yield [drawn, damage_caption_html(table, total), gr.skip(), ""]
        except ExplorerError as fault:
            yield [gr.skip(), _HINT, gr.skip(), notice_html(str(fault))]
            return
        yield [gr.skip(), gr.skip(), (exploration.source, table), ""]

    def advise(
        self, exploration: Exploration, held: tuple[str, DamageTable] | None, bits: float | None
    ) -> Iterator[list[Any]]:
        """The advice, then what `measure` has: roundings are measured first where there are none."""
        table = held[1] if held is not None and held[0] == exploration.source else None
        if table is None or len(roundings_of(table)) < 2:  # noqa: PLR2004
            for drawn, caption, kept, notice in self.measure(exploration, ", ".join(ROUNDINGS)):
                yield [gr.skip(), drawn, caption, kept, notice]
                if isinstance(kept, tuple):
                    table = kept[1]
            if table is None:
                return
        rest = [gr.skip(), gr.skip(), gr.skip()]
        yield ['<p class="caption busy">Running the whole on texts that were not looked at …</p>', *rest, ""]
        try:
            model = self._handlers.model(exploration)
            found = self._workspace.damages.compare(model, table, float(bits or 0))
        except ExplorerError as fault:
            yield ["", *rest, notice_html(str(fault))]
            return
        yield [advice_html(advice_report(found)), *rest, ""]

    @edge
    def choose(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A cell was clicked: its mutation is set."""
        check_source(event, exploration)
        return self._handlers.choose(exploration, str(event.customdata), request)
