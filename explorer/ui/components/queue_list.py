"""A queue, each entry with its progress and what can be done with it (assets/queue_list.js)."""

from typing import Any

from explorer.ui.components.scripted import Scripted
from explorer.workspace.queue import Entry


class QueueList(Scripted):
    """`value` is a list of `queue_row` as JSON; a button sends `act` with number and action."""

    TEMPLATE = '<div class="queue"></div>'
    HELPERS = ("elements.js",)


def queue_row(entry: Entry, *, title: str, what: str, told: str) -> dict[str, Any]:
    """One entry, as the script draws it."""
    progress = entry.progress
    return {
        "number": entry.number,
        "title": title,
        "what": what,
        "state": entry.state,
        "done": progress.done if progress else 0,
        "total": progress.total if progress else 0,
        "told": told,
        "fault": entry.fault,
    }
