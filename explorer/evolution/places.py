"""Where genotypes of a search can lie, and how one becomes another: mutations are drawn, moved, changed, crossed.

Every draw comes from the generator that is handed in, so a search is the same for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from explorer.domain.errors import EvolutionError, PlanError
from explorer.domain.evolution import Space
from explorer.domain.genotype import ALL, Genotype, Mutation, Operation, Site, Slice, is_whole_expert
from explorer.domain.notation import format_genotype, format_mutation, parse_genotype
from explorer.domain.screened import WHOLE_UNITS, Unit, operation_of
from explorer.model.anatomy import Anatomy, Matrix, Target, named
from explorer.screen.plan import Plan, layer_of, matching, site_at, unit_size

Random = np.random.Generator

TRIES = 60
"""Draws before it is given up that a mutation fits."""
WAYS = ("near", "anywhere", "layer", "beside")
"""How a mutation moves."""
FARTHEST = 4
"""Units that a mutation moves within its matrix, at most, when it moves near by."""
HIGHEST, LOWEST = 4.0, 0.25
"""By what a number is multiplied at most, and at least, when it changes."""


class Places:
    """All places of a search in one model. Raises PlanError for patterns that name nothing, EvolutionError for none."""

    def __init__(self, anatomy: Anatomy, space: Space, background: Genotype) -> None:
        self._anatomy, self.space = anatomy, space
        self._kept = [target for mutation in background.mutations for target in anatomy.targets(mutation.site)]
        """What no genotype touches."""
        self._plans = {unit: Plan(matrices=space.matrices, unit=unit, step=space.step) for unit in space.units}
        self._matrices: dict[Unit, tuple[Matrix, ...]] = {}
        for unit in space.units:
            try:
                self._matrices[unit] = matching(anatomy, _patterns(space.matrices, unit), unit)
            except PlanError:
                matching(anatomy, space.matrices)  # a fault of the patterns is told of those that were written
                raise
        self._names = {matrix.name for matrices in self._matrices.values() for matrix in matrices}
        self._layers = sorted({layer_of(matrix) for matrices in self._matrices.values() for matrix in matrices})
        self.operations = tuple(map(operation_of, space.operations))

    # ------------------------------------------------------------------------------------------- drawing

    def draw(self, random: Random) -> Mutation:
        """A mutation by chance: a unit, a matrix, a place in it and an operation, each as likely as any other."""
        for _ in range(TRIES):
            unit = self.space.units[int(random.integers(len(self.space.units)))]
            matrices = self._matrices[unit]
            matrix = matrices[int(random.integers(len(matrices)))]
            mutation = Mutation(self._place(unit, matrix, random), self._operation(random))
            if self.fits(mutation):
                return mutation
        raise EvolutionError("No mutation of this search fits the model: name other matrices, units or operations.")

    def random_genotype(self, random: Random) -> str:
        """A genotype by chance, of 1 to `Space.most` mutations, each number as likely as any other."""
        return self.canonical([self.draw(random) for _ in range(int(random.integers(1, self.space.most + 1)))])

    def canonical(self, mutations: Sequence[Mutation]) -> str:
        """The text of mutations in their order by text, one a site and `Space.most` at most."""
        by_site = {mutation.site: mutation for mutation in mutations}
        ordered = sorted(by_site.values(), key=format_mutation)
        return format_genotype(Genotype(tuple(ordered[: self.space.most])))

    def fits(self, mutation: Mutation) -> bool:
        """Whether the model has it, the search may go there, and the background leaves it alone."""
        if self._anatomy.objection(mutation) is not None:
            return False
        matrix = self._matrix_of(mutation.site)
        name = named(mutation.site.layer, _unit_of(mutation.site)) if matrix is None else matrix.name
        if name not in self._names:
            return False
        return not any(_overlap(own, kept) for own in self._anatomy.targets(mutation.site) for kept in self._kept)

    def has(self, matrix: Matrix) -> bool:
        """Whether the search may mutate a matrix by its own units."""
        return matrix.name in self._names

    def allows(self, mutation: Mutation) -> bool:
        """Whether it fits, and is one of the search's operations on one of its units; blocks may be of any size."""
        is_own = mutation.operation in self.operations and _unit_of(mutation.site) in self.space.units
        return is_own and self.fits(mutation)

    def _place(self, unit: Unit, matrix: Matrix, random: Random) -> Site:
        height, width = unit_size(self._plans[unit], matrix)
        down = int(random.integers(-(-matrix.rows // height)))
        across = int(random.integers(-(-matrix.columns // width)))
        return site_at(matrix, height, width, down, across)

    def _operation(self, random: Random) -> Operation:
        return self.operations[int(random.integers(len(self.operations)))]

    # ------------------------------------------------------------------------------------------- varying

    def vary(self, genotype: str, random: Random) -> tuple[str, str]:
        """A genotype with one thing changed, and what that is: move, unit, operation, value, add or drop."""
        own = list(parse_genotype(genotype).mutations)
        ways: dict[str, Callable[[Mutation, Random], Mutation | None]] = {
            "move": self._moved, "unit": self._resized, "operation": self._redone, "value": self._rescaled,
        }  # fmt: skip
        names = [*ways, *(["add"] if len(own) < self.space.most else []), *(["drop"] if len(own) > 1 else [])]
        for _ in range(TRIES):
            name = names[int(random.integers(len(names)))]
            place = int(random.integers(len(own)))
            if name == "add":
                changed = [*own, self.draw(random)]
            elif name == "drop":
                changed = own[:place] + own[place + 1 :]
            else:
                found = ways[name](own[place], random)
                if found is None or not self.fits(found):
                    continue
                changed = [*own[:place], found, *own[place + 1 :]]
            text = self.canonical(changed)
            if text != genotype:
                return text, name
        return self.random_genotype(random), "chance"

    def cross(self, first: str, second: str, random: Random) -> str:
        """Some mutations of each of two genotypes: each with an even chance, one at least."""
        mutations = [*parse_genotype(first).mutations, *parse_genotype(second).mutations]
        taken = [mutation for mutation in mutations if random.random() < 0.5]  # noqa: PLR2004
        taken = taken or [mutations[int(random.integers(len(mutations)))]]
        order = random.permutation(len(taken)).tolist()
        return self.canonical([taken[place] for place in order[: self.space.most]])

    def _moved(self, mutation: Mutation, random: Random) -> Mutation | None:
        """Near by in its matrix, anywhere in it, to the same place of another layer, or into a matrix beside it."""
        site = mutation.site
        way, matrix = WAYS[int(random.integers(len(WAYS)))], self._matrix_of(site)
        if way == "layer" or matrix is None:
            layer = self._layers[int(random.integers(len(self._layers)))]
            return replace(mutation, site=replace(site, layer=layer))
        if way == "beside":
            unit = next((unit for unit in self.space.units if unit == _unit_of(site)), None)
            if unit is None:
                return None
            beside = [each for each in self._matrices[unit] if each.layer == site.layer]
            return replace(mutation, site=self._place(unit, beside[int(random.integers(len(beside)))], random))
        moved = replace(
            site,
            rows=_moved(site.rows, matrix.rows, random, is_near=way == "near"),
            columns=_moved(site.columns, matrix.columns, random, is_near=way == "near"),
        )
        return replace(mutation, site=moved)

    def _resized(self, mutation: Mutation, random: Random) -> Mutation | None:
        """Another unit that has a weight with it in common."""
        matrix = self._matrix_of(mutation.site)
        units = [unit for unit in self.space.units if unit not in WHOLE_UNITS]
        if matrix is None or not units:
            return None
        unit = units[int(random.integers(len(units)))]
        height, width = unit_size(self._plans[unit], matrix)
        down, across = (
            int(random.integers(span.start, span.stop or length)) // size
            for span, length, size in (
                (mutation.site.rows, matrix.rows, height),
                (mutation.site.columns, matrix.columns, width),
            )
        )
        return replace(mutation, site=site_at(matrix, height, width, down, across))

    def _redone(self, mutation: Mutation, random: Random) -> Mutation | None:
        return replace(mutation, operation=self._operation(random))

    def _rescaled(self, mutation: Mutation, random: Random) -> Mutation | None:
        """Of an operation with a number that may be any: another number, of three digits."""
        operation = mutation.operation
        if operation.kind not in ("set", "scale", "add") or operation.value == 0:
            return None
        factor = float(np.exp(random.uniform(np.log(LOWEST), np.log(HIGHEST))))
        return replace(mutation, operation=replace(operation, value=float(f"{operation.value * factor:.3g}")))

    def _matrix_of(self, site: Site) -> Matrix | None:
        """The matrix of a site that lies in one; None of a group or a head."""
        return None if site.head is not None else self._anatomy.matrix(replace(site, rows=ALL, columns=ALL))


def _unit_of(site: Site) -> str:
    """The unit that a site is."""
    if site.head is not None or site.part == "layer":
        return site.part
    if is_whole_expert(site.part):
        return "expert"
    if site.rows.is_single and site.columns.is_single:
        return "weight"
    if site.rows.is_all or site.columns.is_all:
        return "matrix" if site.rows.is_all and site.columns.is_all else "column" if site.rows.is_all else "row"
    return "block"


def _patterns(patterns: str, unit: Unit) -> str:
    """For units that lie in several matrices, the layers of the patterns alone."""
    if unit not in WHOLE_UNITS:
        return patterns
    layers = dict.fromkeys(part.strip().partition(".")[0] for part in patterns.split(","))
    return ",".join(f"{layer}.{unit}" for layer in layers)


def _moved(span: Slice, length: int, random: Random, *, is_near: bool) -> Slice:
    """As many rows or columns somewhere else, on the grid of such spans; all of them stay all of them."""
    if span.is_all:
        return span
    size = (span.stop or length) - span.start
    count = -(-length // size)
    place = span.start // size
    if is_near:
        place = min(max(place + int(random.integers(-FARTHEST, FARTHEST + 1)), 0), count - 1)
    else:
        place = int(random.integers(count))
    return Slice(place * size, min((place + 1) * size, length))


def _overlap(one: Target, other: Target) -> bool:
    if one.matrix.uses[0].path != other.matrix.uses[0].path:
        return False
    rows = set(_features(one)) & set(_features(other))
    columns = range(max(one.columns.start, other.columns.start), min(one.columns.stop, other.columns.stop))
    return bool(rows) and len(columns) > 0


def _features(target: Target) -> range | list[int]:
    """The rows of the stored tensor: matrices that are parts of one tensor are compared there."""
    found = target.matrix.uses[0].features(target.rows)
    return range(found.start or 0, found.stop, found.step or 1) if isinstance(found, slice) else found
