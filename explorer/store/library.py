"""The databases of screens that the page shows: the bundled one, which is only read, and the user's own.

One process writes a database through one connection; whoever reads it meanwhile gets a cursor of that connection.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import duckdb

from explorer.domain.errors import BusyError, StoreError
from explorer.domain.screens import Shelf
from explorer.store.database import opened, refusal, told
from explorer.store.parquet import looked_at

SHELVES: tuple[Shelf, ...] = ("own", "bundled")
"""The databases, in the order in which they are shown."""


class Library:
    """Opens the two databases, for any thread."""

    def __init__(self, bundled: Path, own: Path) -> None:
        self.paths: dict[Shelf, Path] = {"bundled": bundled, "own": own}
        self._lock = threading.RLock()
        self._written: dict[Path, duckdb.DuckDBPyConnection] = {}
        self._writers: dict[Path, threading.Lock] = {}
        """One writer at a time, of each database."""
        self._folders: dict[Path, duckdb.DuckDBPyConnection] = {}
        """Views of folders of Parquet files: they hold no file, so they may stay open."""
        self._held: ExitStack | None = None
        self._open: dict[Path, duckdb.DuckDBPyConnection] = {}
        """Those that are held open."""

    def update(self) -> None:
        """Bring the user's own database to the present version, if it is there and nobody holds it."""
        if self.paths["own"].is_file():
            with suppress(StoreError), opened(self.paths["own"]):
                pass

    def has(self, shelf: Shelf) -> bool:
        """Whether there is such a database."""
        return self.paths[shelf].exists()

    @contextmanager
    def reading(self, shelf: Shelf) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to read from. Raises StoreError."""
        path = self.paths[shelf]
        with self._lock:
            if path.is_dir() and path not in self._folders:
                self._folders[path] = looked_at(path)
            kept = self._written.get(path) or self._folders.get(path) or self._open.get(path)
            if kept is None and self._held is not None:
                kept = self._open[path] = self._held.enter_context(opened(path, read_only=True))
            if kept is None:
                with opened(path, read_only=True) as connection:
                    yield connection
                return
            with told(path), closing(kept.cursor()) as cursor:
                yield cursor

    @contextmanager
    def held(self) -> Iterator[None]:
        """While it lasts, a database that has been read stays open for this thread's next question."""
        with self._lock:
            if self._held is not None:
                yield
                return
            with ExitStack() as held:
                self._held = held
                try:
                    yield
                finally:
                    self._held = None
                    self._open.clear()

    @contextmanager
    def writing(self, path: Path | None = None, *, waits: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to write with, to the user's own database unless another is named. Raises StoreError.

        There is one writer at a time: the next one waits, or is refused.
        """
        path = path or self._own_path()
        with self._lock:
            writer = self._writers.setdefault(path, threading.Lock())
        if not writer.acquire(blocking=waits):
            raise BusyError("A screen or an import is being written: wait until it has ended, or stop it.")
        try:
            with self._lock:
                manager = opened(path)
                connection = self._written[path] = manager.__enter__()
            try:
                yield connection
            finally:
                with self._lock:
                    del self._written[path]
                    manager.__exit__(None, None, None)
        finally:
            writer.release()

    @contextmanager
    def adding(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a short write to the user's own database, a screen may be writing it. Raises StoreError."""
        path = self._own_path()
        with self._lock:
            kept = self._written.get(path)
            if kept is None:
                with opened(path) as connection:
                    yield connection
                return
            with told(path), closing(kept.cursor()) as cursor:
                yield cursor

    def refusal(self, shelf: Shelf, fault: duckdb.Error) -> StoreError:
        """What a write that failed means for a user, as an error to be raised."""
        return refusal(self.paths[shelf], fault)

    def _own_path(self) -> Path:
        path = self.paths["own"]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreError(
                f"The folder {path.parent} for the database cannot be made: set EXPLORER_DATABASE to another file."
            ) from fault
        return path
