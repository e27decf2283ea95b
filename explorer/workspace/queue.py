"""Long work one after the other, behind the page: each can be paused, gone on with and stopped. Imports no torch.

Screens and evolutions: whatever is stopped keeps what it has; ordered again, it goes on where it was.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from explorer.domain.errors import ExplorerError

State = Literal["waiting", "starting", "running", "paused", "done", "stopped", "failed"]
ACTIVE: tuple[State, ...] = ("waiting", "starting", "running", "paused")


class Running(Protocol):
    """Work that goes on as its progress is read."""

    @property
    def progress(self) -> Iterator[Any]:
        """How far it is, after every step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One order and how far it is."""

    number: int
    order: Any
    """What was asked for, as whoever asked has it."""
    state: State = "waiting"
    progress: Any = None
    """The last that was told; None: nothing yet."""
    fault: str = ""
    """Why it failed, as a sentence."""


class Queue:
    """Carries orders out in a thread of its own, one at a time."""

    def __init__(self, start: Callable[[Any], AbstractContextManager[Running]]) -> None:
        self._start = start
        self._news = threading.Condition()
        self._entries: dict[int, Entry] = {}
        self._thread: threading.Thread | None = None
        self._revisions: Counter[type] = Counter()

    def revision(self, kind: type) -> int:
        """Grows with every change of an order of a kind."""
        return self._revisions[kind]

    def entries(self, kind: type) -> tuple[Entry, ...]:
        """All orders of a kind, the last first."""
        with self._news:
            return tuple(entry for entry in reversed(self._entries.values()) if isinstance(entry.order, kind))

    def add(self, order: Any) -> Entry:
        """Put an order at the end of the queue. Raises ExplorerError if the same one is in it already."""
        with self._news:
            if any(entry.order == order and entry.state in ACTIVE for entry in self._entries.values()):
                raise ExplorerError("That is in the queue already: wait for it, or stop it first.")
            entry = Entry(number=len(self._entries) + 1, order=order)
            self._put(entry)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="queue", daemon=True)
                self._thread.start()
            return entry

    def followed(self, number: int) -> Iterator[Entry]:
        """An entry as it is, and after every change of it, until it has ended."""
        seen: Entry | None = None
        while seen is None or seen.state in ACTIVE:
            with self._news:
                while self._entries[number] is seen:
                    self._news.wait()
                seen = self._entries[number]
            yield seen

    def act(self, action: str, number: int) -> None:
        """What a button says: pause, resume or stop."""
        {"pause": self.pause, "resume": self.resume, "stop": self.stop}[action](number)

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
        self._revisions[type(entry.order)] += 1
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
            except Exception as fault:  # the thread has to live on for what waits; the log has it all
                logging.getLogger(__name__).exception("What was queued failed")
                self._fail(number, f"It failed, and what it had found is kept: {fault}")

    def _carry_out(self, number: int) -> None:
        with self._start(self._entries[number].order) as running:
            self._turn(number, "running", when=("starting",))
            for progress in self._until_stopped(number, running):
                with self._news:
                    self._put(replace(self._entries[number], progress=progress))
        self._turn(number, "done", when=("running", "paused"))

    def _until_stopped(self, number: int, running: Running) -> Iterator[Any]:
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
