"""The map of one matrix of a screen: a row for each operation on each cell, pooled where there are too many units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import polars as pl

from explorer.domain.errors import StoreError
from explorer.store.frames import frame
from explorer.store.summaries import DESTRUCTIVE, FIRST_WORD, NONSILENT, SCORE, units_of

MOST_CELLS = 20_000
"""A map of more units is pooled: squares of them become one cell."""

SHOWN_TEXT = 90
"""Characters of a text that are told of a mutant."""

_JOINED = """
    FROM mutants t LEFT JOIN phenotypes p ON p.screen = t.screen AND p.phenotype = t.phenotype
    WHERE t.screen = $screen AND t.matrix = $matrix AND t.operation <> 'control'
      AND t.down BETWEEN $top AND $bottom AND t.across BETWEEN $left AND $right
"""
_UNITS = f"""
    SELECT t.down, t.across, t.operation::VARCHAR AS operation, 1 AS mutants, {NONSILENT}::INTEGER AS nonsilent,
           ({NONSILENT} AND {{reached}})::INTEGER AS shown,
           t.first_divergence, t.overflow, t.mean_kl, t.added_nll, p.cosine, {SCORE} AS score,
           {DESTRUCTIVE}::INTEGER AS destructive, p.style,
           left(p.text, {SHOWN_TEXT + 1}) AS text
    {_JOINED} ORDER BY ALL
"""
_POOLED = f"""
    SELECT (t.down // $cell)::UINTEGER AS down, (t.across // $cell)::UINTEGER AS across,
           t.operation::VARCHAR AS operation, count(*)::INTEGER AS mutants,
           count(*) FILTER ({NONSILENT})::INTEGER AS nonsilent,
           count(*) FILTER ({NONSILENT} AND {{reached}})::INTEGER AS shown,
           min(t.first_divergence) AS first_divergence, bool_or(t.overflow) AS overflow, max(t.mean_kl) AS mean_kl,
           max(t.added_nll) AS added_nll,
           min(p.cosine) AS cosine, min({SCORE}) AS score,
           max({DESTRUCTIVE}::INTEGER) AS destructive, NULL::VARCHAR AS style, NULL::VARCHAR AS text
    {_JOINED} GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a mutant must reach to be shown."""

    measure: Literal["cosine", "mean_kl", "first_divergence", "added_nll", "score", "destructive", "first_word"]
    value: float | str
    is_upper: bool = False
    """Whether it may be at most this, or must be at least; of a word: it is this one."""

    @property
    def condition(self) -> str:
        """In SQL."""
        if self.measure == "destructive":
            return DESTRUCTIVE
        if self.measure == "first_word":
            word = str(self.value).replace("'", "''")
            return f"coalesce({FIRST_WORD.format(table='p')} = '{word}', false)"
        column = {"cosine": "p.cosine", "score": SCORE}.get(self.measure, f"t.{self.measure}")
        return f"coalesce({column} {'<=' if self.is_upper else '>='} {float(self.value)}, false)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A rectangle of units."""

    rows: range
    columns: range


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixMap:
    """What is drawn of a matrix."""

    matrix: dict[str, Any]
    """Its row of the table `matrices`."""
    window: Window
    """The units that are shown."""
    is_whole: bool
    """Whether these are all."""
    cell: int
    """Units along the side of a cell."""
    cells: pl.DataFrame
    """down, across (in cells, from the matrix's first), operation, mutants, nonsilent, shown (those of the
    non-silent that reach the bound), first_divergence (least), overflow (any), mean_kl and added_nll (highest), cosine
    and score (least); style and text of a cell that is one unit."""


def matrix_map(
    connection: duckdb.DuckDBPyConnection,
    screen: int,
    name: str,
    window: Window | None = None,
    bound: Bound | None = None,
) -> MatrixMap:
    """The map of a matrix, or of a rectangle of its units. Raises StoreError for a matrix that is not in the screen."""
    found = frame(
        connection, "SELECT * FROM matrices WHERE screen = $screen AND name = $name", screen=screen, name=name
    )
    if found.is_empty():
        raise StoreError(f"{name} is not in this screen: choose one of its matrices.")
    matrix = found.row(0, named=True)
    down, across = units_of(matrix)
    whole = Window(rows=range(down), columns=range(across))
    shown = whole if window is None else _within(window, whole)
    cell = 1
    while -(-len(shown.rows) // cell) * -(-len(shown.columns) // cell) > MOST_CELLS:
        cell += 1
    values: dict[str, object] = {
        "screen": screen,
        "matrix": matrix["matrix"],
        "top": shown.rows.start,
        "bottom": shown.rows.stop - 1,
        "left": shown.columns.start,
        "right": shown.columns.stop - 1,
    }
    reached = "TRUE" if bound is None else bound.condition
    query = (_UNITS if cell == 1 else _POOLED).format(reached=reached)
    cells = frame(connection, query, **values, **({} if cell == 1 else {"cell": cell}))
    return MatrixMap(matrix=matrix, window=shown, is_whole=shown == whole, cell=cell, cells=cells)


def _within(window: Window, whole: Window) -> Window:
    """The part of a window that is in the matrix; all of it, if that is nothing."""
    rows, columns = (_cut(part, of) for part, of in ((window.rows, whole.rows), (window.columns, whole.columns)))
    return Window(rows=rows, columns=columns) if len(rows) and len(columns) else whole


def _cut(part: range, whole: range) -> range:
    return range(max(part.start, whole.start), min(part.stop, whole.stop))
