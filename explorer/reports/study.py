"""What is told of an import of the study's files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FAULTS_TOLD = 20
"""Of those that cannot be used; `--json` lists all."""


def study_lines(report: dict[str, Any]) -> Iterator[str]:
    """The report of `screen.study.Study.store` for people."""
    for screen in report["screens"]:
        yield _screen_line(screen)
    if not report["screens"]:
        yield "Nothing was imported: no file names a mutation of a matrix of this model."
    for skipped in report["skipped"]:
        yield f"Left out: {skipped['file']}. {skipped['reason']}"
    if report["malformed"]:
        yield f"{report['malformed']:,} malformed or incomplete:"
    for fault in report["faults"][:FAULTS_TOLD]:
        yield f"  {fault['file']}, line {fault['line']}: {fault['reason']}"
    if report["malformed"] > FAULTS_TOLD:
        yield f"  … and {report['malformed'] - FAULTS_TOLD:,} more, which --json lists."


def _screen_line(screen: dict[str, Any]) -> str:
    counts = [
        (screen["matrices"], "matrices"),
        (screen["mutants"], "mutants"),
        (screen["nonsilent"], "non-silent"),
        (screen["phenotypes"], "phenotypes"),
        (screen["duplicates"], "duplicates"),
        (screen["conflicts"], "conflicts"),
    ]
    told = ", ".join(f"{count:,} {what}" for count, what in counts if count is not None)
    state = "" if screen["is_new"] else " It was there already: nothing was added."
    return f"Screen {screen['screen']}, {screen['experiment']} ({screen['mode']}): {told}.{state}"
