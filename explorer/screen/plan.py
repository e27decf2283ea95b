"""Which mutants a screen is made of: matrices by pattern, cut into units, each set to what the operations say.

Plain data and arithmetic: a plan is enumerated lazily and in the same order each time, so that a screen of millions
can go on where it was.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from itertools import groupby, islice, product
from typing import Any, NamedTuple

import numpy as np

from explorer.domain.errors import NotationError, PlanError
from explorer.domain.genotype import ALL, Mutation, Operation, Site
from explorer.domain.notation import format_mutation
from explorer.domain.screened import WHOLE_UNITS, Unit, operation_of, read_operations, unit_site
from explorer.domain.site_notation import format_site, parse_site
from explorer.model.anatomy import Anatomy, Matrix, is_group

CONTROL = Operation(kind="add", value=0.0)
"""A mutation that changes nothing, sent down the same path: one that is not silent is an error of ours."""

CONTROL_EVERY = 100
"""One control goes before so many mutants of a matrix: each matrix has one at least."""

_ENDLESS = 2**40
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
    """Names, as `domain.screened` has them."""
    rate: float = 1.0
    """The share of the units that is screened, drawn by `seed`."""
    seed: int = 0
    sites: tuple[str, ...] = ()
    """Only units that lie in one of these rectangles of weights, such as `11.down[0:96,96:192]`; none: all."""

    def __post_init__(self) -> None:
        for site in self.sites:
            rectangle_of(site)
        if self.step < 1:
            raise PlanError(f"The step is the side of a block: 1 or more, not {self.step}.")
        if not 0 < self.rate <= 1:
            raise PlanError(f"The rate is the share of the units to screen: above 0 and at most 1, not {self.rate}.")
        object.__setattr__(self, "operations", read_operations(self.operations))
        if not self.operations:
            raise PlanError("A screen does something to its units: name operations, such as max, min or round4.")
        if self.sites and self.unit in WHOLE_UNITS:
            raise PlanError(f"Places of matrices are screened in blocks, rows, columns or weights, not by {self.unit}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One mutant of a plan."""

    down: int
    """The unit's place among the units of its matrix, downwards; the study's loc1."""
    across: int
    """And across; loc2."""
    operation: str
    """Its name, or `control`."""
    mutation: Mutation


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Mutants of one layer that are screened together, and stored in one transaction."""

    number: int
    places: tuple[int, ...]
    """For each mutant the place of its matrix among those of the screen."""
    items: tuple[Planned, ...]


def matching(anatomy: Anatomy, patterns: str, unit: Unit = "block") -> tuple[Matrix, ...]:
    """The matrices of the layers that patterns name, in the order of the model.

    Norms, biases and other vectors are meant only where a pattern ends in a name of theirs: `*.q.bias`, `*.attn_norm`.
    Units that lie in several matrices are counted in a column of their own, such as `9.head`: a row for each of them.
    Raises PlanError for a pattern that is none, or that names nothing.
    """
    if unit in WHOLE_UNITS:
        screened = list(_columns_of(anatomy, unit))
        if not screened:
            raise PlanError(f"This model has no {unit} that a screen can take: choose another unit.")
    else:
        screened = [matrix for matrix in anatomy.matrices.values() if matrix.layer is not None]
    chosen: set[str] = set()
    for pattern in (part.strip() for part in patterns.split(",")):
        found = _PATTERN.fullmatch(pattern)
        if found is None:
            raise PlanError(f"'{pattern}' is no pattern of matrices: write one such as *.down, 0-5.v or 11.*")
        names = {matrix.name for matrix in screened if _fits(matrix, found["layers"], found["kind"], unit)}
        if not names and unit in WHOLE_UNITS:
            raise PlanError(
                f"'{pattern}' names no {unit}: write *.{unit} or 0-5.{unit}; layers go from 0 to "
                f"{anatomy.layer_count - 1}."
            )
        if not names:
            kinds = " ".join(dict.fromkeys(matrix.kind for matrix in screened if matrix.columns > 1))
            raise PlanError(
                f"'{pattern}' names no matrix of this model: it has layers 0 to {anatomy.layer_count - 1} and: {kinds}."
            )
        chosen |= names
    return tuple(matrix for matrix in screened if matrix.name in chosen)


def _columns_of(anatomy: Anatomy, unit: Unit) -> Iterator[Matrix]:
    """Of each layer its units that lie in several matrices, as rows of one column."""
    for layer in range(anatomy.layer_count):
        if unit in ("head", "kvhead"):
            count = anatomy.heads(layer, unit)
        else:
            count = 1 if unit == "layer" else anatomy.experts(layer)
        if count:
            yield Matrix(name=f"{layer}.{unit}", kind=unit, layer=layer, rows=count, columns=1, uses=())


class Rectangle(NamedTuple):
    """Some weights of one matrix."""

    matrix: str
    rows: tuple[int, int]
    """From the first to below the last, as the next; the last may lie beyond the matrix."""
    columns: tuple[int, int]


def rectangle_of(site: str) -> Rectangle:
    """A site of one matrix as a rectangle of its weights. Raises PlanError."""
    try:
        found = parse_site(site)
    except NotationError as fault:
        raise PlanError(f"'{site[:60]}' is no place of a matrix: {fault.reason}") from fault
    if found.layer is None or found.head is not None or is_group(found):
        raise PlanError(f"'{site[:60]}' is no place of one matrix: write one such as 11.down[0:96,96:192] or 11.down.")
    rows, columns = ((each.start, _ENDLESS if each.stop is None else each.stop) for each in (found.rows, found.columns))
    return Rectangle(format_site(replace(found, rows=ALL, columns=ALL)), rows, columns)


def matrices_of(sites: Sequence[str]) -> str:
    """The matrices of some sites, each once, as a plan names them. Raises PlanError."""
    return ", ".join(dict.fromkeys(rectangle_of(site).matrix for site in sites))


def check_sites(plan: Plan, matrices: Sequence[Matrix]) -> None:
    """Raise PlanError if a site of a plan lies in none of these matrices."""
    known = {matrix.name: matrix for matrix in matrices}
    for site in plan.sites:
        rectangle = rectangle_of(site)
        matrix = known.get(rectangle.matrix)
        if matrix is None:
            raise PlanError(f"'{site}' is not in a matrix that is screened: these are {', '.join(known)[:80]}.")
        if rectangle.rows[0] >= matrix.rows or rectangle.columns[0] >= matrix.columns:
            raise PlanError(f"'{site}' lies outside: {matrix.name} has {matrix.rows} rows, {matrix.columns} columns.")


def check_operations(plan: Plan, anatomy: Anatomy, matrices: Sequence[Matrix]) -> None:
    """Raise PlanError if an operation cannot be done to the units of one of these matrices."""
    for matrix in matrices:
        for mutation in corner_mutations(plan, matrix):
            objection = anatomy.objection(mutation)
            if objection is not None:
                raise PlanError(f"{format_mutation(mutation)} cannot be screened: {objection[1]}")


def corner_mutations(plan: Plan, matrix: Matrix) -> Iterator[Mutation]:
    """Each operation on the first and the last units of a matrix, downwards and across: the last may be smaller."""
    height, width = unit_size(plan, matrix)
    downs, acrosses = ({0, -(-length // size) - 1} for length, size in ((matrix.rows, height), (matrix.columns, width)))
    for down, across, name in product(sorted(downs), sorted(acrosses), plan.operations):
        yield Mutation(site_at(matrix, height, width, down, across), operation_of(name))


def site_at(matrix: Matrix, height: int, width: int, down: int, across: int) -> Site:
    """The unit of so many rows and columns at a place of a matrix, counted in units."""
    return unit_site(
        {
            "layer": matrix.layer, "kind": matrix.kind, "rows": matrix.rows, "columns": matrix.columns,
            "unit_rows": height, "unit_columns": width, "down": down, "across": across,
        }
    )  # fmt: skip


def as_stored(plan: Plan) -> dict[str, Any]:
    """A plan as a database keeps it; one without sites as those of before sites were."""
    said = asdict(plan)
    if not plan.sites:
        del said["sites"]
    return said


def planned(plan: Plan, matrix: Matrix) -> Iterator[Planned]:
    """The mutants of a matrix: unit by unit, each operation in turn, and a control before every `CONTROL_EVERY`."""
    height, width = unit_size(plan, matrix)
    across = -(-matrix.columns // width)
    operations = [(name, operation_of(name)) for name in plan.operations]
    count = 0
    for place in _places(plan, matrix):
        down, right = divmod(int(place), across)
        site = site_at(matrix, height, width, down, right)
        for name, operation in operations:
            if count % CONTROL_EVERY == 0:
                yield Planned(down=down, across=right, operation="control", mutation=Mutation(site, CONTROL))
            yield Planned(down=down, across=right, operation=name, mutation=Mutation(site, operation))
            count += 1


def batches(plan: Plan, matrices: Sequence[Matrix], size: int) -> Iterator[Batch]:
    """The mutants of some matrices in batches, the same each time; only the last of a layer is smaller than `size`."""
    number = 0
    for _, group in groupby(enumerate(matrices), key=lambda placed: layer_of(placed[1])):
        for batch in _cut(plan, list(group), size, number):
            yield batch
            number = batch.number + 1


def layer_batches(plan: Plan, matrices: Sequence[Matrix], size: int, layer: int) -> Iterator[Batch]:
    """Those of `batches` that are of one layer."""
    before = Counter[int]()
    for matrix in matrices:
        if layer_of(matrix) < layer:
            before[layer_of(matrix)] += planned_count(plan, matrix)
    number = sum(-(-count // size) for count in before.values())
    own = [placed for placed in enumerate(matrices) if layer_of(placed[1]) == layer]
    yield from _cut(plan, own, size, number)


def _cut(plan: Plan, placed: Sequence[tuple[int, Matrix]], size: int, number: int) -> Iterator[Batch]:
    """The mutants of the matrices of one layer, each with its place among all, in batches from a number on."""
    layer = ((place, item) for place, matrix in placed for item in planned(plan, matrix))
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
        case "matrix":
            return matrix.rows, matrix.columns
        case _:
            return 1, 1


def _places(plan: Plan, matrix: Matrix) -> range | np.ndarray:
    """The places of the screened units of a matrix, in rising order."""
    height, width = unit_size(plan, matrix)
    total = -(-matrix.rows // height) * -(-matrix.columns // width)
    chosen = _inside(plan, matrix) if plan.sites else None
    if plan.rate == 1:
        return range(total) if chosen is None else chosen
    random = np.random.default_rng([plan.seed, *matrix.name.encode()])
    offered = np.arange(total) if chosen is None else chosen
    if not len(offered):
        return offered
    return np.sort(random.choice(offered, size=max(1, round(plan.rate * len(offered))), replace=False))


def _inside(plan: Plan, matrix: Matrix) -> np.ndarray:
    """The places of the units of which a weight lies in a rectangle of the plan."""
    height, width = unit_size(plan, matrix)
    down, across = -(-matrix.rows // height), -(-matrix.columns // width)
    chosen = np.zeros((down, across), np.bool_)
    for rectangle in map(rectangle_of, plan.sites):
        if rectangle.matrix == matrix.name:
            (top, bottom), (left, right) = rectangle.rows, rectangle.columns
            chosen[top // height : -(-bottom // height), left // width : -(-right // width)] = True
    return np.flatnonzero(chosen)


def _fits(matrix: Matrix, layers: str, kind: str, unit: Unit) -> bool:
    is_vector = matrix.columns == 1 and unit not in WHOLE_UNITS
    if not fnmatchcase(matrix.kind, kind) or (is_vector and kind.endswith("*")):
        return False
    if layers == "*":
        return True
    first, _, last = layers.partition("-")
    return int(first) <= layer_of(matrix) <= int(last or first)
