"""A report of entries of the lab record, in the form that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import polars as pl

from explorer.domain.errors import ExplorerError, StoreError
from explorer.domain.record import Entry
from explorer.reports.record_html import html_report
from explorer.reports.record_markdown import markdown_report
from explorer.workspace.workspace import Workspace

FORMATS = ("md", "html")


def report_of(workspace: Workspace, entries: Sequence[Entry], form: str) -> str:
    """The text of the file: Markdown (`md`), or one HTML page (`html`). Raises ExplorerError if there is no entry."""
    if not entries:
        raise ExplorerError("There is no such entry to report: see `history` for those that there are.")
    if form not in FORMATS:
        raise ExplorerError(f"A report is a file that ends in .md or .html, not in .{form}.")
    if form == "md":
        return markdown_report(entries)
    return html_report(entries, _shares(workspace, entries))


def _shares(workspace: Workspace, entries: Sequence[Entry]) -> dict[int, pl.DataFrame]:
    """Of the entries that are screens of the user's own database, how their matrices fared."""
    own = str(workspace.settings.database.absolute())
    found = {}
    for entry in entries:
        if entry.run.kind == "screen" and entry.run.detail.get("database") == own:
            with suppress(StoreError):  # a screen may be gone; its entry stays
                screen = workspace.atlas.screen(f"own:{entry.run.detail['screen']}")
                found[entry.number] = workspace.atlas.view(screen, "").shares
    return found
