"""Files and folders that appear whole or not at all, and never in the place of others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from explorer.domain.errors import ExchangeError, ExplorerError


def check_new_file(path: Path) -> None:
    """Refuse a path where there is something. Raises ExchangeError."""
    if path.exists():
        raise ExchangeError(f"{path} exists already: name a new file, so that nothing is lost.")


def check_new_folder(folder: Path, error: type[ExplorerError] = ExchangeError) -> None:
    """Refuse a folder that holds something. Raises `error`."""
    if folder.exists() and not folder.is_dir():
        raise error(f"{folder} is a file: name a new folder.")
    if folder.is_dir() and any(folder.iterdir()):
        raise error(f"{folder} is not empty: name a new folder, so that nothing is lost.")


def unfinished(path: Path) -> Path:
    """Where a file or folder grows until it is complete: beside it, so that it can be renamed."""
    return path.with_name(f"{path.name}.{os.getpid()}.unfinished")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to; what is there in the end takes the place of `path`, unless something is raised."""
    growing = unfinished(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield growing
        growing.replace(path)
    finally:
        growing.unlink(missing_ok=True)


def stamps_of(folder: Path) -> tuple[tuple[str, int], ...]:
    """The files of a folder with the times at which they were changed last: equal as long as nothing is."""
    return tuple(sorted((file.name, file.stat().st_mtime_ns) for file in folder.iterdir()))
