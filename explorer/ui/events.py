"""What the events of all tabs share.

The last of clicks that follow fast wins: none is dropped (gradio drops, unless told otherwise, what comes while the
same control is busy), those that wait in no queue are done in the visitor's order (`faults.Page`), and of runs the
newest counts (`runs`).
"""

from typing import Any

QUEUED: dict[str, Any] = {
    "show_progress": "hidden",
    "show_progress_on": [],
    "api_visibility": "private",
    "trigger_mode": "multiple",
}
"""Options of an event that may take a while, and hides nothing that it updates.

The empty list is not idle. Without it, each message from the server, some ten a second while a text streams, has the
browser tell every component that any event has updated so far how that event is going: more work than the text itself.
"""

TOGETHER: dict[str, Any] = {**QUEUED, "concurrency_limit": None}
"""Options of an event that waits for something that others do not: as many as there are go at once."""

ON_MODEL: dict[str, Any] = {**QUEUED, "concurrency_id": "model"}
"""Options of an event that computes with the model: those of all visitors, and of programs, take turns."""

QUIETLY: dict[str, Any] = {**QUEUED, "queue": False}
"""Options of an event that answers at once: it waits in no queue."""

ASKING: dict[str, Any] = {**QUEUED, "concurrency_id": "tasks", "concurrency_limit": 3}
"""Options of an event that asks mutants many things: a text in Explore streams while it runs."""

LATEST: dict[str, Any] = {"trigger_mode": "always_last"}
"""Beside these: of the times that it comes while it is busy, the last alone counts.

For values that are typed or chosen. Not for events with data of their own: gradio then sends those of the first.
"""
