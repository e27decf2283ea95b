"""The numbers of models, experiments and screens: found by what makes them the same, or the next free one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import duckdb

Noun = Literal["model", "experiment", "screen"]

KEYS: dict[Noun, tuple[str, ...]] = {
    "model": ("fingerprint",),
    "experiment": (
        "name",
        "prompt",
        "chat",
        "max_new_tokens",
        "temperature",
        "top_p",
        "seed",
        "top_k",
        "max_length",
        "extras",
    ),
    "screen": ("model", "experiment", "plan", "background", "mode", "version", "device", "dtype"),
}
"""The columns that make two rows the same model, experiment or screen."""


def find_number(connection: duckdb.DuckDBPyConnection, noun: Noun, row: Mapping[str, Any]) -> int | None:
    """The number of what has the same key as a row; None if there is none."""
    conditions = " AND ".join(f"{column} = ?" for column in KEYS[noun])
    values = [row[column] for column in KEYS[noun]]
    found = connection.execute(f"SELECT {noun} FROM {noun}s WHERE {conditions}", values).fetchall()
    return int(found[0][0]) if found else None


def next_number(connection: duckdb.DuckDBPyConnection, noun: Noun) -> int:
    """The first number above those that are there."""
    ((number,),) = connection.execute(f"SELECT coalesce(max({noun}), 0) + 1 FROM {noun}s").fetchall()
    return int(number)
