"""The lab record as page and command line know it: runs are kept behind whatever made them, and looked for.

A run is handed over and written by a thread of its own, because to open the file and to read a model's fingerprint take
longer than a click may. The file is open for as long as the write takes. What cannot be written waits in memory and is
written with the next run that can be; nothing else is held up by it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb
import polars as pl

from explorer.domain.errors import BusyError, StoreError
from explorer.domain.record import NEWEST, Entry, Facets, Order, Page, Run, Setup, Wanted
from explorer.files.versions import PROGRAM, versions
from explorer.model.loaded import LoadedModel
from explorer.store import record as store
from explorer.store.library import Library

MOST_WAITING = 1000
"""Runs that wait in memory; of more, the oldest are lost."""
PATIENCE_SECONDS, PAUSE_SECONDS = 2.0, 0.05
"""How long a file is asked for that another program holds, as one that keeps a run of its own does for a moment."""


@dataclass(slots=True)
class _Waiting:
    """A run that is not written yet."""

    ended: datetime
    model: LoadedModel | Setup
    run: Run


class Recording:
    """The record of one process' user."""

    def __init__(self, library: Library, *, is_on: bool = True) -> None:
        self.is_on = is_on
        """Whether runs are kept."""
        self.fault = ""
        """Why the last run could not be kept, as a sentence; "" if it was."""
        self._told = ""
        self._library = library
        self._waiting: dict[int, _Waiting] = {}
        self._places = itertools.count()
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="record")
        self._last: Future[None] | None = None

    def __deepcopy__(self, _memo: object) -> Recording:
        """The record itself, as with `Workspace`."""
        return self

    # ----------------------------------------------------------------------------------------------- keep

    def keep(self, model: LoadedModel, run: Run) -> None:
        """Keep a run that has just ended. Comes back at once and raises nothing: see `news`."""
        if not self.is_on:
            return
        with self._lock:
            self._waiting[next(self._places)] = _Waiting(datetime.now(UTC), model, run)
            if len(self._waiting) > MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
            self._last = self._writer.submit(self._write)

    def settle(self, timeout_seconds: float = 30.0) -> None:
        """Wait, so long at most, until every run that was handed over is written or refused."""
        if self._last is not None:
            wait([self._last], timeout_seconds)

    def news(self) -> str:
        """Why runs are not kept, as a sentence: once for each reason, until one has been kept again; else ""."""
        fault, told, self._told = self.fault, self._told, self.fault
        return "" if not fault or fault == told else f"The run is shown, but it is not kept in the History: {fault}"

    def _write(self) -> None:
        with self._lock:
            waiting = dict(self._waiting)
        for each in waiting.values():
            if not isinstance(each.model, Setup):
                each.model = setup_of(each.model)
        try:
            with self._writing() as connection:
                for each in waiting.values():
                    assert isinstance(each.model, Setup)
                    store.add(connection, each.ended, each.model, each.run)
        except StoreError as fault:
            self.fault = str(fault)
            return
        with self._lock:
            for place in waiting:
                self._waiting.pop(place, None)
        self.fault = ""

    # ------------------------------------------------------------------------------------------- look for

    def page(self, wanted: Wanted, order: Order = NEWEST, number: int = 0, size: int = store.PAGE) -> Page:
        """A page of the entries that are wanted; see `store.record.page`. Raises StoreError."""
        with self._reading() as connection:
            return (
                Page(entries=(), total=0, number=0)
                if connection is None
                else store.page(connection, wanted, order, number, size)
            )

    def page_of(self, wanted: Wanted, order: Order, number: int) -> int | None:
        """The page on which an entry is found; None if it is not among the wanted. Raises StoreError."""
        with self._reading() as connection:
            return None if connection is None else store.page_of(connection, wanted, order, number)

    def entries(self, numbers: Iterable[int]) -> tuple[Entry, ...]:
        """The entries of some numbers that are still there. Raises StoreError."""
        with self._reading() as connection:
            return () if connection is None else store.entries(connection, numbers)

    def timeline(self, metric: str, wanted: Wanted) -> pl.DataFrame:
        """One metric over the entries that are wanted; see `store.record.timeline`. Raises StoreError."""
        with self._reading() as connection:
            return pl.DataFrame() if connection is None else store.timeline(connection, metric, wanted)

    def facets(self) -> Facets:
        """What the entries can be filtered and sorted by. Raises StoreError."""
        with self._reading() as connection:
            return Facets() if connection is None else store.facets(connection)

    # ----------------------------------------------------------------------------------------------- edit

    def tag(self, numbers: Sequence[int], name: str) -> None:
        """Give some entries a tag. Raises StoreError."""
        with self._writing() as connection:
            store.tag(connection, numbers, name)

    def untag(self, numbers: Sequence[int], name: str) -> None:
        """Take a tag from some entries. Raises StoreError."""
        with self._writing() as connection:
            store.untag(connection, numbers, name)

    def note(self, number: int, text: str) -> None:
        """Set the note of an entry. Raises StoreError."""
        with self._writing() as connection:
            store.note(connection, number, text)

    def delete(self, numbers: Sequence[int]) -> None:
        """Take some entries out of the record, for good. Raises StoreError."""
        with self._writing() as connection:
            store.delete(connection, numbers)

    # -------------------------------------------------------------------------------------------- the file

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection whose one transaction is whole or nothing. Raises StoreError."""
        with ExitStack() as stack:
            connection = _patiently(stack, self._library.adding)
            try:
                connection.begin()
                yield connection
                connection.commit()
            except duckdb.Error as fault:
                raise self._library.refusal("own", fault) from fault

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """A connection to read from; None where there is no database yet. Raises StoreError."""
        with ExitStack() as stack:
            yield _patiently(stack, lambda: self._library.reading("own")) if self._library.has("own") else None


def setup_of(model: LoadedModel) -> Setup:
    """What runs of a model are made with; its fingerprint takes a while the first time."""
    found = versions()
    return Setup(
        model=model.name,
        source=model.source,
        fingerprint=model.fingerprint,
        device=model.device_name,
        dtype=model.precision,
        program=found[PROGRAM],
        torch=found["torch"],
        transformers=found["transformers"],
    )


def _patiently(
    stack: ExitStack, connected: Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
) -> duckdb.DuckDBPyConnection:
    """A connection, asked for until another program has let go of the file. Raises StoreError."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return stack.enter_context(connected())
        except BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)
