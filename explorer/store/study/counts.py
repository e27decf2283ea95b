"""The tables of counts: how many non-silent mutations and distinct phenotypes each matrix has in each experiment.

Rows that sum others are left out, and checked against what they sum; the totals by operation likewise. In a table of
phenotypes the row of a layer is no sum: it counts those of all its matrices together, each once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import polars as pl

from explorer.domain.genotype import NAMED_OPERATIONS
from explorer.store.study.names import summed_layer, with_place
from explorer.store.study.rows import FAULT_TYPES, checked, fault, or_blank, settled, whole
from explorer.store.study.shape import Shape, shape_in
from explorer.store.study.tables import TOTAL_COLUMNS, Table, plain

Value = Literal["nonsilent", "phenotypes"]
_VALUES: dict[str, Value] = {"counts": "nonsilent", "phenotypes": "phenotypes"}
"""What the cells of a kind of table are."""
_TOLD = {"nonsilent": "non-silent mutations", "phenotypes": "distinct phenotypes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The counts of one experiment in some tables."""

    experiment: str
    counts: pl.DataFrame
    """place, nonsilent, phenotypes (null where a table lacks it); sorted."""
    of_layers: dict[int, int] = field(default_factory=dict)
    """Distinct phenotypes of layers, where they are known."""
    totals: dict[str, int] = field(default_factory=dict)
    """Non-silent mutations by operation, where they are known."""
    duplicates: int = 0
    conflicts: int = 0


def read_counts(
    tables: Sequence[Table], grid: pl.DataFrame, operations: Sequence[str]
) -> tuple[list[Counted], pl.DataFrame]:
    """The experiments of the tables of counts and of phenotypes of one model; and what is wrong, as faults.

    An experiment is one whatever its capitals.
    """
    found: dict[str, dict[Value, _Part]] = {}
    bad = [pl.DataFrame(schema=FAULT_TYPES)]
    for kind, value in _VALUES.items():
        rows = pl.concat([pl.DataFrame(schema=_TYPES), *(_cells(table) for table in tables if table.kind == kind)])
        good, wrong = _checked(rows, grid, value, operations)
        bad.append(wrong)
        for _, group in good.group_by(pl.col("experiment").str.to_lowercase(), maintain_order=True):
            once = settled(group, ["place"], [value])
            name = group["experiment"][0]
            sums, wrong = _layer_rows(rows, once.rows, name, value)
            bad.append(wrong)
            found.setdefault(name.lower(), {})[value] = _Part(
                name, once.rows.select("place", value), sums, len(once.duplicates), len(once.conflicts)
            )
    return [_merged(parts) for parts in found.values()], pl.concat(bad)


def read_totals(
    tables: Sequence[Table], shape: Shape | None
) -> tuple[dict[Shape, dict[str, dict[str, int]]], pl.DataFrame]:
    """Of each model and experiment (in small letters) its NSMs by operation; and what is wrong, as faults.

    A model's name stands on its first row alone. `shape` is the one that a table without models means.
    """
    totals: dict[Shape, dict[str, dict[str, int]]] = {}
    bad = [pl.DataFrame(schema=FAULT_TYPES)]
    for table in (each for each in tables if each.kind == "totals"):
        places = {TOTAL_COLUMNS.get(plain(name)): str(place) for place, name in enumerate(table.columns)}
        present = table.model or shape
        for row in table.rows.iter_rows(named=True):
            named = row[places["model"]]
            if named:
                present = shape_in(named)
            experiment = (row[places["experiment"]] or "").strip().lower()
            cells = {name: row[places[name]] for name in NAMED_OPERATIONS if name in places}
            numbers = {name: _number(cell) for name, cell in cells.items()}
            if present is None or not experiment or None in numbers.values():
                why = "names no model of the study" if present is None else "is no experiment with its totals"
                bad.append(fault(row["file"], row["line"], f"The row {why}."))
                continue
            known = {name: number for name, number in numbers.items() if number is not None}
            totals.setdefault(present, {})[experiment] = known
    return totals, pl.concat(bad)


def with_totals(counted: Sequence[Counted], totals: Mapping[str, Mapping[str, int]]) -> list[Counted]:
    """The counts of a model's experiments with their totals by operation; one that has totals alone is added."""
    rest = dict(totals)
    known = [
        Counted(
            experiment=each.experiment, counts=each.counts, of_layers=each.of_layers,
            totals=dict(rest.pop(each.experiment.lower(), {})), duplicates=each.duplicates, conflicts=each.conflicts,
        )
        for each in counted
    ]  # fmt: skip
    nothing = pl.DataFrame(schema={"place": pl.Int64, "nonsilent": pl.Int64, "phenotypes": pl.Int64})
    return [*known, *(Counted(experiment=name, counts=nothing, totals=dict(found)) for name, found in rest.items())]


def unlike_totals(counted: Counted) -> str:
    """A sentence where an experiment's counts do not come to its totals; "" where they do, or nothing is known."""
    counts = counted.counts["nonsilent"]
    summed, total = int(counts.sum()), sum(counted.totals.values())
    if not counted.totals or not counts.count() or summed == total:
        return ""
    return f"The matrices of {counted.experiment} have {summed:,} non-silent mutations, its totals {total:,}."


class _Part(NamedTuple):
    """What the tables of one kind say of an experiment."""

    name: str
    counts: pl.DataFrame
    of_layers: dict[int, int]
    duplicates: int
    conflicts: int


def _merged(parts: Mapping[Value, _Part]) -> Counted:
    none = pl.DataFrame(schema={"place": pl.Int64, "nonsilent": pl.Int64, "phenotypes": pl.Int64})
    frames = [parts[value].counts if value in parts else none.select("place", value) for value in _VALUES.values()]
    counts = frames[0].join(frames[1], on="place", how="full", coalesce=True).sort("place")
    return Counted(
        experiment=next(iter(parts.values())).name,
        counts=counts,
        of_layers=parts["phenotypes"].of_layers if "phenotypes" in parts else {},
        duplicates=sum(part.duplicates for part in parts.values()),
        conflicts=sum(part.conflicts for part in parts.values()),
    )


def _checked(
    rows: pl.DataFrame, grid: pl.DataFrame, value: Value, operations: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of single matrices whose cell is a count; the others, but for sums, as faults."""
    single = rows.filter(_sums(rows).is_null())
    single = with_place(single, grid).with_columns(whole("cell").alias(value))
    most = pl.col("downs") * pl.col("acrosses") * (len(operations) or len(NAMED_OPERATIONS))
    known, unknown = checked(
        single, [(pl.col("place").is_null(), pl.format("The model has no matrix {}.", or_blank("id")))]
    )
    good, bad = checked(
        known,
        [
            (pl.col(value).is_null(), pl.format("'{}' is no count of {}.", "cell", "experiment")),
            (pl.col(value) > most, pl.format("{} are more than the {} mutants of {}.", value, most, "id")),
        ],
    )
    return good, pl.concat([unknown.unique(maintain_order=True), bad])


def _sums(rows: pl.DataFrame) -> pl.Series:
    """The layer whose matrices each row sums, as `summed_layer` has it."""
    return pl.Series([summed_layer(each) for each in rows["id"]], dtype=pl.Int64)


def _layer_rows(
    rows: pl.DataFrame, matrices: pl.DataFrame, experiment: str, value: Value
) -> tuple[dict[int, int], pl.DataFrame]:
    """What an experiment's rows of layers say, -1 for all of them; those that the matrices rule out, as faults.

    Non-silent mutations add up. Distinct phenotypes do not: a layer has no fewer than any matrix of its, and no more
    than all of them together.
    """
    own = rows.with_columns(layer=_sums(rows), cell=whole("cell")).filter(
        pl.col("layer").is_not_null() & (pl.col("experiment").str.to_lowercase() == experiment.lower())
    )
    least = pl.col(value).sum() if value == "nonsilent" else pl.col(value).max()
    bounds = [least.alias("least"), pl.col(value).sum().alias("most")]
    of_layers = pl.concat(
        [matrices.group_by("layer").agg(bounds), matrices.select(pl.lit(-1, pl.Int64).alias("layer"), *bounds)]
    )
    found = own.join(of_layers, on="layer", how="left").with_columns(pl.col("least", "most").fill_null(0))
    is_wrong = ~pl.col("cell").is_between("least", "most").fill_null(value=False)
    reason = pl.format(
        f"{{}} says {{}} {_TOLD[value]} of {experiment}, its matrices have {{}}.",
        or_blank("id"), pl.col("cell").cast(pl.String).fill_null("no"), pl.col("most"),
    )  # fmt: skip
    bad = found.filter(is_wrong).select("file", "line", reason=reason).cast(FAULT_TYPES)  # type: ignore[arg-type]
    return dict(found.filter(~is_wrong).select("layer", "cell").rows()), bad


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


def _number(cell: str | None) -> int | None:
    try:
        number = float(cell or "")
    except ValueError:
        return None
    return int(number) if number >= 0 and number == int(number) else None
