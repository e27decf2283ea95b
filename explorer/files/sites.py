"""Files of places in matrices, one a line: rectangles of weights, by their rows and columns."""

from __future__ import annotations

from pathlib import Path

from explorer.domain.errors import PlanError


def read_sites(path: Path) -> tuple[str, ...]:
    """The places of a file, such as `11.down[0:96,96:192]`; blank lines and comments after `#` are left out.

    Raises PlanError if it cannot be read, or has none.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise PlanError(f"{path} cannot be read: {fault}. Name a text file of places, one a line.") from fault
    return sites_of("\n".join(lines), str(path))


def sites_of(text: str, whose: str) -> tuple[str, ...]:
    """The places of a text. Raises PlanError if it has none."""
    sites = tuple(filter(None, (line.partition("#")[0].strip() for line in text.splitlines())))
    if not sites:
        raise PlanError(f"{whose} holds no place: write some such as 11.down[0:96,96:192], one a line.")
    return tuple(dict.fromkeys(sites))
