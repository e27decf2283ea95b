"""What the tab Gallery does: functions from values to values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from secrets import randbelow
from typing import Any

import gradio as gr

from explorer.atlas.cards import Gallery
from explorer.domain.errors import ExplorerError
from explorer.domain.screens import StoredScreen
from explorer.ui.doors import Doors
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.gallery.form import (
    NAMES,
    PREFIX,
    Controls,
    address_of,
    linked,
    order_of,
    read_controls,
    values_of,
    wanted_of,
)
from explorer.ui.gallery.words import alike_message, choices_of, page_message, surprise_message, told_html
from explorer.ui.links import Said
from explorer.ui.operations import operations_offered
from explorer.ui.words import missing_html, notice_html

MOST_ALIKE = 48
"""Cards of a group that are shown."""
EMPTY = Gallery([], 0)
DRAWN_COUNT = 10
"""How many components `GalleryHandlers.draw` updates."""


class GalleryHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._atlas = handlers.workspace.atlas
        self._doors = Doors(handlers)

    def draw(self, *values: Any) -> list[Any]:
        """Updates of `GalleryTab.drawn`: the first page, and what can be chosen."""
        return self._draw(read_controls(values))

    def search(self, shown: Controls | None, *values: Any) -> list[Any]:
        """The words were changed; or their box came onto the page, with other controls still to come."""
        controls = read_controls(values)
        if controls.words == (shown or Controls()).words:
            return [gr.skip()] * DRAWN_COUNT
        return self._draw(controls)

    def open_tab(self, shown: Controls | None) -> list[Any]:
        """The tab was opened: what it showed last, as it is now.

        The controls are not asked: where a link opens the tab, some of them do not have its values yet.
        """
        return self._draw(shown or Controls())

    def clear(self, *values: Any) -> list[Any]:
        """Forget the filters; how it is sorted stays."""
        controls = read_controls(values)
        cleared = Controls(of=controls.of, sort=controls.sort, grouped=controls.grouped)
        return [*values_of(cleared), *self._draw(cleared)]

    def more(self, event: gr.EventData, *values: Any) -> list[Any]:
        """The next page: notice and cards."""
        controls, start = read_controls(values), int(event.start)
        try:
            found = self._atlas.phenotypes.page(controls.of or "", wanted_of(controls), order_of(controls), start=start)
        except ExplorerError as fault:
            return [notice_html(str(fault)), gr.skip()]
        return ["", page_message(found, start)]

    def alike(self, event: gr.EventData, *values: Any) -> list[Any]:
        """The texts of a group: notice and cards."""
        screen, cluster = str(event.screen), int(event.cluster)
        try:
            found = self._atlas.phenotypes.alike(screen, cluster, wanted_of(read_controls(values)), MOST_ALIKE)
        except ExplorerError as fault:
            return [notice_html(str(fault)), gr.skip()]
        return ["", alike_message(found, screen, cluster)]

    def surprise(self, *values: Any) -> list[Any]:
        """One text, the odd ones first: notice and card."""
        controls, draw = read_controls(values), randbelow(1 << 48)
        try:
            card = self._atlas.phenotypes.surprise(controls.of or "", wanted_of(controls), draw)
        except ExplorerError as fault:
            return [notice_html(str(fault)), gr.skip()]
        return ["", surprise_message(card, draw)]

    def open(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A card was opened: its mutant in Explore, or what the database has of it where that cannot be run."""
        behind, tabs, *others = self._doors.open(exploration, event, request)
        return ["" if tabs != gr.skip() else behind, tabs, *others]

    def leave(self, event: gr.SelectData) -> Any:
        """Another tab of the page was opened: the address is no longer of this one."""
        return gr.skip() if event.value == "Gallery" else "?"

    def read_link(self, parameters: Mapping[str, str]) -> list[Any]:
        """The page was opened at an address: show what it says, if it is of this tab."""
        said = Said(parameters, PREFIX)
        if not said:
            return [gr.skip()] * (1 + len(NAMES) + DRAWN_COUNT)
        controls = linked(said)
        return [gr.Tabs(selected="gallery"), *values_of(controls), *self._draw(controls, said)]

    def _draw(self, controls: Controls, said: Said | None = None) -> list[Any]:
        """All that is drawn; with what was not taken of an address, if that is what says the controls."""
        try:
            with self._atlas.held():
                drawn = self._drawn(controls, said or Said({}))
                return [replace(controls, told=said.told()) if said else controls, *drawn]
        except ExplorerError as fault:
            return [controls, *[gr.skip()] * 5, notice_html(str(fault)), *[gr.skip()] * 3]

    def _drawn(self, controls: Controls, said: Said) -> list[Any]:
        screens = self._atlas.phenotypes.screens()
        choices = choices_of(screens)
        if not choices:
            told = missing_html(
                "No screen has kept its texts yet: run one in the tab Screen that finds out the whole text, and what "
                "its mutants say appears here."
            )
            return [*[gr.skip()] * 5, "", told, page_message(EMPTY, 0), gr.skip()]
        keys = [key for _, key in choices]
        is_missing = controls.of not in (None, *keys)
        if is_missing:
            said.note(f"There are no texts of {controls.of} here: these are of others.")
        of = keys[0] if is_missing else controls.of or keys[0]
        controls = replace(controls, of=of)
        wanted, order = wanted_of(controls), order_of(controls)
        found = self._atlas.phenotypes.page(of, wanted, order)
        told = told_html(found.total, wanted, controls.sort, is_grouped=order.is_grouped)
        asked = [screen for screen in screens if of in (screen.shelf, screen.key)]
        return [
            gr.update(choices=choices, value=of),
            *self._choices(controls, asked),
            notice_html(said.told() or controls.told),
            told,
            page_message(found, 0),
            address_of(controls),
        ]

    def _choices(self, controls: Controls, screens: list[StoredScreen]) -> list[Any]:
        """Styles with their counts, kinds, experiments and operations."""
        of = str(controls.of)
        counts, kinds = self._atlas.phenotypes.filters(of)
        styles = [(f"{name} {count:,}", name) for name, count in counts.items()]
        experiments = list({screen.experiment: screen.title for screen in screens}.items())
        return [
            gr.update(choices=styles, value=list(controls.styles)),
            gr.update(choices=kinds, value=[kind for kind in controls.kinds if kind in kinds]),
            gr.update(
                choices=[(title, name) for name, title in experiments],
                value=[name for name in controls.experiments if name in dict(experiments)],
            ),
            operations_offered(screens, controls.operations),
        ]
