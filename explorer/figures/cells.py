"""The cells of a map as grids, not turned: what each shows, and what is told of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from explorer.domain.screened import WHOLE_UNITS
from explorer.figures import palette
from explorer.figures.palette import BOTH, CATEGORIES, FIRST, OTHERS, SECOND
from explorer.store.maps import SHOWN_TEXT, MatrixMap

Grid = npt.NDArray[Any]

_UNSAFE = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": " "}
"""What plotly would take for markup in a model's text."""


def shape_of(drawn: MatrixMap) -> tuple[int, int]:
    """Cells downwards and across."""
    rows, columns = drawn.window.rows, drawn.window.columns
    return tuple((part.stop - 1) // drawn.cell - part.start // drawn.cell + 1 for part in (rows, columns))  # type: ignore[return-value]


def places_of(drawn: MatrixMap, cells: pl.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Down and across of each row of the frame, in cells of the window."""
    down, across = (cells[name].cast(pl.Int64).to_numpy() for name in ("down", "across"))
    return down - drawn.window.rows.start // drawn.cell, across - drawn.window.columns.start // drawn.cell


def categories_of(drawn: MatrixMap, cells: pl.DataFrame) -> Grid:
    """The place of each cell in `CATEGORIES`."""
    kinds = np.full(shape_of(drawn), CATEGORIES.index("not screened"), np.int8)
    kinds[places_of(drawn, cells)] = CATEGORIES.index("silent")
    loud = cells.filter(pl.col("shown") > 0)
    by_place: dict[str, list[str]] = {}
    for operation, place in palette.places_of(drawn.cells["operation"].unique()).items():
        by_place.setdefault(place, []).append(operation)
    grids = {}
    for place in (OTHERS, SECOND, FIRST):
        grids[place] = np.zeros(shape_of(drawn), np.bool_)
        grids[place][places_of(drawn, loud.filter(pl.col("operation").is_in(by_place.get(place, []))))] = True
        kinds[grids[place]] = CATEGORIES.index(place)
    kinds[grids[FIRST] & grids[SECOND]] = CATEGORIES.index(BOTH)
    return kinds


def texts_of(drawn: MatrixMap, cells: pl.DataFrame) -> Grid:
    """What is told of each cell."""
    texts = np.full(shape_of(drawn), "not screened", object)
    is_told = (cells["nonsilent"] > 0) | (drawn.cell > 1)
    lines = cells.select(pl.format("{}: silent", "operation")).to_series().to_numpy(writable=True)
    lines[is_told.to_numpy()] = cells.filter(is_told).select(_told(drawn)).to_series().to_numpy()
    told = cells.select("down", "across", told=pl.Series(lines, dtype=pl.String))
    told = told.group_by("down", "across", maintain_order=True).agg(pl.col("told").str.join("<br>"))
    told = told.with_columns(told=pl.format("<b>{}</b><br>{}", _site(drawn), pl.col("told")))
    texts[places_of(drawn, told)] = told["told"].to_numpy()
    return texts


def _told(drawn: MatrixMap) -> pl.Expr:
    """A line on one non-silent mutant; on the mutants of a cell, where it has several units."""
    name = pl.col("operation")
    if drawn.cell > 1:
        return pl.format("{}: {} of {} non-silent", name, pl.col("nonsilent"), pl.col("mutants"))
    parts = (
        pl.when(pl.col("first_divergence").is_null())
        .then(pl.lit("non-silent"))
        .when(pl.col("score").is_not_null() & pl.col("style").is_null())  # of a task, which counts questions
        .then(
            pl.format(
                "question {} is the first answered otherwise, {} right in all",
                pl.col("first_divergence") + 1,
                pl.col("score"),
            )
        )
        .otherwise(pl.format("parts at token {}", pl.col("first_divergence")))
    )
    kl = (
        pl.when(pl.col("overflow"))
        .then(pl.lit(", overflow"))
        .when(pl.col("mean_kl").is_null())
        .then(pl.lit(""))
        .otherwise(pl.format(", KL {}", pl.col("mean_kl").cast(pl.Float64).round_sig_figs(3)))
    )
    style = pl.when(pl.col("style").is_null()).then(pl.lit("")).otherwise(pl.format(", {}", pl.col("style")))
    text = pl.col("text").str.strip_chars()
    more = pl.when(text.str.len_chars() > SHOWN_TEXT).then(pl.lit(" …")).otherwise(pl.lit(""))
    safe = text.str.slice(0, SHOWN_TEXT).str.replace_many(_UNSAFE)
    quoted = (
        pl.when(text.fill_null("") == "")
        .then(pl.lit(""))
        .otherwise(pl.concat_str(pl.lit("<br>  “"), safe, more, pl.lit("”")))
    )
    return pl.concat_str(pl.format("{}: ", name), parts, kl, style, quoted)


def _site(drawn: MatrixMap) -> pl.Expr:
    """The notation of a cell's weights, as `notation.format_site` writes it."""
    matrix = drawn.matrix
    if matrix["kind"] == "layer":
        return pl.lit(str(matrix["layer"]))
    if matrix["kind"] in WHOLE_UNITS:
        return pl.format(f"{matrix['name']}{{}}", "down")
    rows = _span("down", drawn.cell, matrix["unit_rows"], matrix["rows"])
    columns = _span("across", drawn.cell, matrix["unit_columns"], matrix["columns"])
    return pl.format(f"{matrix['name']}[{{}},{{}}]", rows, columns)


def _span(place: str, cell: int, unit: int, size: int) -> pl.Expr:
    start = pl.col(place).cast(pl.Int64) * (cell * unit)
    stop = pl.min_horizontal(start + cell * unit, pl.lit(size))
    if cell * unit >= size:
        return pl.lit(":")
    if cell * unit == 1:
        return start.cast(pl.String)
    return pl.when(stop - start == 1).then(start.cast(pl.String)).otherwise(pl.format("{}:{}", start, stop))
