"""What is looked at in the weights of a model: maps of a matrix, numbers for all matrices, facts of a site."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """A rectangle of a matrix reduced to cells: what a map draws."""

    values: npt.NDArray[np.float32]
    """[cells down, cells across]."""
    rows: range
    """Of the matrix, those shown."""
    columns: range
    cell_rows: int = 1
    """Matrix rows a cell; the last cells may hold fewer."""
    cell_columns: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overview:
    """One number for each matrix of each layer."""

    kinds: tuple[str, ...]
    values: npt.NDArray[np.float32]
    """[kinds, layers], NaN where a layer has no such matrix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFacts:
    """What a site holds in the unmutated model."""

    weights: int
    """How many."""
    present: float
    """The value of a single weight, else the mean."""
    minimum: float
    """Of the matrices that the site is part of; so is `maximum`."""
    maximum: float
    full_rank: int
    """The most components that a rectangle of the site has."""
    layer_count: int
    """Of the model."""
    bits: int = 32
    """Of each stored number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far a matrix of another checkpoint is from this model's."""

    matrix: str
    """Its notation."""
    layer: int | None
    kind: str
    relative: float | None
    """Frobenius norm of the difference, as a share of that of this model's matrix; None: there is no counterpart."""
    largest: float
    """The largest change of a weight."""
    changed: float
    """Share of the weights that are not the same."""
    reason: str = ""
    """Why there is nothing to compare, as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Of one matrix: its extremes, its mean and its standard deviation (population)."""

    minimum: float
    maximum: float
    mean: float
    deviation: float
