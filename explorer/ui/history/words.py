"""The rows and sentences of the History tab."""

from __future__ import annotations

from html import escape
from typing import Any

from explorer.domain.parting import parting
from explorer.domain.record import Entry, Run, metric_name
from explorer.figures.palette import RUN_COLOURS
from explorer.reports.record import KIND_NAMES, metrics_told, setup_told, time_told, title_of

MOST_LETTERS = 300
"""Of a text that a row shows."""


def entry_row(entry: Entry) -> dict[str, Any]:
    """What the list shows of an entry, as assets/record_list.js draws it."""
    run = entry.run
    common, rest = _parted(run)
    return {
        "number": entry.number,
        "time": time_told(entry),
        "kind": KIND_NAMES[run.kind],
        "colour": RUN_COLOURS[run.kind],
        "model": entry.setup.model,
        "title": title_of(run),
        "prompt": run.prompt.text if run.prompt else "",
        "common": common,
        "rest": rest,
        "metrics": metrics_told(run),
        "setup": setup_told(entry),
        "tags": list(entry.tags),
        "note": entry.note,
        "is_step": run.kind == "explore" and run.prompt is not None and run.decoding is not None,
        "is_here": run.kind in ("explore", "screen", "talk", "evolution"),
        "link": run.link if run.link.startswith("?") else "",
    }


def _parted(run: Run) -> tuple[str, str]:
    """The first line of a run's text: the part that is as the original's, and the rest."""
    line = (run.mutated or "").strip().partition("\n")[0][:MOST_LETTERS]
    common = parting((run.original or "").strip(), line)
    return line[:common], line[common:]


def timeline_caption_html(metric: str | None, count: int) -> str:
    """What the timeline shows, in a sentence."""
    if metric is None:
        return ""
    marks = "the one entry that has it" if count == 1 else f"the {count:,} entries that have it"
    return (
        f'<p class="caption"><b>{escape(metric_name(metric))}</b> of {marks}, among those that are shown below. '
        "Click a mark to find its entry in the list.</p>"
    )
