"""Named questions to a database of screens."""

from typing import Any

import duckdb

_REPORT = """
    SELECT count(*) FILTER (operation <> 'control') AS mutants,
           count(*) FILTER (operation <> 'control' AND first_divergence IS NOT NULL) AS nonsilent,
           count(DISTINCT phenotype) FILTER (operation <> 'control') AS phenotypes,
           count(*) FILTER (operation <> 'control' AND near_tie) AS near_ties,
           count(*) FILTER (operation <> 'control' AND overflow) AS overflows,
           count(*) FILTER (operation = 'control') AS controls,
           count(*) FILTER (operation = 'control' AND first_divergence IS NOT NULL) AS failed_controls
    FROM mutants WHERE screen = ?
"""


def screen_report(connection: duckdb.DuckDBPyConnection, screen: int) -> dict[str, Any]:
    """Counts of a screen, controls apart; its baseline, and whether all of it is there."""
    answer = connection.execute(_REPORT, [screen])
    names = [column[0] for column in answer.description or []]
    (row,) = answer.fetchall()
    counts = dict(zip(names, row, strict=True))
    ((text, finished, planned),) = connection.execute(
        "SELECT baseline_text, finished IS NOT NULL, mutants FROM screens WHERE screen = ?", [screen]
    ).fetchall()
    return {"screen": screen, "planned": planned, "is_finished": finished, **counts, "baseline": text}
