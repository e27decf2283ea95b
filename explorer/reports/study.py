"""What is told of an import of the study's files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FAULTS_TOLD = 20
"""Of those that cannot be used; `--json` lists all."""


def study_lines(report: dict[str, Any]) -> Iterator[str]:
    """The report of `screen.study.Study.store` for people."""
    for screen in report["screens"]:
        yield screen_told(screen)
    if not report["screens"]:
        yield "Nothing was imported: no file names a mutation of a matrix of a model that is known."
    yield from report["questions"]
    for skipped in report["skipped"]:
        yield f"Left out: {skipped['file']}. {skipped['reason']}"
    if report["malformed"]:
        yield f"{report['malformed']:,} malformed or incomplete:"
    for fault in report["faults"][:FAULTS_TOLD]:
        yield f"  {fault_told(fault)}"
    if report["malformed"] > FAULTS_TOLD:
        yield f"  … and {report['malformed'] - FAULTS_TOLD:,} more, which --json lists."


def fault_told(fault: dict[str, Any]) -> str:
    """What cannot be used, and where it stands."""
    where = f"{fault['file']}, line {fault['line']}" if fault["line"] else fault["file"]
    return f"{where}: {fault['reason']}"


def screen_told(screen: dict[str, Any]) -> str:
    """A screen that was imported; its state is told last."""
    of_what = f"{screen['mutants']:,} mutants" if screen["mutants"] is not None else None
    listed = f"{of_what} listed, what it does not list is unknown" if screen["is_partial"] else of_what
    counts = [
        (screen["matrices"], "matrices"),
        (screen["nonsilent"], "non-silent"),
        (screen["phenotypes"], "phenotypes"),
        (screen["duplicates"] or None, "duplicates"),
        (screen["conflicts"] or None, "conflicts"),
    ]
    told = [f"{count:,} {what}" for count, what in counts if count is not None]
    told[1:1] = [listed] if listed else []
    state = "" if screen["is_new"] else " It was there already: nothing was added."
    if screen["unknown_blocks"]:
        state += f" {screen['unknown_blocks']:,} blocks that no finished mark covers are unknown (--complete: silent)."
    named = f"Screen {screen['screen']}, {screen['model']}, {screen['experiment']} ({screen['mode']})"
    return f"{named}: {', '.join(told)}.{state}"
