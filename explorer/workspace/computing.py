"""The one thread that computes: what people wait for first, what runs behind them whenever nobody waits.

OpenMP keeps a team of threads for every thread that ever computed, and slows all of them to half their speed once
there are more than cores (docs/decisions/0004-one-computing-thread.md). Work behind calls `breathe` between its steps:
there, in the same thread, whatever people wait for is done before it goes on.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

from explorer.domain.errors import ModelError

Result = TypeVar("Result")
_Task = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...]]

PATIENCE = 0.3
"""Seconds without anybody waiting after which work behind goes on: a text that streams asks again sooner."""


class Computing:
    """Calls functions in one thread of its own, which starts with the first."""

    def __init__(self) -> None:
        self._front: deque[_Task] = deque()
        self._behind: deque[_Task] = deque()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function as soon as the one that is being called lets it; its result, or what it raised."""
        return self._put(self._front, function, arguments)

    def answer(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """As `run`, for somebody who waits. Raises ModelError if the device's memory does not suffice."""
        with lack_of_memory_told("ask for fewer new tokens, or use a smaller model"):
            return self.run(function, *arguments)

    def stream(self, steps: Generator[Result, None, None]) -> Generator[Result, None, None]:
        """What a generator yields, each step of it answered; it is closed there too, whoever stops listening."""
        nothing = object()
        try:
            while (step := self.answer(next, steps, nothing)) is not nothing:
                yield step
        finally:
            self.answer(steps.close)

    def run_behind(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """As `run`, when nobody waits."""
        return self._put(self._behind, function, arguments)

    def stream_behind(self, steps: Iterator[Result]) -> Iterator[Result]:
        """What an iterator yields, each step of it behind whatever people wait for."""
        nothing = object()
        while (step := self.run_behind(next, steps, nothing)) is not nothing:
            yield step

    def breathe(self) -> None:
        """Do what people wait for, and go on once nobody has for a while. For work behind, in its own thread alone."""
        if threading.current_thread() is not self._thread:
            return
        while (task := self._next_waiting()) is not None:
            _call(task)
            with self._news:
                self._news.wait_for(lambda: bool(self._front), timeout=PATIENCE)

    def _put(self, tasks: deque[_Task], function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        if threading.current_thread() is self._thread:  # asked for by what is being computed
            return function(*arguments)
        future: Future[Result] = Future()
        with self._news:
            tasks.append((future, function, arguments))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="computing", daemon=True)
                self._thread.start()
            self._news.notify_all()
        return future.result()

    def _work(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: bool(self._front or self._behind))
                task = (self._front or self._behind).popleft()
            _call(task)

    def _next_waiting(self) -> _Task | None:
        with self._news:
            return self._front.popleft() if self._front else None


def _call(task: _Task) -> None:
    future, function, arguments = task
    try:
        future.set_result(function(*arguments))
    except BaseException as fault:  # noqa: BLE001  # raised again where it is waited for
        future.set_exception(fault)


@contextmanager
def lack_of_memory_told(remedy: str) -> Iterator[None]:
    """Where the device's memory runs out, that is said in a sentence. Raises ModelError."""
    try:
        yield
    except RuntimeError as fault:
        from torch import OutOfMemoryError

        if not isinstance(fault, OutOfMemoryError):
            raise
        raise ModelError(f"The device ran out of memory: {remedy}.") from fault
