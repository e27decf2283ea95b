"""The sentences and rows of the sub-tab Questions: HTML, and JSON for its table."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from explorer.reports.comparison import p_told
from explorer.statistics.paired import ALPHA
from explorer.ui.components.mutant_table import table_json

MOST_LISTED = 100
"""Mutants that seem better, at most so many of which are listed."""
_BETTER_HEAD = ("Mutant", "Score", "Gained", "Lost", "p", "q")
_FRESH_HEAD = ("Fresh gained", "Fresh lost", "Fresh p", "Fresh q")


def better_json(mutants: pl.DataFrame, fresh: pl.DataFrame | None) -> str:
    """The mutants that seem better, with their fresh questions once they have been asked again."""
    known = {} if fresh is None else {row["genotype"]: row for row in fresh.iter_rows(named=True)}
    rows = [_better_row(row, known.get(row["genotype"]), known) for row in mutants.head(MOST_LISTED).to_dicts()]
    head = (*_BETTER_HEAD, *_FRESH_HEAD) if known else _BETTER_HEAD
    return table_json(head, [{"title": "", "rows": rows}] if rows else [], "Open it in Explore", opens=False)


def _better_row(row: Mapping[str, Any], fresh: Mapping[str, Any] | None, known: Mapping[str, object]) -> dict[str, Any]:
    cells = [str(row["score"]), f"{row['gained']}", f"{row['lost']}", p_told(row["p"]), p_told(row["q"])]
    if fresh is not None:
        counts = [f"{fresh['fresh_gained']}", f"{fresh['fresh_lost']}"]
        cells += [*counts, p_told(fresh["fresh_p"]), p_told(fresh["fresh_q"])]
    elif known:
        cells += ["–"] * len(_FRESH_HEAD)
    is_sure = fresh is not None and fresh["fresh_q"] < ALPHA
    return {"genotype": row["genotype"], "place": 0, "cells": cells, "chosen": False, "sure": is_sure}


def better_html(sentence: str, listed: int, total: int) -> str:
    """What is listed, in an honest sentence."""
    more = f" The {listed:,} surest are listed." if listed < total else ""
    caption = (
        "Gained and lost: questions that the mutant alone, and the standard alone, gets right. p: McNemar’s exact "
        f"test, one-sided; q: Benjamini–Hochberg.{more} Click a mutant to open it in Explore."
    )
    return f'<p class="tally">{escape(sentence)}</p><p class="caption">{caption}</p>'


def no_task_html() -> str:
    """How to get a screen on a task."""
    return (
        '<p class="no-picture">No screen of yours has asked questions yet: in the tab Screen, choose the experiment '
        "“Short facts: 14 right, 7 wrong” and start it; its mutants that seem better than the original are listed here."
        "</p>"
    )


def accuracy_html(genotype: str, sentence: str, note: str) -> str:
    """How the original and the mutant, if there is one, fare."""
    name = f'<p class="verdict"><code>{escape(genotype)}</code></p>' if genotype else ""
    return f'{name}<p class="tally">{escape(sentence)}</p><p class="caption">{escape(note)}</p>'
