"""Rows and columns where non-silent mutants gather, with tests of whether that exceeds chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from explorer.domain.errors import StatisticsError
from explorer.statistics.filters import Filter
from explorer.store.summaries import Bitmap

Axis = Literal["row", "column"]
AXES: tuple[Axis, ...] = ("row", "column")

Counts = npt.NDArray[np.int64]

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "kind": pl.String,
    "axis": pl.String,
    "place": pl.Int64,
    "nonsilent": pl.Int64,
    "screened": pl.Int64,
    "layers": pl.Int64,
    "of_layers": pl.Int64,
    "p": pl.Float64,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clustering:
    """Whether the non-silent units of one matrix gather in rows, or in columns."""

    axis: Axis
    dispersion: float
    """Variance of the counts over that which is expected of units strewn at random; 1 by chance."""
    p: float
    """Of a dispersion as high, by strewing them so many times."""
    times: int


def axis_counts(bitmaps: Sequence[Bitmap], axis: Axis) -> tuple[Counts, Counts]:
    """Non-silent and screened mutants of each row, or column, of one matrix, over its bitmaps."""
    along = 1 if axis == "row" else 0
    loud = sum(bitmap.nonsilent.sum(along, dtype=np.int64) for bitmap in bitmaps)
    screened = sum(bitmap.screened.sum(along, dtype=np.int64) for bitmap in bitmaps)
    return np.asarray(loud), np.asarray(screened)


def axis_shares(
    bitmaps: Sequence[Bitmap], axis: Axis, *, is_partial: bool = False
) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Of one kind, the share of non-silent mutants [layers, places] along an axis, and the layers.

    Of a screen that is partial, how many are listed.

    Raises StatisticsError if there are none.
    """
    if not bitmaps:
        raise StatisticsError("No mutant of that kind is left by the filters: choose another kind, or clear them.")
    layers: dict[int, list[Bitmap]] = {}
    for bitmap in bitmaps:
        layers.setdefault(bitmap.layer, []).append(bitmap)
    counted = [axis_counts(maps, axis) for maps in layers.values()]
    if is_partial:
        return np.stack([loud.astype(np.float64) for loud, _ in counted]), list(layers)
    return np.stack([loud / np.maximum(1, screened) for loud, screened in counted]), list(layers)


def sensitive_axes(bitmaps: Sequence[Bitmap], chosen: Filter) -> pl.DataFrame:
    """Every row and column of every kind, the most sensitive first, over all layers.

    `layers` counts the layers in which it is among the top twentieth. `p` is an exact permutation test, corrected for
    the number of places: if each layer's counts were shuffled among its places, how likely a given place would get as
    much in all, times the number of places. It asks whether the layers agree on the place.
    """
    by_kind: dict[str, dict[int, list[Bitmap]]] = {}
    for bitmap in bitmaps:
        if chosen.has(bitmap.layer, bitmap.kind, bitmap.operation):
            by_kind.setdefault(bitmap.kind, {}).setdefault(bitmap.layer, []).append(bitmap)
    frames = [_of_kind(kind, layers, axis) for kind, layers in by_kind.items() for axis in AXES]
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *frames]).sort(
        "p", "nonsilent", "kind", "axis", "place", descending=[False, True, False, False, False]
    )


def _of_kind(kind: str, layers: dict[int, list[Bitmap]], axis: Axis) -> pl.DataFrame:
    counted = [axis_counts(maps, axis) for maps in layers.values()]
    loud, screened = (np.stack(each) for each in zip(*counted, strict=True))
    places = loud.shape[1]
    total = loud.sum(0)
    top = np.sort(loud, axis=1)[:, -max(1, places // 20)]
    return pl.DataFrame(
        {
            "kind": kind,
            "axis": axis,
            "place": np.arange(places),
            "nonsilent": total,
            "screened": screened.sum(0),
            "layers": ((loud >= top[:, None]) & (loud > 0)).sum(0),
            "of_layers": len(layers),
            "p": np.minimum(1.0, places * shuffled_tail(loud)[total]),
        },
        schema=_SCHEMA,
    )


def shuffled_tail(counts: Counts) -> npt.NDArray[np.float64]:
    """P(a place's sum over layers ≥ s) for s from 0 to the highest, each layer's counts [layers, places] shuffled.

    Exact: the sum of one draw from each layer, by convolution of the layers' histograms.
    """
    chances = np.ones(1)
    for layer in counts:
        chances = np.convolve(chances, np.bincount(layer) / layer.size)
    tail: npt.NDArray[np.float64] = np.minimum(1.0, chances[::-1].cumsum()[::-1])
    return tail


def clustering(bitmaps: Sequence[Bitmap], axis: Axis, times: int = 499, seed: int = 0) -> Clustering:
    """Whether the units of one matrix that any of the operations makes non-silent gather along an axis.

    The null strews as many non-silent units over the screened ones; the counts of the rows then follow a multivariate
    hypergeometric distribution, from which they are drawn.
    """
    along = 1 if axis == "row" else 0
    loud = np.logical_or.reduce([bitmap.nonsilent for bitmap in bitmaps])
    screened = np.logical_or.reduce([bitmap.screened for bitmap in bitmaps])
    counts, room = loud.sum(along, dtype=np.int64), screened.sum(along, dtype=np.int64)
    total, units = int(counts.sum()), int(room.sum())
    if total in (0, units) or room.size == 1:
        return Clustering(axis=axis, dispersion=1.0, p=1.0, times=0)
    expected = room * (total / units)
    strewn = np.random.default_rng(seed).multivariate_hypergeometric(room, total, size=times, method="marginals")
    observed = float(((counts - expected) ** 2).sum())
    drawn = ((strewn - expected) ** 2).sum(1)
    spread = room * (total / units) * (1 - total / units) * (units - room) / (units - 1)
    p = (1 + int((drawn >= observed - 1e-9).sum())) / (1 + times)
    return Clustering(axis=axis, dispersion=observed / float(spread.sum()), p=p, times=times)
