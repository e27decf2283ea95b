"""Named questions to a database of screens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import polars as pl

from explorer.domain import Decoding, Prompt

Shelf = Literal["bundled", "own"]
"""Which database a screen is in: that of the project, or the user's."""

_SCREENS = """
    WITH progress AS (SELECT screen, sum(mutants)::BIGINT AS done FROM batches GROUP BY screen)
    SELECT s.screen, m.name AS model, e.title, e.name AS experiment, e.prompt, e.chat, e.max_new_tokens, e.temperature,
           e.top_p, e.seed, s.plan, s.background, s.mode, s.mutants, coalesce(p.done, 0) AS done, s.baseline_text
    FROM screens s JOIN models m USING (model) JOIN experiments e USING (experiment) LEFT JOIN progress p USING (screen)
    ORDER BY s.screen
"""
_SHARES = """
    WITH counted AS (
        SELECT matrix, count(*) AS mutants, count(first_divergence) AS nonsilent
        FROM mutants WHERE screen = $screen AND operation <> 'control' GROUP BY matrix
    )
    SELECT x.name, x.layer, x.kind, x.rows, x.columns, x.unit_rows, x.unit_columns,
           coalesce(c.mutants, 0) AS mutants, c.nonsilent / c.mutants AS share
    FROM matrices x LEFT JOIN counted c USING (matrix) WHERE x.screen = $screen ORDER BY x.matrix
"""
_MUTANTS = """
    SELECT t.down, t.across, t.operation::VARCHAR AS operation, t.first_divergence, t.mean_kl, t.added_nll, t.near_tie,
           p.text, p.style, p.cosine, p.perplexity
    FROM mutants t JOIN matrices x ON x.screen = t.screen AND x.matrix = t.matrix
    LEFT JOIN phenotypes p ON p.screen = t.screen AND p.phenotype = t.phenotype
    WHERE t.screen = $screen AND x.name = $matrix AND t.operation <> 'control' ORDER BY ALL
"""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScreen:
    """One screen of a database."""

    shelf: Shelf
    screen: int
    model: str
    experiment: str
    title: str
    prompt: Prompt
    decoding: Decoding
    plan: dict[str, Any]
    background: str
    mode: str
    mutants: int
    """Planned, controls included; as the next."""
    done: int
    baseline: str
    """The standard output."""


def stored_screens(connection: duckdb.DuckDBPyConnection, shelf: Shelf) -> list[StoredScreen]:
    """All screens, in the order in which they were begun."""
    return [
        StoredScreen(
            shelf=shelf,
            screen=row["screen"],
            model=row["model"],
            experiment=row["experiment"],
            title=row["title"],
            prompt=Prompt(text=row["prompt"], chat=row["chat"]),
            decoding=Decoding(**{name: row[name] for name in ("max_new_tokens", "temperature", "top_p", "seed")}),
            plan=json.loads(row["plan"]),
            background=row["background"],
            mode=row["mode"],
            mutants=row["mutants"],
            done=row["done"],
            baseline=row["baseline_text"],
        )
        for row in _frame(connection, _SCREENS).iter_rows(named=True)
    ]


def matrix_shares(connection: duckdb.DuckDBPyConnection, screen: int) -> pl.DataFrame:
    """Each matrix of a screen with its size, that of its units, its mutants so far and the share of the non-silent."""
    return _frame(connection, _SHARES, screen=screen)


def matrix_mutants(connection: duckdb.DuckDBPyConnection, screen: int, matrix: str) -> pl.DataFrame:
    """The mutants of one matrix, controls left out, with their phenotypes; empty for a matrix that is not in it."""
    return _frame(connection, _MUTANTS, screen=screen, matrix=matrix)


def _frame(connection: duckdb.DuckDBPyConnection, query: str, **values: object) -> pl.DataFrame:
    frame: pl.DataFrame = connection.sql(query, params=values or None).pl()
    return frame
