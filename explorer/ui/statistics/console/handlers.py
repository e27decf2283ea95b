"""What the console does: functions from values to values."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, cast

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.domain.screens import Shelf
from explorer.figures.answer import answer_figure
from explorer.figures.encoding import figure_json
from explorer.store.console import Answer, ask, frame_of, schema_of
from explorer.store.library import Library
from explorer.ui.components.saver import Saver
from explorer.ui.links import Said, format_query
from explorer.ui.runs import Runs
from explorer.ui.statistics.console.layout import SHELVES
from explorer.ui.statistics.console.words import schema_html, table_html, told_html
from explorer.ui.words import notice_html, sentence_html

PREFIX = "stats_"
VIEW = "Console"
MOST_SECONDS = 20.0
"""Of a question of the page."""


class ConsoleHandlers:
    """The console's behaviour."""

    def __init__(self, library: Library, runs: Runs) -> None:
        """`runs` are the visitors' questions."""
        self._library = library
        self._runs = runs

    def look(self, shelf: str) -> str:
        """The tables of a database."""
        try:
            return schema_html(schema_of(self._library.paths[cast("Shelf", shelf)]))
        except ExplorerError as fault:
            return notice_html(str(fault))

    def begin(self, request: gr.Request) -> None:
        """Want an answer; the visitor's older question is stopped."""
        self._runs.begin(request.session_hash or "")

    def stop(self, request: gr.Request) -> None:
        """Stop the visitor's question."""
        self._runs.stop(request.session_hash or "")

    def ask(self, request: gr.Request, shelf: str, query: str) -> Iterator[list[Any]]:
        """The answer as a table and a chart, and the address; first that it is being worked on."""
        visitor = request.session_hash or ""
        ticket = self._runs.claim(visitor)
        if ticket is None:
            yield [gr.skip()] * 5
            return
        yield ["", '<p class="caption busy">Asking …</p>', "", "", _address(shelf, query)]
        begun = time.perf_counter()
        try:
            answer = self._ask(shelf, query, visitor, ticket)
        except ExplorerError as fault:
            yield [notice_html(str(fault)), "", "", "", gr.skip()]
            return
        figure, sentence = answer_figure(frame_of(answer))
        chart = "" if figure is None else figure_json(figure)
        told = told_html(answer, time.perf_counter() - begun) + sentence_html(sentence)
        yield ["", told, chart, table_html(answer), gr.skip()]

    def download(self, shelf: str, query: str, kind: str) -> list[Any]:
        """The whole answer as a file, and the notice."""
        try:
            answer = ask(self._library.paths[cast("Shelf", shelf)], query, most_seconds=MOST_SECONDS)
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        return [Saver.table("answer", frame_of(answer), kind), ""]

    def read_link(self, parameters: Mapping[str, str]) -> list[Any]:
        """An address that holds a question: database and question."""
        said = Said(parameters, PREFIX)
        if said.text("view", "") != VIEW:
            return [gr.skip()] * 2
        shelves = [name for _, name in SHELVES]
        return [said.one_of("asked", shelves, shelves[0]), said.text("sql", gr.skip())]

    def _ask(self, shelf: str, query: str, visitor: str, ticket: int) -> Answer:
        path = self._library.paths[cast("Shelf", shelf)]
        return ask(path, query, most_seconds=MOST_SECONDS, is_over=lambda: self._runs.is_over(visitor, ticket))


def _address(shelf: str, query: str) -> str:
    return format_query({f"{PREFIX}view": VIEW, f"{PREFIX}asked": shelf, f"{PREFIX}sql": query})
