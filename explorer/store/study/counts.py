"""The table of counts: how many non-silent mutations each matrix has in each experiment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from explorer.domain.genotype import NAMED_OPERATIONS
from explorer.store.study.rows import checked, or_blank, settled, whole
from explorer.store.study.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The counts of one experiment in some tables."""

    experiment: str
    counts: pl.DataFrame
    """place, nonsilent; sorted."""
    duplicates: int
    conflicts: int


def read_counts(
    tables: Sequence[Table], grid: pl.DataFrame, operations: Sequence[str]
) -> tuple[list[Counted], pl.DataFrame]:
    """The experiments of tables of counts, by name; and what is wrong, as faults."""
    rows = pl.concat([pl.DataFrame(schema=_TYPES), *(_cells(table) for table in tables if table.is_count)])
    rows = rows.join(grid, on="id", how="left", maintain_order="left").with_columns(nonsilent=whole("cell"))
    most = pl.col("downs") * pl.col("acrosses") * (len(operations) or len(NAMED_OPERATIONS))
    known, unknown = checked(
        rows, [(pl.col("place").is_null(), pl.format("The model has no matrix {}.", or_blank("id")))]
    )
    good, bad = checked(
        known,
        [
            (pl.col("nonsilent").is_null(), pl.format("'{}' is no count of {}.", "cell", "experiment")),
            (pl.col("nonsilent") > most, pl.format("{} are more than the {} mutants of {}.", "nonsilent", most, "id")),
        ],
    )
    counted = []
    for _, group in good.group_by(pl.col("experiment").str.to_lowercase(), maintain_order=True):
        once = settled(group, ["place"], ["nonsilent"])
        counted.append(
            Counted(
                experiment=group["experiment"][0],
                counts=once.rows.select("place", "nonsilent"),
                duplicates=len(once.duplicates),
                conflicts=len(once.conflicts),
            )
        )
    return counted, pl.concat([unknown.unique(maintain_order=True), bad])


_TYPES = {"file": pl.String, "line": pl.Int64, "id": pl.String, "experiment": pl.String, "cell": pl.String}


def _cells(table: Table) -> pl.DataFrame:
    """The cells of a table of counts that are filled, each in a row; a column without a name is called by its place."""
    names = {str(place): " ".join(name.split()) or f"column {place + 1}" for place, name in enumerate(table.columns)}
    return (
        table.rows.rename({"0": "id"})
        .unpivot(index=["file", "line", "id"], variable_name="experiment", value_name="cell")
        .drop_nulls("cell")
        .with_columns(pl.col("experiment").replace_strict(names, return_dtype=pl.String))
        .cast(_TYPES)  # type: ignore[arg-type]
    )
