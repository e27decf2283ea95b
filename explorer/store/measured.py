"""Mutants of a screen with what was measured of them: below a limit, or by the first word of what they say."""

from __future__ import annotations

import duckdb
import polars as pl

from explorer.store.frames import frame
from explorer.store.summaries import COSINE_BIN, FIRST_WORD, SCORE

SITE = ("layer", "kind", "rows", "columns", "unit_rows", "unit_columns", "down", "across", "operation")
"""The columns that name a mutant in any screen of a model."""

_BELOW = """
    SELECT x.layer, x.kind, x.rows, x.columns, x.unit_rows, x.unit_columns, t.down, t.across,
           t.operation::VARCHAR AS operation, {value} AS value
    FROM mutants t JOIN matrices x USING (screen, matrix) JOIN phenotypes p USING (screen, phenotype)
    WHERE t.screen = $screen AND t.operation <> 'control' AND {value} <= $limit
    ORDER BY ALL
"""
_BEGINNINGS = f"""
    WITH said AS (
        SELECT phenotype, {FIRST_WORD.format(table="p")} AS word, {COSINE_BIN} AS cosine
        FROM phenotypes p WHERE screen = $screen AND style IS NOT NULL
    )
    SELECT s.word, x.layer, x.kind, t.operation::VARCHAR AS operation, s.cosine, count(*)::INTEGER AS mutants
    FROM mutants t JOIN matrices x USING (screen, matrix) JOIN said s USING (phenotype)
    WHERE t.screen = $screen AND t.operation <> 'control'
    GROUP BY ALL ORDER BY ALL
"""
_VALUES = {"score": SCORE, "cosine": "p.cosine"}


def below(connection: duckdb.DuckDBPyConnection, screen: int, measure: str, limit: float) -> pl.DataFrame:
    """The mutants whose `score` or `cosine` is at most a limit: columns `SITE` and value.

    Those whose measure is not known are left out; a silent one answers as the standard does, and has none.
    """
    return frame(connection, _BELOW.format(value=_VALUES[measure]), screen=screen, limit=limit)


def beginnings(connection: duckdb.DuckDBPyConnection, screen: int) -> pl.DataFrame:
    """Non-silent mutants with a text by its first word: columns word, layer, kind, operation, cosine (bin), mutants."""
    return frame(connection, _BEGINNINGS, screen=screen)
