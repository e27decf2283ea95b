"""What the study's names tell: a matrix, a sum row, the model, the experiment, when a program wrote a file.

The study has three forms of the same matrix: that of the weights (layers.0.self_attn.q_proj) in logs, `L0_attn.q` and
0.attn.q in tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl

_KINDS = r"(?P<kind>q|k|v|o|gate|up|down)"
_LAYER = r"(?:model\.)?(?:layers?[._]?|L)?(?P<layer>[0-9]{1,4})"
MATRIX = rf"{_LAYER}[._](?:(?:self_)?attn|mlp)[._]{_KINDS}(?:_proj)?(?:\.weight)?"
"""An identity of a matrix, in any of its forms."""
_SUM = r"layers?[._ ]?(?P<layer>[0-9]{1,4})"
"""The name of a row that sums the matrices of a layer."""
_WHOLE = ("sum", "total", "all")
"""And of one that sums all."""

_EXPERIMENTS = {
    "drosophila": "drosophila",
    "python10": "python10",
    "python0": "python0",
    "newton": "newton",
    "mmlu": "mmlu21",
    "java": "java",
    "p53": "p53",
}
"""What a name of a file says of the experiment, and our name of it; those that begin alike, the longer first."""
_STAMP = re.compile(r"_(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?P<year>[0-9]{2})(?:\.[A-Za-z]+)?$")
"""The label at the end of a file's name is the day of the run, as month, day and year."""


def with_place(rows: pl.DataFrame, grid: pl.DataFrame) -> pl.DataFrame:
    """Rows with the columns of `Shape.grid` of the matrix that their `id` names; nulls where it names none."""
    named = pl.col("id").str.strip_chars().str.extract_groups(f"(?i)^{MATRIX}$")
    found = rows.with_columns(named.alias("named")).with_columns(
        layer=pl.col("named").struct.field("layer").cast(pl.Int64, strict=False),
        kind=pl.col("named").struct.field("kind").str.to_lowercase(),
    )
    return found.drop("named").join(grid, on=["layer", "kind"], how="left", maintain_order="left")


def summed_layer(identity: str | None) -> int | None:
    """The layer whose matrices a row sums, -1 for all of them; None for a row that is no sum."""
    name = (identity or "").strip().lower()
    if name in _WHOLE:
        return -1
    found = re.fullmatch(_SUM, name)
    return int(found["layer"]) if found else None


def matrix_in(name: str) -> str | None:
    """The matrix that a file's name has in it."""
    found = re.search(rf"(?<![A-Za-z0-9]){MATRIX}", name)
    return found[0] if found else None


def experiment_in(name: str, known: Iterable[str] = ()) -> str | None:
    """The experiment that a file's name, or else that of its folder, has in it: one of the study or a known one."""
    path = Path(name)
    for part in (path.name, path.parent.name):
        said = _plain(part)
        for sign, experiment in {**_EXPERIMENTS, **{_plain(each): each for each in known}}.items():
            if sign and sign in said:
                return experiment
    return None


def model_in(name: str, aliases: Iterable[str]) -> bool:
    """Whether a name has one of a model's names in it, whatever its capitals and signs."""
    said = _plain(name)
    return any(_plain(alias) in said for alias in aliases)


def day_of(name: str) -> date | None:
    """The day at the end of a file's name, if there is one."""
    found = _STAMP.search(Path(name).name)
    if found is None:
        return None
    try:
        return date(2000 + int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
