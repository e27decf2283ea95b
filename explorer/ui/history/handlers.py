"""What the tab History does: functions from values to values."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.domain.record import Entry, Facets, Page, Wanted, metric_name
from explorer.figures.encoding import figure_json
from explorer.figures.record import timeline_figure
from explorer.reports.record import KIND_NAMES
from explorer.reports.record_file import report_of
from explorer.store.record import PAGE
from explorer.ui.components.saver import Saver
from explorer.ui.explore.drawing import DRAWN_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.history.form import NEWEST, OLDEST, Asked
from explorer.ui.history.words import entry_row, timeline_caption_html
from explorer.ui.screen.handlers import ScreenHandlers
from explorer.ui.talk.handlers import SHOWN_COUNT as TALK_COUNT
from explorer.ui.talk.handlers import reopened
from explorer.ui.words import notice_html

MOST_LETTERS = 40
"""Of a tag."""

SETTLE_SECONDS = 2.0
"""How long the tab waits for the run that has just ended."""
MOST_REPORTED = 500
"""Entries of one report."""
_NOTHING = "Nothing is kept yet: run a mutation in Explore, and it appears here."
_NO_MATCH = "No entry is like that: search for less, or take a filter away."
_OFF = "Runs are not kept, because EXPLORER_RECORD is 0: start the program without it to keep them."
SCREEN_DRAWN_COUNT = 6
"""Components of `ScreenTab.drawn`."""


class HistoryHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._workspace = handlers.workspace
        self._record = handlers.workspace.record
        self._screens = ScreenHandlers(handlers)

    # ------------------------------------------------------------------------------------------- look for

    def open(self, *values: Any) -> list[Any]:
        """The tab was opened: with the run that has just ended."""
        self._record.settle(SETTLE_SECONDS)
        return self.draw(*values)

    def draw(self, *values: Any) -> list[Any]:
        """Updates of `HistoryTab.drawn`."""
        return self._draw(Asked(*values), values[-1])

    def first(self, *values: Any) -> list[Any]:
        """Something else is looked for, or in another order: the first page of it."""
        return self._draw(Asked(*values), 0)

    def turn(self, event: gr.EventData, *values: Any) -> list[Any]:
        """Another page of the list."""
        return self._draw(Asked(*values), int(event.page))

    def look_up(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A mark of the timeline was clicked: the page of the list that has its entry."""
        asked, number = Asked(*values), int(event.customdata)
        try:
            page = self._record.page_of(asked.wanted(), asked.order(), number)
        except ExplorerError as fault:
            return _refused(str(fault))
        return self._draw(asked, asked.page if page is None else page, looked_at=number)

    def _draw(self, asked: Asked, page: int, looked_at: int | None = None) -> list[Any]:
        try:
            facets = self._record.facets()
            metric = asked.metric if asked.metric in facets.metrics else next(iter(facets.metrics), None)
            found = self._record.page(asked.wanted(), asked.order(), page)
            figure, count = self._timeline(metric, asked.wanted(), looked_at)
        except ExplorerError as fault:
            return _refused(str(fault))
        return [
            *_choices(asked, facets, metric),
            found.number,
            notice_html(self._record.fault and f"The last run is not kept: {self._record.fault}"),
            timeline_caption_html(metric, count),
            figure,
            self._list(asked, found, looked_at),
        ]

    def _timeline(self, metric: str | None, wanted: Wanted, looked_at: int | None) -> tuple[str, int]:
        """The figure as JSON text, "" without a mark, and how many marks it has."""
        rows = None if metric is None else self._record.timeline(metric, wanted)
        if metric is None or rows is None or rows.is_empty():
            return "", 0

        return figure_json(timeline_figure(rows, metric, looked_at)), len(rows)

    def _list(self, asked: Asked, found: Page, looked_at: int | None) -> str:
        nothing = _OFF if not self._record.is_on else _NOTHING
        is_filtered = asked.wanted() != Wanted()
        return json.dumps(
            {
                "entries": [entry_row(entry) for entry in found.entries],
                "total": found.total,
                "page": found.number,
                "pages": max(1, -(-found.total // PAGE)),
                "asked": asked.key(),
                "looked_at": looked_at,
                "hint": _NO_MATCH if is_filtered else nothing,
            },
            ensure_ascii=False,
        )

    # ----------------------------------------------------------------------------------------------- edit

    def edit(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A tag or a note was written, or entries are to be deleted."""
        numbers, text = [int(number) for number in event.numbers], str(event.text).strip()
        try:
            if event.action == "tag":
                for name in filter(None, (part.strip()[:MOST_LETTERS] for part in text.split(","))):
                    self._record.tag(numbers, name)
            elif event.action == "untag":
                self._record.untag(numbers, text)
            elif event.action == "note":
                self._record.note(numbers[0], text)
            elif event.action == "delete":
                self._record.delete(numbers)
        except ExplorerError as fault:
            return _refused(str(fault))
        return self.draw(*values)

    # ----------------------------------------------------------------------------------------------- take

    def take(self, event: gr.EventData, *values: Any) -> list[Any]:
        """A report of the chosen entries, of all that are shown if none is chosen; or why there is none."""

        asked = Asked(*values)
        try:
            if event.numbers is None:
                entries = self._record.page(asked.wanted(), asked.order(), size=MOST_REPORTED).entries
            else:
                entries = self._record.entries(int(number) for number in event.numbers)
            content = report_of(self._workspace, entries, str(event.format))
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        return [Saver.file(f"history.{event.format}", content.encode()), ""]

    # --------------------------------------------------------------------------------------------- reopen

    def reopen(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """Show an entry again: a run in Explore, where it runs, a screen in the tab Screen."""
        try:
            (entry,) = self._record.entries([int(event.number)]) or (None,)
            if entry is None:
                raise ExplorerError("That entry has been deleted.")
            if entry.run.kind == "screen":
                return [*self._reopened_screen(entry), *[gr.skip()] * TALK_COUNT]
            if entry.run.kind == "talk":
                skipped = [gr.skip()] * (1 + DRAWN_COUNT + ASKED_COUNT + SCREEN_DRAWN_COUNT)
                return ["", gr.Tabs(selected="talk"), *skipped, *reopened(entry.run.detail.get("conversation", {}))]
            return [*self._reopened_run(entry, exploration, request), *[gr.skip()] * TALK_COUNT]
        except ExplorerError as fault:
            count = 2 + DRAWN_COUNT + ASKED_COUNT + SCREEN_DRAWN_COUNT + TALK_COUNT
            return [notice_html(str(fault)), *[gr.skip()] * count]

    def _reopened_run(self, entry: Entry, exploration: Exploration, request: gr.Request) -> list[Any]:
        run = entry.run
        if run.prompt is None or run.decoding is None:
            raise ExplorerError("That entry has no prompt to be run with.")
        if entry.setup.source != exploration.source:
            raise ExplorerError(
                f"That was run on the model {entry.setup.source}: load it at the foot of the page, then reopen it."
            )
        anatomy = self._handlers.model(exploration).anatomy
        anatomy.read(run.genotype)  # a fault is told here, where it was asked for
        restored = self._handlers.restore(exploration, run.genotype, run.prompt, run.decoding, request)
        return ["", gr.Tabs(selected="explore"), *restored, *[gr.skip()] * SCREEN_DRAWN_COUNT]

    def _reopened_screen(self, entry: Entry) -> list[Any]:
        database, number = str(entry.run.detail.get("database", "")), entry.run.detail.get("screen")
        own = str(self._workspace.settings.database.absolute())
        if database != own:
            raise ExplorerError(f"That screen is in {database}: start the page with EXPLORER_DATABASE={database}.")
        key = f"own:{number}"
        self._workspace.atlas.screen(key)  # raises if it is gone
        drawn = self._screens.draw(key, "")
        skipped = [gr.skip()] * (1 + DRAWN_COUNT + ASKED_COUNT)
        return ["", gr.Tabs(selected="screen"), *skipped, *drawn]


def _choices(asked: Asked, facets: Facets, metric: str | None) -> list[Any]:
    """Updates of the dropdowns: what there is to choose from, and what is chosen."""
    sorts = [("Newest first", NEWEST), ("Oldest first", OLDEST)]
    for name in facets.metrics:
        sorts += [(f"{metric_name(name)}, largest", f"{name} down"), (f"{metric_name(name)}, smallest", f"{name} up")]
    return [
        gr.update(choices=[(title, name) for name, title in KIND_NAMES.items()], value=asked.kinds),
        gr.update(choices=_with(facets.tags, asked.tags), value=asked.tags),
        gr.update(choices=_with(facets.models, asked.models), value=asked.models),
        gr.update(choices=sorts, value=asked.sort if asked.sort in dict(sorts).values() else NEWEST),
        gr.update(choices=[(metric_name(name), name) for name in facets.metrics], value=metric),
    ]


def _with(offered: tuple[str, ...], chosen: list[str]) -> list[str]:
    """What is offered, and what is chosen though nothing has it any more."""
    return list(dict.fromkeys([*offered, *chosen]))


def _refused(sentence: str) -> list[Any]:
    """Updates of `HistoryTab.drawn` that change nothing but the notice."""
    return [*[gr.skip()] * 6, notice_html(sentence), *[gr.skip()] * 3]
