"""The table of mutations with their measures: Mmlu21's score, whether they destroy, cosine on Drosophila.

Coordinates are in blocks here, not in weights as in logs. Such a table lists some mutations, and nothing of it tells
which it leaves out: it is partial, unless it has as many as are known to be non-silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from explorer.store.study.names import with_place
from explorer.store.study.rows import MUTATION, OUTSIDE, Check, checked, faults, or_blank, settled, whole
from explorer.store.study.tables import MEASURE_COLUMNS, Table, plain

MEASURES = ("score", "destructive", "cosine")
_KNOWN_RIGHT, _KNOWN_WRONG = 14, 7
"""Of Mmlu21's questions, those that the standard model answers right and wrong."""
_STANDARD = "standard"
"""Instead of a cosine: the text is the standard one."""

_NO_MEASURE = pl.format(
    f"'{{}}' is no measure, and is left out: a score such as 14|2 (at most {_KNOWN_RIGHT}|{_KNOWN_WRONG}) or 9, yes or "
    f"no, and a cosine from 0 to 1 or the word {_STANDARD} are.",
    "wrong",
)
_YES = {"true", "yes", "y", "1"}
_ANSWERS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The non-silent mutations of one experiment in some tables."""

    mutations: pl.DataFrame
    """Columns `MUTATION`, score, destructive, cosine and is_silent: each mutation once, sorted."""
    places: list[int]
    """Of the matrices that the tables mention, in the order of the model."""
    operations: set[str]
    """Of the good rows."""
    duplicates: int
    conflicts: int


def read_measures(
    tables: Sequence[Table], grid: pl.DataFrame, operations: Sequence[str]
) -> tuple[dict[str, Measured], pl.DataFrame]:
    """The experiments `mmlu21` and `drosophila`, those of them that the tables have; and what is wrong, as faults.

    The tables are those of one model.
    """
    rows = pl.concat([pl.DataFrame(schema=_TYPES), *(_rows(table) for table in tables if table.kind == "measures")])
    rows = with_place(rows, grid)
    good, bad = checked(rows, _checks(operations))
    bad = pl.concat([bad, faults(good.drop_nulls("wrong"), _NO_MEASURE)])  # the rest of such a row counts
    found = {"mmlu21": ("is_scored", ["score", "destructive"]), "drosophila": ("is_compared", ["cosine", "is_silent"])}
    measured = {}
    for name, (has_columns, values) in found.items():
        mentioned = rows.filter(pl.col(has_columns) & pl.col("place").is_not_null())
        if len(mentioned):
            said = good.filter(pl.any_horizontal(pl.col(values).is_not_null()))
            once = settled(said, MUTATION, values)
            others = [pl.lit(None, _TYPES[other]).alias(other) for other in MEASURES if other not in values]
            silent = pl.col("is_silent").fill_null(value=False) if "is_silent" in values else pl.lit(value=False)
            measured[name] = Measured(
                mutations=once.rows.with_columns(others).select(*MUTATION, *MEASURES, is_silent=silent),
                places=mentioned["place"].unique().sort().to_list(),
                operations=set(good.filter(pl.col(has_columns))["operation"]),
                duplicates=len(once.duplicates),
                conflicts=len(once.conflicts),
            )
    return measured, bad


_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "file": pl.String,
    "line": pl.Int64,
    "id": pl.String,
    "operation": pl.String,
    "down": pl.Int64,
    "across": pl.Int64,
    "score": pl.String,
    "destructive": pl.Boolean,
    "cosine": pl.Float32,
    "is_silent": pl.Boolean,
    "is_scored": pl.Boolean,
    "is_compared": pl.Boolean,
    "wrong": pl.String,
}
"""`wrong` is the first measure that cannot be read."""


def _rows(table: Table) -> pl.DataFrame:
    """The rows of a table of measures under our names and with their types."""
    places = {MEASURE_COLUMNS.get(plain(name)): str(place) for place, name in enumerate(table.columns)}
    names = dict.fromkeys(MEASURE_COLUMNS.values())
    raw = table.rows.select("file", "line", *(_cell(places.get(name)).alias(name) for name in names)).with_columns(
        pl.col("operation", "destructive", "cosine").str.to_lowercase()
    )
    marks_yes = raw["destructive"].count() and set(raw["destructive"].drop_nulls()) <= _YES
    all_right = whole("score")
    right = pl.col("score").str.extract_groups(r"^(?P<right>[0-9]+)\s*\|\s*(?P<wrong>[0-9]+)$")
    known, unknown = (right.struct.field(name).cast(pl.Int64, strict=False) for name in ("right", "wrong"))
    cosine = pl.col("cosine").cast(pl.Float64, strict=False)
    typed = raw.with_columns(
        down=whole("down"),
        across=whole("across"),
        score=pl.when((known <= _KNOWN_RIGHT) & (unknown <= _KNOWN_WRONG))
        .then(pl.format("{}|{}", known, unknown))
        .when(all_right <= _KNOWN_RIGHT + _KNOWN_WRONG)
        .then(all_right.cast(pl.String)),
        destructive=pl.coalesce(
            pl.col("destructive").replace_strict(_ANSWERS, default=None, return_dtype=pl.Boolean),
            pl.lit(None if not marks_yes else False, pl.Boolean),
        ),
        is_silent=pl.when(pl.col("cosine") == _STANDARD).then(statement=True),
        cosine=pl.when(cosine.is_between(0, 1 + 1e-6)).then(cosine.clip(0, 1)),
        is_scored=pl.lit("score" in places or "destructive" in places),
        is_compared=pl.lit("cosine" in places),
    )
    lost = [raw[name].is_not_null() & typed[name].is_null() for name in MEASURES]
    lost[-1] &= typed["is_silent"].is_null()
    wrong = pl.coalesce([pl.when(is_lost).then(raw[name]) for name, is_lost in zip(MEASURES, lost, strict=True)])
    return typed.with_columns(wrong=wrong).select(list(_TYPES)).cast(_TYPES)  # type: ignore[arg-type]


def _cell(place: str | None) -> pl.Expr:
    return pl.lit(None, pl.String) if place is None else pl.col(place)


def _checks(operations: Sequence[str]) -> list[Check]:
    place = pl.format("({}, {})", "down", "across")
    return [
        (pl.col("place").is_null(), pl.format("The model has no matrix {}.", or_blank("id"))),
        (
            ~pl.col("operation").is_in(operations or ["max", "min", "zero"]).fill_null(False),
            pl.format("The NSM type {} is not among the operations that were screened.", or_blank("operation")),
        ),
        (
            pl.any_horizontal(pl.col("down", "across").is_null()),
            pl.lit("NSM loc1 and NSM loc2 must be whole numbers, from 0."),
        ),
        (OUTSIDE, pl.format("The block {} lies outside {}.", place, "id")),
        (
            pl.all_horizontal(pl.col(*MEASURES, "is_silent", "wrong").is_null()),
            pl.lit("The row has no measure."),
        ),
    ]
