"""TOML files of the user: read, or refused with the file and the line."""

import tomllib
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError


def read_toml(path: Path, error: type[ExplorerError]) -> tuple[str, dict[str, Any]]:
    """The text of a file, and what it holds. Raises `error`."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{path}: {fault}") from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise error(f"{path} cannot be read: {fault}") from fault
