"""Named questions to a database of screens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import duckdb
import polars as pl

from explorer.domain.decoding import Decoding, Prompt, read_extras
from explorer.domain.screens import Shelf, StoredScreen
from explorer.store.frames import frame
from explorer.store.summaries import counts
from explorer.store.tasks import read_task

_SCREENS = """
    WITH progress AS (SELECT screen, sum(mutants)::BIGINT AS done FROM batches GROUP BY screen)
    SELECT s.screen, m.name AS model, m.layers, e.title, e.name AS experiment, e.prompt, e.chat, e.max_new_tokens,
           e.temperature, e.top_p, e.seed, e.top_k, e.max_length, e.task, e.extras,
           s.plan, s.background, s.mode, s.mutants, s.is_partial,
           coalesce(p.done, 0) AS done, s.baseline_text
    FROM screens s JOIN models m USING (model) JOIN experiments e USING (experiment) LEFT JOIN progress p USING (screen)
    ORDER BY s.screen
"""


def screen_report(connection: duckdb.DuckDBPyConnection, screen: int) -> dict[str, Any]:
    """Counts of a screen, controls apart; its baseline, and whether all of it is there."""
    whole = counts(connection, screen).filter(pl.col("layer").is_null() & pl.col("kind").is_null())
    names = ("mutants", "nonsilent", "phenotypes", "near_ties", "overflows")
    told = _totals(whole.filter(pl.col("operation").is_null()), names)
    controls = _totals(whole.filter(pl.col("operation") == "control"), ("mutants", "nonsilent"))
    ((text, finished, planned),) = connection.execute(
        "SELECT baseline_text, finished IS NOT NULL, mutants FROM screens WHERE screen = ?", [screen]
    ).fetchall()
    return {
        "screen": screen,
        "planned": planned,
        "is_finished": finished,
        **told,
        "controls": controls["mutants"],
        "failed_controls": controls["nonsilent"],
        "baseline": text,
    }


def _totals(rows: pl.DataFrame, names: Sequence[str]) -> dict[str, int]:
    return {name: int(rows[name].sum() or 0) for name in names}


def stored_screens(connection: duckdb.DuckDBPyConnection, shelf: Shelf) -> list[StoredScreen]:
    """All screens, in the order in which they were begun."""
    return [
        StoredScreen(
            shelf=shelf,
            screen=row["screen"],
            model=row["model"],
            layers=row["layers"],
            experiment=row["experiment"],
            title=row["title"],
            prompt=Prompt(text=row["prompt"], chat=row["chat"], **read_extras(json.loads(row["extras"] or "{}"))),
            decoding=Decoding(**{field.name: row[field.name] for field in fields(Decoding)}),
            plan=json.loads(row["plan"]),
            background=row["background"],
            mode=row["mode"],
            mutants=row["mutants"],
            done=row["done"],
            baseline=row["baseline_text"],
            task=read_task(row["task"]),
            is_partial=row["is_partial"],
        )
        for row in frame(connection, _SCREENS).iter_rows(named=True)
    ]


def has_matrix(connection: duckdb.DuckDBPyConnection, screen: int, name: str) -> bool:
    """Whether a screen has a matrix."""
    return bool(connection.execute("SELECT 1 FROM matrices WHERE screen = ? AND name = ?", [screen, name]).fetchall())


def matrix_shares(connection: duckdb.DuckDBPyConnection, screen: int) -> pl.DataFrame:
    """Each matrix of a screen with its size, that of its units, its mutants so far and the non-silent among them.

    `share` is null where it is not known of how many.
    """
    matrices = frame(connection, "SELECT * EXCLUDE (screen) FROM matrices WHERE screen = $screen", screen=screen)
    of_matrices = counts(connection, screen).filter(
        pl.col("layer").is_not_null() & pl.col("kind").is_not_null() & pl.col("operation").is_null()
    )
    return (
        matrices.join(of_matrices, on=["layer", "kind"], how="left")
        .sort("matrix")
        .select(
            "name", "layer", "kind", "rows", "columns", "unit_rows", "unit_columns",
            pl.col("mutants", "nonsilent").fill_null(0),
            (pl.col("nonsilent") / pl.col("mutants")).alias("share"),
        )
    )  # fmt: skip
