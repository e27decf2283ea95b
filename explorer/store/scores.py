"""The scores of a screen on a task: of each mutant, the questions that it gains and loses against the standard."""

from __future__ import annotations

import duckdb
import polars as pl

from explorer.store.frames import frame

_SCORES = """
    SELECT x.layer, x.kind, x.rows, x.columns, x.unit_rows, x.unit_columns, t.down, t.across,
           t.operation::VARCHAR AS operation, p.score,
           coalesce(try_cast(split_part(p.score, '|', 2) AS INTEGER), 0) AS gained,
           coalesce($right - try_cast(split_part(p.score, '|', 1) AS INTEGER), 0) AS lost
    FROM mutants t JOIN matrices x USING (screen, matrix) LEFT JOIN phenotypes p USING (screen, phenotype)
    WHERE t.screen = $screen AND t.operation <> 'control' AND NOT t.near_tie
    ORDER BY t.matrix, t.down, t.across, t.operation
"""


def scores(connection: duckdb.DuckDBPyConnection, screen: int, right: int) -> pl.DataFrame:
    """A row a mutant, the silent ones with nothing gained or lost; `right` is how many the standard gets.

    Mutants with a near tie are left out: rounding may have decided their score.
    """
    return frame(connection, _SCORES, screen=screen, right=right)
