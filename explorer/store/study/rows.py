"""Rows as they were read: which are good, why others are not, and which say the same twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl

FAULT_TYPES = {"file": pl.String, "line": pl.Int64, "reason": pl.String}
"""The columns of what cannot be used, or only in part: `reason` is a sentence."""

MUTATION = ("place", "down", "across", "operation")
"""The columns that name a mutation; `place` is that of its matrix in the model."""

OUTSIDE = (pl.col("down") >= pl.col("downs")) | (pl.col("across") >= pl.col("acrosses"))
"""Whether a block is none of its matrix."""

Check = tuple[pl.Expr, pl.Expr]
"""When a row is bad, and the sentence that says so."""


class Settled(NamedTuple):
    """Rows, each once."""

    rows: pl.DataFrame
    duplicates: pl.DataFrame
    """Those that an earlier one had said."""
    conflicts: pl.DataFrame
    """Those that contradict an earlier one; the last one counts."""


def checked(rows: pl.DataFrame, checks: Sequence[Check]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that pass all checks, and of the others the first one that they fail, as faults."""
    reasons = [pl.when(is_bad).then(sentence) for is_bad, sentence in checks]
    judged = rows.with_columns(reason=pl.coalesce(reasons))
    return judged.filter(pl.col("reason").is_null()).drop("reason"), faults(judged.drop_nulls("reason"))


def faults(rows: pl.DataFrame, reason: pl.Expr | None = None) -> pl.DataFrame:
    """Rows as faults, for a reason or for their own."""
    return rows.select("file", "line", reason=pl.col("reason") if reason is None else reason).cast(FAULT_TYPES)  # type: ignore[arg-type]


def fault(file: str, line: int, reason: str) -> pl.DataFrame:
    """A single one."""
    return pl.DataFrame({"file": [file], "line": [line], "reason": [reason]}, schema=FAULT_TYPES)


def settled(rows: pl.DataFrame, key: Sequence[str], values: Sequence[str]) -> Settled:
    """Rows sorted by a key, each key once: of several with one key, the last that was read."""
    ordered = rows.sort(key, maintain_order=True)
    again = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in key)
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(1)) for name in values)
    marked = ordered.select(again=again & (pl.int_range(pl.len()) > 0), same=same)
    is_last = ~marked["again"].shift(-1, fill_value=False)
    return Settled(
        rows=ordered.filter(is_last),
        duplicates=ordered.filter(marked["again"] & marked["same"]),
        conflicts=ordered.filter(marked["again"] & ~marked["same"]),
    )


def numbered(rows: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with the number, from 1, of what they say in some columns (`phenotype`); and each of that once."""
    said = rows.select(columns).unique(maintain_order=True).with_row_index("phenotype", offset=1)
    return rows.join(said, on=columns, nulls_equal=True, maintain_order="left"), said


def whole(name: str) -> pl.Expr:
    """A column of whole numbers, which Excel may write as 3.0; null where there is none."""
    number = pl.col(name).cast(pl.Float64, strict=False)
    whole = number.cast(pl.Int64, strict=False)
    return pl.when((whole == number) & (whole >= 0)).then(whole)


def joined(names: Iterable[str]) -> str:
    """Names in a row."""
    return ", ".join(names)


def or_blank(name: str) -> pl.Expr:
    """A column of strings for a sentence."""
    return pl.col(name).fill_null("(blank)")
