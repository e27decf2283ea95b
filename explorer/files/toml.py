"""TOML files of the user: read, or refused with the file and the line."""

import re
import tomllib
from pathlib import Path
from typing import Any

from explorer.domain.errors import ExplorerError

_ORDER = re.compile(r"^[0-9]+-")


def name_of(path: Path) -> str:
    """The name of what a file holds: its stem, less a number that orders the files."""
    return _ORDER.sub("", path.stem)


def toml_files(folder: Path, error: type[ExplorerError]) -> list[Path]:
    """The files of a folder in the order of their names. Raises `error` where two of them name the same."""
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.toml")):
        other = found.setdefault(name_of(path), path)
        if other != path:
            raise error(f"{path}: {other.name} has the name '{name_of(path)}' already. Rename one of the two.")
    return list(found.values())


def read_toml(path: Path, error: type[ExplorerError]) -> tuple[str, dict[str, Any]]:
    """The text of a file, and what it holds. Raises `error`."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{path}: {fault}") from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise error(f"{path} cannot be read: {fault}") from fault


def check_table(
    path: Path,
    text: str,
    table: dict[str, Any],
    expected: dict[str, tuple[type, ...]],
    error: type[ExplorerError],
    start: int = 1,
) -> None:
    """Refuse unknown keys and values of other types, with their line, from `start` on. Raises `error`."""
    for key, value in table.items():
        line = line_of(text, key, start)
        if key not in expected:
            raise error(f"{path}, line {line}: there is no key '{key}'. Known keys: {', '.join(expected)}.")
        if type(value) not in expected[key]:
            wanted = " or ".join(kind.__name__ for kind in expected[key])
            raise error(f"{path}, line {line}: '{key}' must be of type {wanted}.")


def line_of(text: str, key: str, start: int = 1) -> int:
    """The first line, from `start` on, that begins with the key; `start` if none does."""
    lines = enumerate(text.splitlines(), 1)
    found = (number for number, line in lines if number >= start and line.lstrip(" [").startswith(key))
    return next(found, start)
