"""Which of some files are the study's, known by what they hold; and of which model and experiment they are.

A table is read here; of a log, a code file, a mark and a standard output the path is kept, for there may be gigabytes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from explorer.domain.errors import StoreError
from explorer.store.study.names import MATRIX, day_of, experiment_in
from explorer.store.study.shape import Shape, shape_in
from explorer.store.study.tables import Table, read_csv, read_workbook
from explorer.store.study.texts import HEADING, MUTATION_LINE

_HEAD = 65536
"""Bytes by which a file is known."""
_FIRST_LINES = 10
"""Of which one at least is a mutation, in a log."""
_STANDARD = re.compile(r"_std(?:_[0-9]+)?(?:\.[A-Za-z]+)?$")
"""The end of the name of a file with the standard output alone."""

Kind = Literal["log", "code", "mark", "standard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that a program of the study wrote."""

    kind: Kind
    path: Path
    model: Shape | None
    """That its name, or that of its folder, tells; as the next."""
    experiment: str | None
    day: date | None
    """Of the run, where its name ends in one."""

    def text(self) -> str:
        """What it holds. Raises OSError, and UnicodeDecodeError."""
        return self.path.read_text(encoding="utf-8-sig")


@dataclass(frozen=True, slots=True)
class Files:
    """What was found, in the order of the paths."""

    written: list[Written] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    """`file` and `reason`."""

    def of(self, kind: Kind) -> list[Written]:
        """Those of one kind."""
        return [each for each in self.written if each.kind == kind]


def read_files(
    paths: Sequence[Path], known: Sequence[str] = (), tell: Callable[[str], None] = lambda _sentence: None
) -> Files:
    """Look through files, and those in folders; `known` are names of experiments beside the study's.

    Raises StoreError if one is missing, or if none is of the study.
    """
    found = Files()
    for number, path in enumerate(_listed(paths), 1):
        tell(f"Looking at file {number:,}: {path.name}")
        try:
            _read(path, found, known)
        except (OSError, ValueError, csv.Error) as problem:
            _skip(found, str(path), f"It cannot be read: {problem}")
    if not (found.of("log") or found.of("code") or found.tables):
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


def _read(path: Path, found: Files, known: Sequence[str]) -> None:
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
    elif kind := _kind(path, start):
        _check_encoding(path)
        found.written.append(
            Written(
                kind=kind,
                path=path,
                model=shape_in(path.name) or shape_in(path.parent.name),
                experiment=experiment_in(str(path), known),
                day=day_of(path.name),
            )
        )
    else:
        _keep(found, str(path), read_csv(str(path), lambda: path.read_text(encoding="utf-8-sig"), start))


def _kind(path: Path, start: str) -> Kind | None:
    """What a file is by its first lines, or by its name where it could be any text."""
    lines = [line for line in start.splitlines() if line.strip()]
    if re.match(rf"\s*{HEADING}", start):
        return "code"
    if any(re.fullmatch(MUTATION_LINE, line) for line in lines[:_FIRST_LINES]):
        return "log"
    if lines and all(re.fullmatch(MATRIX, line.strip()) for line in lines[:_FIRST_LINES]):
        return "mark"
    if len(lines) == 1 and re.fullmatch(r"\s*[0-9]+\s*,\s*[0-9]+\s*", lines[0]) and "finished" in path.name:
        return "mark"
    return "standard" if lines and _STANDARD.search(path.name) else None


def _check_encoding(path: Path) -> None:
    """Raises UnicodeDecodeError for a file that is no UTF-8."""
    with path.open(encoding="utf-8-sig") as file:
        for _ in iter(lambda: file.read(1 << 20), ""):
            pass


def _keep(found: Files, file: str, table: Table | None) -> None:
    if table is None:
        _skip(found, file, "It is no log, code file or table of the study.")
    else:
        found.tables.append(table)


def _skip(found: Files, file: str, reason: str) -> None:
    found.skipped.append({"file": file, "reason": reason})
