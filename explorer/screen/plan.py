"""Which mutants a screen is made of: matrices by pattern, cut into units, each set to what the operations say.

Plain data and arithmetic: a plan is enumerated lazily and in the same order each time, so that a screen of millions
can go on where it was.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby, islice
from typing import Literal

import numpy as np

from explorer.domain.errors import PlanError
from explorer.domain.genotype import NAMED_OPERATIONS, Mutation, Operation, Site, unit_span
from explorer.model.anatomy import Anatomy, Matrix

Unit = Literal["block", "row", "column", "weight"]

CONTROL = Operation(kind="add", value=0.0)
"""A mutation that changes nothing, sent down the same path: one that is not silent is an error of ours."""

CONTROL_EVERY = 100
"""One control goes before so many mutants of a matrix: each matrix has one at least."""

_PATTERN = re.compile(r"(?P<layers>\*|[0-9]+(?:-[0-9]+)?)\.(?P<kind>[A-Za-z0-9_.*]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be screened, before a model is there."""

    matrices: str
    """Patterns such as `*.down, 0-5.v, 11.*`, separated by commas."""
    unit: Unit = "block"
    step: int = 64
    """Rows and columns of a block; the last ones of a matrix may be smaller. Of no meaning for other units."""
    operations: tuple[str, ...] = ("max", "min")
    """Names of `NAMED_OPERATIONS`."""
    rate: float = 1.0
    """The share of the units that is screened, drawn by `seed`."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.step < 1:
            raise PlanError(f"The step is the side of a block: 1 or more, not {self.step}.")
        if not 0 < self.rate <= 1:
            raise PlanError(f"The rate is the share of the units to screen: above 0 and at most 1, not {self.rate}.")
        unknown = [name for name in self.operations if name not in NAMED_OPERATIONS]
        if unknown or not self.operations:
            known = ", ".join(NAMED_OPERATIONS)
            raise PlanError(f"'{', '.join(unknown)}' is no operation of a screen. Choose among: {known}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One mutant of a plan."""

    down: int
    """The unit's place among the units of its matrix, downwards; the study's loc1."""
    across: int
    """And across; loc2."""
    operation: str
    """A name of `NAMED_OPERATIONS`, or `control`."""
    mutation: Mutation


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Mutants of one layer that are screened together, and stored in one transaction."""

    number: int
    places: tuple[int, ...]
    """For each mutant the place of its matrix among those of the screen."""
    items: tuple[Planned, ...]


def matching(anatomy: Anatomy, patterns: str) -> tuple[Matrix, ...]:
    """The matrices of the layers that patterns name, in the order of the model.

    Norms, biases and other vectors are meant only where a pattern ends in a name of theirs: `*.q.bias`, `*.attn_norm`.
    Raises PlanError for a pattern that is none, or that names nothing.
    """
    screened = [matrix for matrix in anatomy.matrices.values() if matrix.layer is not None]
    chosen: set[str] = set()
    for pattern in (part.strip() for part in patterns.split(",")):
        found = _PATTERN.fullmatch(pattern)
        if found is None:
            raise PlanError(f"'{pattern}' is no pattern of matrices: write one such as *.down, 0-5.v or 11.*")
        names = {matrix.name for matrix in screened if _fits(matrix, found["layers"], found["kind"])}
        if not names:
            kinds = " ".join(dict.fromkeys(matrix.kind for matrix in screened if matrix.columns > 1))
            raise PlanError(
                f"'{pattern}' names no matrix of this model: it has layers 0 to {anatomy.layer_count - 1} and: {kinds}."
            )
        chosen |= names
    return tuple(matrix for matrix in screened if matrix.name in chosen)


def planned(plan: Plan, matrix: Matrix) -> Iterator[Planned]:
    """The mutants of a matrix: unit by unit, each operation in turn, and a control before every `CONTROL_EVERY`."""
    height, width = unit_size(plan, matrix)
    across = -(-matrix.columns // width)
    count = 0
    for place in _places(plan, matrix):
        down, right = divmod(int(place), across)
        site = Site(
            part=matrix.kind,
            layer=matrix.layer,
            rows=unit_span(down, height, matrix.rows),
            columns=unit_span(right, width, matrix.columns),
        )
        for name in plan.operations:
            if count % CONTROL_EVERY == 0:
                yield Planned(down=down, across=right, operation="control", mutation=Mutation(site, CONTROL))
            yield Planned(down=down, across=right, operation=name, mutation=Mutation(site, NAMED_OPERATIONS[name]))
            count += 1


def batches(plan: Plan, matrices: Sequence[Matrix], size: int) -> Iterator[Batch]:
    """The mutants of some matrices in batches, the same each time; only the last of a layer is smaller than `size`."""
    number = 0
    for _, group in groupby(enumerate(matrices), key=lambda placed: layer_of(placed[1])):
        layer = ((place, item) for place, matrix in group for item in planned(plan, matrix))
        while batch := list(islice(layer, size)):
            places, items = zip(*batch, strict=True)
            yield Batch(number=number, places=places, items=items)
            number += 1


def planned_count(plan: Plan, matrix: Matrix) -> int:
    """How many mutants `planned` yields for a matrix, controls included."""
    mutants = len(_places(plan, matrix)) * len(plan.operations)
    return mutants + -(-mutants // CONTROL_EVERY)


def layer_of(matrix: Matrix) -> int:
    """The layer of a screened matrix."""
    assert matrix.layer is not None
    return matrix.layer


def unit_size(plan: Plan, matrix: Matrix) -> tuple[int, int]:
    """Rows and columns of a unit of a matrix."""
    match plan.unit:
        case "block":
            return min(plan.step, matrix.rows), min(plan.step, matrix.columns)
        case "row":
            return 1, matrix.columns
        case "column":
            return matrix.rows, 1
        case "weight":
            return 1, 1


def _places(plan: Plan, matrix: Matrix) -> range | np.ndarray:
    """The places of the screened units of a matrix, in rising order."""
    height, width = unit_size(plan, matrix)
    total = -(-matrix.rows // height) * -(-matrix.columns // width)
    if plan.rate == 1:
        return range(total)
    random = np.random.default_rng([plan.seed, *matrix.name.encode()])
    return np.sort(random.choice(total, size=max(1, round(plan.rate * total)), replace=False))


def _fits(matrix: Matrix, layers: str, kind: str) -> bool:
    if not fnmatchcase(matrix.kind, kind) or (matrix.columns == 1 and kind.endswith("*")):
        return False
    if layers == "*":
        return True
    first, _, last = layers.partition("-")
    return int(first) <= layer_of(matrix) <= int(last or first)
