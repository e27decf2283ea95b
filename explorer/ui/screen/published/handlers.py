"""The upload of what the study published: read in a thread of its own, told as it goes, with the command's report."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.screen.study import Question
from explorer.ui.screen.published.words import BY_NAME, LABELS, busy_html, report_html
from explorer.ui.words import notice_html
from explorer.workspace.workspace import Workspace

_EVERY = 0.5
"""Seconds between two looks at how far it is."""


class PublishedHandlers:
    """The behaviour of the card."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def take_in(
        self,
        shown: str | None,
        files: list[str] | None,
        model: str,
        experiment: str | None,
        labels: str,
        complete: bool,
    ) -> Iterator[list[Any]]:
        """Import the files; the report, and the screen that is shown: the first that was imported."""
        if not files:
            yield [notice_html("Choose files first: tables, logs and code files of the study."), gr.skip()]
            return
        question = Question(
            paths=tuple(map(Path, files)),
            shape=None if model == BY_NAME else model,
            experiment=(experiment or "").strip() or None,
            complete=bool(complete),
            swapped=LABELS[labels],
        )
        told: queue.Queue[str] = queue.Queue()
        ended: list[dict[str, Any] | ExplorerError] = []
        thread = threading.Thread(target=self._work, args=(question, told, ended), name="import", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_EVERY)
            sentence = ""
            while not told.empty():
                sentence = told.get()
            if sentence and thread.is_alive():
                yield [busy_html(sentence), gr.skip()]
        yield self._ended(ended, shown)

    def _work(self, question: Question, told: queue.Queue[str], ended: list[dict[str, Any] | ExplorerError]) -> None:
        known = {each.name: each for each in self._workspace.experiments()}
        try:
            ended.append(self._workspace.screens.import_study(question, known, told.put))
        except ExplorerError as fault:
            ended.append(fault)

    def _ended(self, ended: list[dict[str, Any] | ExplorerError], shown: str | None) -> list[Any]:
        found = ended[0] if ended else ExplorerError("The import failed, and nothing was lost: the log says why.")
        if isinstance(found, ExplorerError):
            return [notice_html(str(found)), gr.skip()]
        first = f"own:{found['screens'][0]['screen']}" if found["screens"] else shown
        return [report_html(found), gr.update(choices=[*filter(None, [first])], value=first)]
