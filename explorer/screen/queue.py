"""Screens one after the other, behind the page: each can be paused, gone on with and stopped. Imports no torch.

A stopped screen keeps what it has; ordered again, it goes on where it was.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Literal

from explorer.domain.errors import ExplorerError
from explorer.screen.order import Order, Progress

State = Literal["waiting", "starting", "running", "paused", "done", "stopped", "failed"]
ACTIVE: tuple[State, ...] = ("waiting", "starting", "running", "paused")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunningScreen:
    """A screen that runs as its progress is read."""

    total: int
    """Mutants, controls included."""
    matrices: int
    estimate: Callable[[], float]
    """Seconds that all of it takes, by a measurement; ask before it runs."""
    progress: Iterator[Progress]
    report: Callable[[], dict[str, Any]]
    """What the database holds of it by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One order and how far it is."""

    number: int
    order: Order
    state: State = "waiting"
    progress: Progress | None = None
    fault: str = ""
    """Why it failed, as a sentence."""


class ScreenQueue:
    """Carries orders out in a thread of its own, one at a time."""

    def __init__(self, start: Callable[[Order], AbstractContextManager[RunningScreen]]) -> None:
        self._start = start
        self._news = threading.Condition()
        self._entries: dict[int, Entry] = {}
        self._thread: threading.Thread | None = None
        self.revision = 0
        """Grows with every change."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that were ordered, the last first."""
        with self._news:
            return tuple(reversed(self._entries.values()))

    def add(self, order: Order) -> Entry:
        """Put an order at the end of the queue. Raises ExplorerError if the same one is in it already."""
        with self._news:
            if any(entry.order == order and entry.state in ACTIVE for entry in self._entries.values()):
                raise ExplorerError("That screen is in the queue already: wait for it, or stop it first.")
            entry = Entry(number=len(self._entries) + 1, order=order)
            self._put(entry)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="screens", daemon=True)
                self._thread.start()
            return entry

    def pause(self, number: int) -> None:
        """Let it rest after the batch that it is at."""
        self._turn(number, "paused", when=("running",))

    def resume(self, number: int) -> None:
        """Go on with one that rests."""
        self._turn(number, "running", when=("paused",))

    def stop(self, number: int) -> None:
        """End it after the batch that it is at; what it has found stays."""
        self._turn(number, "stopped", when=ACTIVE)

    def _turn(self, number: int, state: State, *, when: tuple[State, ...]) -> None:
        with self._news:
            entry = self._entries.get(number)
            if entry is not None and entry.state in when:
                self._put(replace(entry, state=state))

    def _put(self, entry: Entry) -> None:
        self._entries[entry.number] = entry
        self.revision += 1
        self._news.notify_all()

    def _work(self) -> None:
        while True:
            with self._news:
                waiting = [entry.number for entry in self._entries.values() if entry.state == "waiting"]
                if not waiting:
                    self._thread = None
                    return
                number = waiting[0]
                self._put(replace(self._entries[number], state="starting"))
            try:
                self._carry_out(number)
            except ExplorerError as fault:
                self._fail(number, str(fault))
            except Exception as fault:  # the thread has to live on for the screens that wait; the log has it all
                logging.getLogger(__name__).exception("A screen failed")
                self._fail(number, f"The screen failed, and what it had found is kept: {fault}")

    def _carry_out(self, number: int) -> None:
        with self._start(self._entries[number].order) as running:
            self._turn(number, "running", when=("starting",))
            for progress in self._until_stopped(number, running):
                with self._news:
                    self._put(replace(self._entries[number], progress=progress))
        self._turn(number, "done", when=("running", "paused"))

    def _until_stopped(self, number: int, running: RunningScreen) -> Iterator[Progress]:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._entries[number].state != "paused")
                if self._entries[number].state == "stopped":
                    return
            progress = next(running.progress, None)
            if progress is None:
                return
            yield progress

    def _fail(self, number: int, sentence: str) -> None:
        with self._news:
            self._put(replace(self._entries[number], state="failed", fault=sentence))
