"""Thresholds from a TOML file (docs/watch.md)."""

from dataclasses import fields
from pathlib import Path

from explorer.domain.errors import WatchError
from explorer.domain.thresholds import Thresholds
from explorer.files.toml import line_of, read_toml


def read_thresholds(path: Path) -> Thresholds:
    """Read a file. Raises WatchError with file and line."""
    text, table = read_toml(path, WatchError)
    known = [field.name for field in fields(Thresholds)]
    for key, value in table.items():
        line = line_of(text, key)
        if key not in known:
            raise WatchError(f"{path}, line {line}: there is no threshold '{key}'. Known: {', '.join(known)}.")
        if type(value) not in (int, float) or not value >= 0:
            raise WatchError(f"{path}, line {line}: '{key}' must be a number of 0 or more.")
    return Thresholds(**table)
