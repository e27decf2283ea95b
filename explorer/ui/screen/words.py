"""The lines and labels of the tab Screen: what a screen is, how far it is, what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from html import escape
from typing import Any

from explorer.domain.screened import WHOLE_UNITS
from explorer.domain.screens import StoredScreen, matrices_told, operations_told, unit_told
from explorer.reports.screens import duration
from explorer.ui.components.queue_list import queue_row
from explorer.ui.words import notice_html, screen_label, task_told
from explorer.workspace.queue import Entry
from explorer.workspace.screens import Estimate


def entry_row(entry: Entry) -> dict[str, Any]:
    """One entry of the queue, as assets/queue_list.js draws it."""
    order = entry.order
    return queue_row(entry, title=order.experiment.title, what=_plan_line(asdict(order.plan)), told=_told(entry))


_BEFORE = {
    "waiting": "Waits for the one before it.",
    "starting": "Getting the baseline …",
    "running": "At its first mutants …",
}
"""What is told of a screen that has screened nothing yet, by its state."""


def _told(entry: Entry) -> str:
    progress = entry.progress
    if progress is None:
        return _BEFORE.get(entry.state, "")
    told = f"{progress.done:,} of {progress.total:,} mutants, {progress.nonsilent:,} non-silent"
    if entry.state in ("running", "paused"):
        told += f", {progress.per_second:.1f} a second, {duration(progress.seconds_left)} left"
    if progress.near_ties:
        told += f", {progress.near_ties:,} near ties"
    if progress.failed_controls:
        told += f"; {progress.failed_controls} controls were not silent: an error of ours"
    return told


def estimate_html(estimate: Estimate | None) -> str:
    """How large a screen is and how long it takes; None: it is being measured."""
    if estimate is None:
        return '<p class="caption busy">Measuring a few of its mutants …</p>'
    return (
        f'<p class="caption"><b>{estimate.mutants:,} mutants</b> of {matrices_told(estimate.matrices)}, controls '
        f"included: about <b>{duration(estimate.seconds)}</b> on this machine and {estimate.disk / 1e6:,.1f} MB. Each "
        "is stored as it comes, what was measured now too if you start it next; one that is stopped goes on later.</p>"
    )


def progress_label(screen: StoredScreen) -> str:
    """A screen in the list of those that are stored, with how far it is."""
    part = "" if screen.done >= screen.mutants else f" ({100 * screen.done // max(1, screen.mutants)} % so far)"
    return f"{screen_label(screen)} · {operations_told(screen.plan)}{part}"


def _plan_line(plan: Mapping[str, Any]) -> str:
    """A plan, as the database keeps it, in a line."""
    return f"{plan['matrices']} · {unit_told(plan)} · {operations_told(plan)}"


def screen_html(screen: StoredScreen | None, report: Mapping[str, Any] | None, fault: str) -> str:
    """What a screen asked and what it counted; what to do where there is none."""
    if screen is None or report is None:
        hint = '<p class="caption">No screen is stored yet: start one, and its map fills in here.</p>'
        return notice_html(fault) + hint
    prompt = f"{task_told(screen.task)}; the standard chooses" if screen.task else screen.prompt.text
    asked = (
        f'{notice_html(fault)}<p class="screen-prompt"><b>{escape(prompt)}</b> {escape(screen.baseline.strip())}</p>'
    )
    if screen.mode == "counts":
        return f'{asked}<p class="caption">Only counts of it were published: the tab Statistics shows them.</p>'
    if screen.is_partial:
        return (
            f'{asked}<p class="caption">{screen.mutants:,} mutants are listed, {report["nonsilent"]:,} of them '
            "non-silent; the others are unknown. Below, how many each matrix has: click one for its map.</p>"
        )
    if not report["mutants"]:
        return f'{asked}<p class="caption">Nothing of it has been screened yet.</p>'
    share = 100 * report["nonsilent"] / report["mutants"]
    of_what = "combinations of answers" if screen.task else "texts"
    phenotypes = f", {report['phenotypes']:,} different {of_what}" if screen.mode == "text" else ""
    failed = report["failed_controls"]
    controls = f"all {report['controls']:,} controls were silent"
    if failed:
        controls = f"<b>{failed:,} of {report['controls']:,} controls were not silent: an error of ours</b>"
    return (
        f'{asked}<p class="caption">{report["mutants"]:,} mutants, <b>{share:.0f} % non-silent</b>{phenotypes}; '
        f"{report['near_ties']:,} near ties; {controls}. Below, the share of each matrix: click one for its map.</p>"
    )


def map_caption_html(matrix: Mapping[str, Any], *, asks_questions: bool = False, is_partial: bool = False) -> str:
    """What the map of a matrix shows, in a sentence."""
    which = f"which of its {matrix['mutants']:,} mutants"
    if is_partial:
        which = f"which of its {matrix['nonsilent']:,} non-silent mutants that are listed"
    changed, told = ("an answer", "its score") if asks_questions else ("the text", "what it says")
    if matrix["kind"] in WHOLE_UNITS:
        what = f"{matrix['rows']:,} {matrix['kind']}{'' if matrix['rows'] == 1 else 's'} of layer {matrix['layer']}"
    else:
        shape = f"{matrix['rows']:,} × {matrix['columns']:,}"
        what = f"{shape}, in units of {matrix['unit_rows']} × {matrix['unit_columns']}"
    return (
        f'<p class="caption"><b>{matrix["name"]}</b>, {what}: {which} change {changed}. '
        f"Point at a cell to read {told}, click it to open it in Explore.</p>"
    )
