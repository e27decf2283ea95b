"""The tables that the study published: mutations with their measures, counts, distinct phenotypes, totals.

CSV files and the sheets of Excel files. What is in their cells is read elsewhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import fastexcel
import polars as pl

from explorer.store.study.rows import FAULT_TYPES, fault, joined
from explorer.store.study.shape import Shape, shape_in

MEASURE_COLUMNS = {
    "matrix": "id",
    "nsm type": "operation",
    "nsm loc1": "down",
    "nsm loc2": "across",
    "mmlu21 score": "score",
    "destructive nsm": "destructive",
    "drosophila cosine similarity": "cosine",
    "drosophila cosine similirity": "cosine",
}
"""The columns of a table of measures, the study's own misspelling among them, and our names for them."""
_KEY_COLUMNS = ("matrix", "nsm type", "nsm loc1", "nsm loc2")
_COUNTED = "mid"
"""The first column of a table of counts."""
TOTAL_COLUMNS = {
    "model": "model",
    "experiment": "experiment",
    "total maximum nsms": "max",
    "total minimum nsms": "min",
    "total zero nsms": "zero",
}
"""The columns of a table of totals, and our names for them."""

Kind = Literal["measures", "counts", "phenotypes", "totals"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of strings, as it was read."""

    kind: Kind
    name: str
    """Of the file, and the sheet in it."""
    columns: tuple[str, ...]
    """As they are written there."""
    rows: pl.DataFrame
    """file, line, and a column for each, by its place: `0`, `1`, ..."""
    faults: pl.DataFrame
    model: Shape | None = None
    """That its name tells."""


def read_csv(file: str, text: Callable[[], str], start: str) -> Table | None:
    """The table of a CSV file; None if its start is not that of a table of the study. Raises csv.Error."""
    separator = max(",;\t", key=start.lstrip().partition("\n")[0].count)
    if _kind(next(csv.reader(io.StringIO(start.lstrip()), delimiter=separator), []), file) is None:
        return None
    reader = csv.reader(io.StringIO(text(), newline=""), delimiter=separator)
    return _table(file, ((reader.line_num, row) for row in reader))


def read_workbook(path: Path) -> dict[str, Table | None]:
    """The sheets of an Excel file, as `read_csv`. Raises ValueError with a reason if it cannot be read."""
    try:
        sheets = pl.read_excel(
            path, sheet_id=0, has_header=False, infer_schema_length=0, read_options={"skip_rows": 0},
            drop_empty_rows=False, drop_empty_cols=False, raise_if_empty=False,
        )  # fmt: skip
    except fastexcel.FastExcelError as problem:
        raise ValueError(str(problem).splitlines()[0]) from problem
    names = {name: f"{path}[{name}]" for name in sheets}
    return {
        names[name]: _table(names[name], enumerate(([cell or "" for cell in row] for row in sheet.rows()), 1))
        for name, sheet in sheets.items()
    }


def plain(name: str) -> str:
    """The name of a column, whatever its blanks and capitals."""
    return " ".join(name.split()).lower()


def _kind(header: Sequence[str], file: str) -> Kind | None:
    names = [plain(name) for name in header]
    if set(_KEY_COLUMNS) <= set(names) and set(names) & (set(MEASURE_COLUMNS) - set(_KEY_COLUMNS)):
        return "measures"
    if {"model", "experiment"} <= set(names) and any(name.startswith("total ") for name in names):
        return "totals"
    if names[:1] != [_COUNTED] or len(names) == 1:
        return None
    # nothing in such a table tells the two apart, so its name has to
    return "phenotypes" if any(sign in _own_name(file) for sign in ("phenot", "distinct")) else "counts"


def _own_name(file: str) -> str:
    """The name of a sheet, or else of a file without its folders."""
    sheet = file.rpartition("[")[2].removesuffix("]") if file.endswith("]") else ""
    return (sheet or Path(file).name).lower()


def _table(file: str, lines: Iterable[tuple[int, list[str]]]) -> Table | None:
    filled = ((line, row) for line, row in lines if any(cell.strip() for cell in row))
    first, header = next(filled, (0, []))
    kind = _kind(header, file)
    if kind is None:
        return None
    width = len(header)  # in a table of counts a column may have no name
    if kind in ("measures", "totals"):
        width = max(place for place, name in enumerate(header, 1) if name.strip())
    good, bad = [], [pl.DataFrame(schema=FAULT_TYPES)]
    for line, row in filled:
        if len(row) != len(header):
            bad.append(fault(file, line, f"The row has {len(row)} cells, not {len(header)} as the header."))
            continue
        beyond = sum(bool(cell.strip()) for cell in row[width:])
        if beyond:
            bad.append(fault(file, line, f"{beyond} cells stand under no header: they are left out."))
        good.append((file, line, *(cell.strip() or None for cell in row)))
    names = [plain(name) for name in header[:width]]
    twice = joined(name for name in dict.fromkeys(names) if name and names.count(name) > 1)
    if twice and kind in ("measures", "totals"):
        bad.append(fault(file, first, f"The header names {twice} more than once: the last column counts."))
    schema = {"file": pl.String, "line": pl.Int64, **{str(place): pl.String for place in range(len(header))}}
    rows = pl.DataFrame(good, schema=schema, orient="row")
    return Table(
        kind=kind,
        name=file,
        columns=tuple(header[:width]),
        rows=rows.select("file", "line", *(str(place) for place in range(width))),
        faults=pl.concat(bad),
        model=shape_in(_own_name(file)) or shape_in(Path(file).name),
    )
