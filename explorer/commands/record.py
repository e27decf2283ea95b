"""The commands of the lab record: look through it, and write a report."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import Output, edge
from explorer.domain.errors import ExplorerError
from explorer.domain.record import NEWEST, Order, Wanted
from explorer.reports.record import page_lines, page_report
from explorer.reports.record_file import report_of
from explorer.workspace.workspace import Workspace


class KindName(StrEnum):
    """Kinds of runs."""

    explore = "explore"
    screen = "screen"
    comparison = "comparison"
    rihf = "rihf"
    questions = "questions"
    watch = "watch"


MOST_REPORTED = 500
"""Entries of one report."""

Search = Annotated[str, typer.Option("--search", help="Words of genotype, prompt, texts, note or tags.")]
Kind = Annotated[KindName | None, typer.Option("--kind", help="Of this kind alone.")]


@edge
def history(
    output: Output,
    search: Search = "",
    kind: Kind = None,
    tag: Annotated[str | None, typer.Option(help="With this tag alone.")] = None,
    sort: Annotated[str | None, typer.Option(help="A metric, the largest first; the newest first by default.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many entries at most.")] = 20,
) -> None:
    """List the runs that were kept: what was asked, and what came of it."""
    record = Workspace().record
    wanted = Wanted(words=search, kinds=(kind.value,) if kind else (), tags=(tag,) if tag else ())
    metrics = record.facets().metrics
    if sort is not None and sort not in metrics:
        raise ExplorerError(f"No entry has the metric '{sort}': sort by one of {', '.join(metrics) or 'none yet'}.")
    page = record.page(wanted, Order(metric=sort) if sort else NEWEST, size=limit)
    output.show(page_report(page), lambda report: page_lines(report, page))


@edge
def report(
    output: Output,
    file: Annotated[
        Path, typer.Argument(help="A new file that ends in .md (Markdown) or .html (one page, no script).")
    ],
    runs: Annotated[list[int] | None, typer.Option("--run", help="Of these entries alone.")] = None,
    search: Search = "",
    kind: Kind = None,
) -> None:
    """Write a report of entries of the lab record, with pictures if it is HTML."""

    workspace = Workspace()
    wanted = Wanted(words=search, kinds=(kind.value,) if kind else ())
    entries = workspace.record.entries(runs) if runs else workspace.record.page(wanted, size=MOST_REPORTED).entries
    missing = sorted(set(runs or ()) - {entry.number for entry in entries})
    if missing:
        raise ExplorerError(f"There is no entry {', '.join(map(str, missing))}: see `history`.")
    content = report_of(workspace, entries, file.suffix.removeprefix("."))
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(content)
    except FileExistsError as fault:
        raise ExplorerError(f"{file} is there already: name a new file.") from fault
    except OSError as fault:
        raise ExplorerError(f"{file} cannot be written: {fault.strerror}.") from fault
    facts = {"file": str(file), "entries": len(entries)}
    output.show(facts, lambda told: iter([f"{told['entries']} entries in {told['file']}"]))
