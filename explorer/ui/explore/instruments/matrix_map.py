"""The instrument Map: the chosen matrix as a picture; a click chooses, a drag zooms in to single weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import BLOCK_SIDE, ZERO
from explorer.figures.encoding import figure_json
from explorer.figures.heatmaps import grid_figure, overview_figure
from explorer.model.anatomy import Anatomy, Matrix, Target, kind_of
from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.events import LATEST, QUIETLY
from explorer.ui.explore.edge import check_source, edge
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.words import map_caption_html
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.selection import Selection, head_count, site_of
from explorer.ui.explore.wiring import connect_move
from explorer.ui.words import notice_html

WHOLE = ("", range(0), range(0))
"""No window: all of a matrix is shown."""
CLEARED: list[Any] = ["", "", "", WHOLE]


@dataclass(frozen=True, slots=True)
class MatrixMap:
    """The components."""

    strip: FigurePanel
    caption: gr.HTML
    map: FigurePanel
    window: gr.State
    """What has been zoomed to: the name of the matrix, rows, columns."""

    @property
    def results(self) -> list[Any]:
        """What is seen of one model."""
        return self.drawn

    @property
    def drawn(self) -> list[Any]:
        """What `MatrixMapHandlers.draw` updates, the strip first."""
        return [self.strip, self.caption, self.map, self.window]


def build() -> MatrixMap:
    """Lay the instrument out."""
    strip = FigurePanel(elem_classes="strip")
    caption = gr.HTML(apply_default_css=False)
    return MatrixMap(strip=strip, caption=caption, map=FigurePanel(elem_classes="matrix-map"), window=gr.State(WHOLE))


def wire(maps: MatrixMap, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the instrument's events; it is drawn again when the controls point elsewhere.

    (A change of the exploration would say so too, but gradio tells it of queued events alone.)
    """
    own = MatrixMapHandlers(handlers)
    drawn = [*maps.drawn, tab.notice]
    tab.target.change(own.draw, [tab.exploration, maps.window], drawn, **QUIETLY | LATEST)
    maps.map.zoom(own.zoom, [tab.exploration], drawn[1:], **QUIETLY)
    connect_move(tab, handlers, maps.map.mark_click, own.choose_cell, [])
    connect_move(tab, handlers, maps.strip.mark_click, own.choose_matrix, [])


class MatrixMapHandlers:
    """The instrument's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace

    def draw(self, exploration: Exploration, window: tuple[str, range, range]) -> list[Any]:
        """The strip of all matrices, and the chosen one: what has been zoomed to of it, or all of it."""
        try:
            target = _target(exploration, self._handlers.model(exploration).anatomy)
            name, rows, columns = window
            if name != target.matrix.name:
                rows, columns = range(target.matrix.rows), range(target.matrix.columns)
            return [self._strip(exploration, target), *self._map(exploration, target, rows, columns), gr.skip()]
        except ExplorerError as fault:
            return ["", "", "", gr.skip(), notice_html(str(fault))]

    def zoom(self, exploration: Exploration, event: gr.EventData) -> list[Any]:
        """Another part of the matrix is to be seen; all of it, where the event names none."""
        try:
            target = _target(exploration, self._handlers.model(exploration).anatomy)
            rows, columns = _window(event.y, target.matrix.rows), _window(event.x, target.matrix.columns)
            return [*self._map(exploration, target, rows, columns), gr.skip()]
        except ExplorerError as fault:
            return [*[gr.skip()] * 3, notice_html(str(fault))]

    @edge
    def choose_cell(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A cell was clicked: the weight, row, column, block or head there is mutated."""
        check_source(event, exploration)
        model = self._handlers.model(exploration)
        matrix = model.anatomy.matrices[event.meta["matrix"]]
        cell = _cell(event)
        row, column = self._workspace.weights.strongest(model, matrix, *cell)
        selection = _selection_at(exploration.selection, matrix, row, column, model.anatomy)
        operation = exploration.operation or ZERO
        moved = exploration.pointed_at(selection, model.anatomy).doing(operation, model.anatomy)
        return self._handlers.move(moved, request, before=exploration)

    @edge
    def choose_matrix(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A matrix of the strip was clicked: the controls go there with what they do."""
        anatomy = self._handlers.model(exploration).anatomy
        before = exploration.selection
        level = "matrix" if before.level in ("layer", "head") else before.level
        selection = replace(before, level=level, layer=int(event.x), part=str(event.y))
        moved = exploration.pointed_at(selection, anatomy)
        return self._handlers.move(moved, request, before=exploration, runs=exploration.operation is not None)

    def _strip(self, exploration: Exploration, target: Target) -> str:

        model = self._handlers.model(exploration)
        if not model.anatomy.layer_count:
            return ""
        overview = self._workspace.weights.largest(model)
        matrix = target.matrix
        present = None if matrix.layer is None else (kind_of(matrix.kind), matrix.layer)
        figure = overview_figure(overview, present, meaning="largest |weight|")
        return figure_json(figure)

    def _map(self, exploration: Exploration, target: Target, rows: range, columns: range) -> list[Any]:

        model = self._handlers.model(exploration)
        grid = self._workspace.weights.map(model, target.matrix, rows, columns)
        name = target.matrix.name
        figure = grid_figure(grid, name, (target.rows, target.columns), meta={"model": exploration.source})
        caption = map_caption_html(name, grid, exploration.selection.level)
        return [caption, figure_json(figure), (name, rows, columns)]


def _target(exploration: Exploration, anatomy: Anatomy) -> Target:
    """The matrix to be shown and what of it is chosen: the first that the site covers."""
    return anatomy.targets(site_of(exploration.selection, anatomy))[0]


def _window(edges: list[float] | None, length: int) -> range:
    """The indices between two edges of a view, at least one."""
    if edges is None:
        return range(length)
    low, high = sorted(round(edge + 0.5) for edge in edges)
    start = min(max(low, 0), length - 1)
    return range(start, max(start + 1, min(high, length)))


def _cell(event: gr.EventData) -> tuple[range, range]:
    """The matrix rows and columns of the clicked cell, from the geometry that the figure carries."""

    def span(centre: float, size: int, edges: list[int]) -> range:
        start = round(centre - (size - 1) / 2)
        return range(start, min(start + size, edges[1]))

    height, width = event.meta["cell"]
    return span(event.y, height, event.meta["rows"]), span(event.x, width, event.meta["columns"])


def _selection_at(before: Selection, matrix: Matrix, row: int, column: int, anatomy: Anatomy) -> Selection:
    """The selection that a click on a weight means at the present level; at levels without a place, that weight."""
    part, layer = matrix.kind, before.layer if matrix.layer is None else matrix.layer
    selection = replace(before, part=part, layer=layer, row=row, column=column)
    match before.level:
        case "head" if matrix.head_count:
            place = row if matrix.head_axis == "rows" else column
            size = (matrix.rows if matrix.head_axis == "rows" else matrix.columns) // matrix.head_count
            same = head_count(anatomy, before.part, before.layer) == matrix.head_count
            return replace(selection, part=before.part if same else part, head=place // size)
        case "block":
            rows = _block(before.row, before.row_stop, row)
            columns = _block(before.column, before.column_stop, column)
            return replace(
                selection, row=rows.start, row_stop=rows.stop, column=columns.start, column_stop=columns.stop
            )
        case "row" | "column" | "weight":
            return selection
        case _:
            return replace(selection, level="weight")


def _block(start: int, stop: int, index: int) -> range:
    """The block of the present size that holds an index; of `BLOCK_SIDE` where the controls hold a single one."""
    size = stop - start if stop - start > 1 else BLOCK_SIDE
    first = index // size * size
    return range(first, first + size)
