"""Which of some files are the study's, known by what they hold and not by their names."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from explorer.domain.errors import StoreError
from explorer.store.study.tables import Table, read_csv, read_workbook
from explorer.store.study.texts import HEADING, MUTATION_LINE

_HEAD = 65536
"""Bytes by which a file is known."""
_FIRST_LINES = 10
"""Of which one at least is a mutation, in a log."""


@dataclass(frozen=True, slots=True)
class Files:
    """What was found, by path and in the order of the paths."""

    logs: dict[str, str] = field(default_factory=dict)
    """Their text, as the next."""
    codes: dict[str, str] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    """`file` and `reason`."""


def read_files(paths: Sequence[Path]) -> Files:
    """Read files, and those in folders. Raises StoreError if one is missing, or if none is of the study."""
    found = Files()
    for path in _listed(paths):
        try:
            _read(path, found)
        except (OSError, ValueError, csv.Error) as problem:
            _skip(found, str(path), f"It cannot be read: {problem}")
    if not (found.logs or found.codes or found.tables):
        names = ", ".join(str(path) for path in paths)
        why = "".join(f" {each['file']}: {each['reason']}" for each in found.skipped[:1])
        raise StoreError(f"There is no log, code file or table of the study in {names}.{why}")
    return found


def _listed(paths: Sequence[Path]) -> Iterator[Path]:
    """Each file once."""
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise StoreError(f"There is no file or folder {', '.join(missing)}: name files of the study, or their folder.")
    files = (file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*"))))
    seen = {file.resolve(): file for file in files if file.is_file()}
    return iter(seen.values())


def _read(path: Path, found: Files) -> None:
    """Put a file where it belongs."""
    if path.suffix.lower() == ".xlsx":
        for sheet, table in read_workbook(path).items():
            _keep(found, sheet, table)
        return
    with path.open("rb") as file:
        head = file.read(_HEAD)
    start = head.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")
    if b"\0" in head:
        _skip(found, str(path), "It is no text.")
    elif re.match(rf"\s*{HEADING}", start):
        found.codes[str(path)] = _text(path)
    elif _is_log(start):
        found.logs[str(path)] = _text(path)
    else:
        _keep(found, str(path), read_csv(str(path), lambda: _text(path), start))


def _keep(found: Files, file: str, table: Table | None) -> None:
    if table is None:
        _skip(found, file, "It is no log, code file or table of the study.")
    else:
        found.tables.append(table)


def _skip(found: Files, file: str, reason: str) -> None:
    found.skipped.append({"file": file, "reason": reason})


def _is_log(start: str) -> bool:
    lines = [line for line in start.splitlines() if line.strip()]
    return any(re.fullmatch(MUTATION_LINE, line) for line in lines[:_FIRST_LINES])


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")
