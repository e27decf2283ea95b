"""What the tab Statistics does: functions from values to values."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer.atlas.pictures.asked import Asked
from explorer.atlas.pictures.axes import axis_names
from explorer.atlas.pictures.beginnings import words_of
from explorer.atlas.pictures.drawing import draw
from explorer.domain.errors import ExplorerError, StoreError
from explorer.domain.screens import StoredScreen
from explorer.figures.encoding import figure_json
from explorer.figures.marks import window_of
from explorer.figures.plain import kinds_of
from explorer.statistics.filters import Filter
from explorer.statistics.malignant import Limits
from explorer.statistics.severity import Severity
from explorer.store.maps import Window
from explorer.ui.components.saver import Saver
from explorer.ui.doors import Doors
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.links import Said
from explorer.ui.operations import operations_offered
from explorer.ui.statistics.form import (
    ALL,
    CONSOLE,
    PREFIX,
    TABS,
    VIEWS,
    Controls,
    address_of,
    filter_of,
    linked,
    read_controls,
)
from explorer.ui.statistics.words import totals_html
from explorer.ui.words import missing_html, notice_html, screen_label, sentence_html

LINKED_COUNT = 11
"""Components that a link sets beside `StatisticsTab.drawn`."""


class StatisticsHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers, *, has_console: bool = True) -> None:
        self._handlers = handlers
        self._has_console = has_console
        self._atlas = handlers.workspace.atlas
        self._doors = Doors(handlers)

    def draw(self, *values: Any) -> list[Any]:
        """Updates of `StatisticsTab.drawn`: the pictures of the open tab, and what can be chosen."""
        return self._draw(read_controls(values))

    def open_tab(self, shown: Controls | None) -> list[Any]:
        """The tab was opened: what it showed last, as it is now.

        The controls are not asked: where a link opens the tab, some of them do not have its values yet.
        """
        return self._draw(shown or Controls())

    def look(self, event: gr.SelectData, shown: Controls | None) -> list[Any]:
        """Another of the tab's own tabs was opened, by a press or by a link."""
        return [event.value, *self._draw(replace(shown or Controls(), view=str(event.value)))]

    def clear(self, *values: Any) -> list[Any]:
        """Forget the filters."""
        controls = replace(read_controls(values), operations=(), layers="", kinds=())
        return ["", *self._draw(controls)]

    def compare(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A cell of the correlation matrix was clicked: its two screens are compared."""
        first, second = str(event.customdata).split()
        return self._draw(replace(read_controls(values), model=ALL, screen=first, other=second))

    def show_screen(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A bar of the screens was clicked: that screen is shown."""
        return self._draw(replace(read_controls(values), model=ALL, screen=str(event.customdata)))

    def enlarge(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A map of a sheet was clicked: it is shown large."""
        number = int(str(event.axes[0])[1:] or 1)
        screen, _, matrix = str(event.meta["sheet"][number - 1]).partition(" ")
        controls = replace(read_controls(values), model=ALL, screen=screen, matrix=matrix, view="NSM map")
        return [gr.Tabs(selected="NSM map"), "NSM map", *self._draw(controls)]

    def finer(self, event: gr.EventData) -> list[Any]:
        """A part of a map was encircled: it is to be screened finer."""
        return self._doors.finer(event)

    def open(self, event: gr.EventData, request: gr.Request, exploration: Exploration, *values: Any) -> list[Any]:
        """A mark was clicked: its mutant."""
        try:
            chosen = filter_of(read_controls(values))
        except ExplorerError:
            chosen = Filter()
        return self._doors.open(exploration, event, request, chosen)

    def zoom(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A part of a map that is too large to be drawn whole."""
        try:
            asked = self._found(read_controls(values))
        except ExplorerError as fault:
            return ["", missing_html(str(fault))]
        return self._picture("nsm_map", replace(asked, window=window_of(event.meta["maps"][0], event.x, event.y)))

    def take(self, event: gr.EventData, *values: Any) -> list[Any]:
        """The data of a picture, as a file; or why there is none, as the notice."""

        view = str(event.meta["view"])
        try:
            asked = replace(self._found(read_controls(values)), window=_window(event.meta.get("window")))
            data = draw(view, self._atlas, asked).data
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        return [Saver.table(view, data, str(event.format)), ""]

    def leave(self, event: gr.SelectData) -> Any:
        """Another tab of the page was opened: the address is no longer of this one."""
        return gr.skip() if event.value == "Statistics" else "?"

    def read_link(self, parameters: Mapping[str, str]) -> list[Any]:
        """The page was opened at an address: show what it says, if it is of this tab."""
        said = Said(parameters, PREFIX)
        if not said:
            return [gr.skip()] * (LINKED_COUNT + 12 + 2 * len(VIEWS))
        controls = linked(said)
        if controls.view == CONSOLE and not self._has_console:
            reason = "which is closed on this page (serve --console opens it)"
            controls = replace(controls, view=said.refuse("view", reason, "Overview"))
        shown = [
            controls.layers, controls.measure, controls.coloured, controls.severity,
            controls.step, controls.own, controls.cosine_limit, controls.score_limit,
        ]  # fmt: skip
        selected = [gr.Tabs(selected="statistics"), gr.Tabs(selected=controls.view), controls.view]
        return [*selected, *shown, *self._draw(controls, said)]

    def _draw(self, controls: Controls, said: Said | None = None) -> list[Any]:
        """All that is drawn; with what was not taken of an address, if that is what says the controls."""
        try:
            with self._atlas.held():
                drawn = self._drawn(controls, said)
                return [replace(controls, told=said.told()) if said else controls, *drawn]
        except ExplorerError as fault:
            return [controls, *[gr.skip()] * 8, notice_html(str(fault)), *[gr.skip()] * (2 + 2 * len(VIEWS))]

    def _drawn(self, controls: Controls, said: Said | None) -> list[Any]:
        screens, fault = self._atlas.stored()
        models = list(dict.fromkeys(screen.model for screen in screens))
        model = controls.model if controls.model in models else ALL
        offered = [screen for screen in screens if model in (ALL, screen.model)]
        try:
            chosen = filter_of(controls)
        except ExplorerError as wrong:
            fault = f"{wrong} Until then all mutants are shown."
            chosen = Filter()
        if not screens:
            told = missing_html("No screen is stored yet: run one in the tab Screen, and its pictures appear here.")
            empty = [each for view in VIEWS for each in ("", told)]
            return [*[gr.skip()] * 8, notice_html(fault), "", gr.skip(), *empty]
        asked = self._asked(controls, screens, offered, chosen)
        if said:
            _note_differences(said, controls, asked, model, self._axes(controls.view, asked))
        fault = "\n".join(filter(None, (fault, said.told() if said else controls.told)))
        totals: Any = gr.skip()
        if controls.view == "Overview":
            totals = totals_html(list(zip(offered, self._atlas.totals(offered), strict=True)))
        return [
            gr.update(choices=[ALL, *models], value=model),
            gr.update(choices=[(screen_label(screen), screen.key) for screen in offered], value=asked.screen.key),
            *self._choices(controls.view, asked, screens),
            notice_html(fault),
            totals,
            gr.skip() if controls.view == CONSOLE else address_of(controls, asked, model),
            *self._pictures(controls.view, asked),
        ]

    def _choices(self, view: str, asked: Asked, screens: list[StoredScreen]) -> list[Any]:
        """Kinds, matrices, axes, screens to compare with, first words, and operations."""

        matrices = self._atlas.matrices(asked.screen)
        names = self._axes(view, asked)
        axes: Any = (
            gr.update(choices=names, value=asked.axes if asked.axes in names else names[0]) if names else gr.skip()
        )
        others = [(screen_label(screen), screen.key) for screen in screens if screen.key != asked.screen.key]
        kinds = kinds_of(matrices)
        return [
            gr.update(choices=kinds, value=[kind for kind in asked.chosen.kinds if kind in kinds]),
            gr.update(choices=matrices["name"].to_list(), value=asked.matrix),
            axes,
            gr.update(choices=others, value=None if asked.other is None else asked.other.key),
            gr.update(choices=self._words(view, asked), value=asked.word) if view == "First words" else gr.skip(),
            operations_offered(screens, asked.chosen.operations),
        ]

    def _words(self, view: str, asked: Asked) -> list[str]:
        """The unusual first words of the screen, where the open tab asks for one."""
        if "word_map" not in TABS[view]:
            return []
        with contextlib.suppress(ExplorerError):
            return words_of(self._atlas, asked)
        return []

    def _axes(self, view: str, asked: Asked) -> list[str]:
        """The stripes that can be drawn, where the open tab draws some."""
        names: list[str] = []
        if "stripes" in TABS[view]:
            with contextlib.suppress(ExplorerError):
                names = axis_names(self._atlas, asked)
        return names

    def _pictures(self, view: str, asked: Asked) -> list[Any]:
        """Updates of all panels and their sentences; those of hidden tabs are left alone."""
        updates: list[Any] = []
        for name in VIEWS:
            updates += self._picture(name, asked) if name in TABS[view] else [gr.skip(), gr.skip()]
        return updates

    def _picture(self, view: str, asked: Asked) -> list[Any]:

        try:
            picture = draw(view, self._atlas, asked)
        except ExplorerError as fault:
            return ["", missing_html(str(fault))]
        return [figure_json(picture.figure), sentence_html(picture.sentence)]

    def _found(self, controls: Controls) -> Asked:
        """What the controls ask for, as it is drawn. Raises ExplorerError."""
        screens, fault = self._atlas.stored()
        offered = [screen for screen in screens if controls.model in (ALL, screen.model)] or screens
        if not screens:
            raise StoreError(fault or "There is no screen any more.")
        return self._asked(controls, screens, offered, filter_of(controls))

    def _asked(
        self, controls: Controls, screens: list[StoredScreen], offered: list[StoredScreen], chosen: Filter
    ) -> Asked:
        """What the controls ask for: a screen of those that are offered, beside any other. Raises ExplorerError."""

        screen = next((each for each in offered if each.key == controls.screen), (offered or screens)[0])
        others = [each for each in screens if each.key != screen.key]
        other = next((each for each in others if each.key == controls.other), None)
        return Asked(
            screen=screen,
            chosen=chosen,
            measure=controls.measure,  # type: ignore[arg-type]  # a choice
            matrix=self._atlas.telling(screen, controls.matrix, chosen),
            severity=Severity(controls.severity, int(controls.step), controls.own),  # type: ignore[arg-type]  # a choice
            coloured=controls.coloured == "severity",
            axes=controls.axes or "",
            other=other or _alike(screen, others),
            limits=Limits(cosine=float(controls.cosine_limit), score=float(controls.score_limit)),
            word=(controls.word or "").strip(),
        )


def _alike(screen: StoredScreen, others: list[StoredScreen]) -> StoredScreen | None:
    """The screen to compare with where none is chosen: one of the same plan, if there is one."""
    return next((other for other in others if other.plan == screen.plan), others[0] if others else None)


def _window(edges: list[list[int]] | None) -> Window | None:
    """As a figure's `layout.meta` tells it."""
    return None if edges is None else Window(rows=range(*edges[0]), columns=range(*edges[1]))


def _note_differences(said: Said, controls: Controls, asked: Asked, model: str, axes: list[str]) -> None:
    """What an address asks for by name, and is not there."""
    if controls.screen not in (None, asked.screen.key):
        said.refuse("screen", "which is not stored here", None, f"{screen_label(asked.screen)} is shown instead")
    if controls.model not in (None, model):
        said.refuse("model", "of which no screen is stored here", None, "all models are shown")
    if controls.matrix not in (None, asked.matrix):
        said.refuse("matrix", "which that screen has not", asked.matrix)
    if controls.other and (asked.other is None or controls.other != asked.other.key):
        said.refuse("other", "which is not stored here", None, "another is shown instead")
    if controls.axes and axes and controls.axes not in axes:
        said.refuse("axes", f"which is none of {', '.join(axes)}", axes[0])
