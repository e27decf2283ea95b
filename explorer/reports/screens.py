"""What is told of a screen while it runs and when it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from explorer.domain.screens import matrices_told, operations_told, unit_told
from explorer.screen.order import Progress


def progress_line(progress: Progress) -> str:
    """How far a screen is, in one line that covers the one before."""
    left = duration(progress.seconds_left)
    return f"{progress.done:,} of {progress.total:,}, {progress.per_second:.1f} a second, {left} left   "


def screen_lines(report: dict[str, Any]) -> Iterator[str]:
    """The counts of `store.queries.screen_report` for people."""
    yield (
        f"Screen {report['screen']}: {report['mutants']:,} mutants, {report['nonsilent']:,} non-silent, "
        f"{report['phenotypes']:,} phenotypes, {report['near_ties']:,} near ties; of {report['controls']:,} controls "
        f"{report['failed_controls']:,} were not silent."
    )


def export_lines(report: dict[str, Any]) -> Iterator[str]:
    """Where exported screens are."""
    yield f"{report['folder']}: {report['bytes'] / 1e6:.1f} MB"


def import_lines(report: dict[str, Any]) -> Iterator[str]:
    """What was added to a database."""
    added = ", ".join(map(str, report["screens"]))
    yield f"Screens added: {added}" if added else "The database has these screens already."


def duration(seconds: float) -> str:
    """A time as a person says it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def estimate_lines(report: dict[str, Any]) -> Iterator[str]:
    """What a screen would be, for people."""
    plan = report["plan"]
    yield f"{report['experiment']}: {plan['matrices']} · {unit_told(plan)} · {operations_told(plan)}"
    if plan.get("sites"):
        yield f"Only units in {len(plan['sites']):,} places, such as {plan['sites'][0]}."
    yield (
        f"{report['mutants']:,} mutants of {matrices_told(report['matrices'])}, controls included: about "
        f"{duration(report['seconds'])}, and {report['disk'] / 1e6:,.1f} MB of disk. What was measured is not kept."
    )
