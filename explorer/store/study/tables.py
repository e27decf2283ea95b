"""The tables that the study published: one of non-silent mutations with their measures, one of counts.

CSV files and the sheets of Excel files. What is in their cells is read elsewhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl

from explorer.store.study.rows import FAULT_TYPES, fault

MEASURE_COLUMNS = {
    "matrix": "id",
    "nsm type": "operation",
    "nsm loc1": "down",
    "nsm loc2": "across",
    "mmlu21 score": "score",
    "destructive nsm": "destructive",
    "drosophila cosine similarity": "cosine",
}
"""The columns of a table of measures, and our names for them."""
_KEY_COLUMNS = ("matrix", "nsm type", "nsm loc1", "nsm loc2")
_COUNTED = "mid"
"""The first column of a table of counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of strings, as it was read."""

    is_count: bool
    columns: tuple[str, ...]
    """As they are written there."""
    rows: pl.DataFrame
    """file, line, and a column for each, by its place: `0`, `1`, ..."""
    faults: pl.DataFrame


def read_csv(file: str, text: Callable[[], str], start: str) -> Table | None:
    """The table of a CSV file; None if its start is not that of a table of the study. Raises csv.Error."""
    separator = max(",;\t", key=start.lstrip().partition("\n")[0].count)
    if _kind(next(csv.reader(io.StringIO(start.lstrip()), delimiter=separator), [])) is None:
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


def _kind(header: Sequence[str]) -> str | None:
    names = [plain(name) for name in header]
    if set(_KEY_COLUMNS) <= set(names) and set(names) & (set(MEASURE_COLUMNS) - set(_KEY_COLUMNS)):
        return "measures"
    return "counts" if names[:1] == [_COUNTED] and len(names) > 1 else None


def plain(name: str) -> str:
    """The name of a column, whatever its blanks and capitals."""
    return " ".join(name.split()).lower()


def _table(file: str, lines: Iterable[tuple[int, list[str]]]) -> Table | None:
    filled = ((line, row) for line, row in lines if any(cell.strip() for cell in row))
    _, header = next(filled, (0, []))
    kind = _kind(header)
    if kind is None:
        return None
    good, bad = [], [pl.DataFrame(schema=FAULT_TYPES)]
    for line, row in filled:
        if len(row) == len(header):
            good.append((file, line, *(cell.strip() or None for cell in row)))
        else:
            bad.append(fault(file, line, f"The row has {len(row)} cells, not {len(header)} as the header."))
    schema = {"file": pl.String, "line": pl.Int64, **{str(place): pl.String for place in range(len(header))}}
    return Table(
        is_count=kind == "counts",
        columns=tuple(header),
        rows=pl.DataFrame(good, schema=schema, orient="row"),
        faults=pl.concat(bad),
    )
