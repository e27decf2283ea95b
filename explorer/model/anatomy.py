"""Which module and rows is `7.q.head3`: the matrices of one model, their shapes and their names.

Plain data, which `reading` takes from a model once. Knows where weights are, not what they are worth
(`weights`) and not how they are changed (`mutation`).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from explorer.domain.genotype import (
    ALL_LAYERS,
    ATTENTION_KINDS,
    BLOCK_SIDE,
    MATRIX_KINDS,
    MLP_KINDS,
    Genotype,
    Mutation,
    Site,
    Slice,
    is_whole_expert,
)
from explorer.domain.notation import check_mutations, parse_mutations
from explorer.domain.site_notation import SitePart
from explorer.domain.weights import Overview

Layout = Literal["linear", "conv1d", "embedding", "vector", "mixture", "raw", "turned"]
HeadAxis = Literal["rows", "columns"]


@dataclass(frozen=True, slots=True)
class Use:
    """A module that computes with a matrix."""

    module: str
    """Dotted path below the model."""
    layout: Layout
    """How the module holds it: `conv1d` transposed, `mixture` as one of its experts or as its router, `raw` as a tensor
    of which nothing else is known, `turned` as one of experts that are each transposed."""
    first_row: int = 0
    """Where the matrix begins among the rows of a fused module."""
    interleaved: tuple[int, int] | None = None
    """Where a fused module keeps its kinds head by head: the rows of a head of one kind, and of all kinds."""
    parameter: str = "weight"
    """Dotted path of the tensor below the module."""
    expert: int | None = None
    """Which of the tensor's matrices it is, where the tensor holds those of all experts."""
    layer: int | None = None
    """The layer that computes with it; None: something outside the layers."""
    row_count: int | None = None
    """How many rows the matrix has, where the module holds more; None: it is all of the tensor."""

    @property
    def path(self) -> str:
        """Of the tensor below the model."""
        return f"{self.module}.{self.parameter}" if self.module else self.parameter

    def features(self, rows: range) -> slice | list[int]:
        """The module's rows that hold rows of the matrix (`step` 1)."""
        if self.interleaved is None:
            return slice(self.first_row + rows.start, self.first_row + rows.stop)
        head, stride = self.interleaved
        return [row // head * stride + self.first_row + row % head for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """One matrix, or one vector of a norm, seen as `weight[row, column]` = [output, input] feature."""

    name: str
    """Its notation, such as `14.down`."""
    kind: str
    layer: int | None
    rows: int
    columns: int
    uses: tuple[Use, ...]
    """The modules that use the one tensor: two for tied embeddings."""
    head_count: int | None = None
    head_axis: HeadAxis = "rows"
    headless: str = ""
    """Why it has no heads, where one would expect them, as a clause."""

    @property
    def size(self) -> int:
        """Number of weights."""
        return self.rows * self.columns

    @property
    def is_known_in_use(self) -> bool:
        """Whether it is known what its modules compute with it, so that rows of a batch can be mutated."""
        return not any(use.layout in ("raw", "turned") for use in self.uses)


@dataclass(frozen=True, slots=True)
class Target:
    """The rectangle of a matrix that a site covers; both ranges are complete (`step` 1)."""

    matrix: Matrix
    rows: range
    columns: range

    @property
    def size(self) -> int:
        """Number of weights."""
        return len(self.rows) * len(self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """The way that the hidden states go through a model: paths of modules below it."""

    layers: tuple[str, ...]
    norm: str | None
    """The one after the last layer, where there is one."""
    embed: str
    position: str | None = None
    """The learned position embedding, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """The matrices of a model and the sites that they make up."""

    model_type: str
    trunk: Trunk | None
    """None where the layers are not one row of modules between an embedding and a norm."""
    layer_count: int
    """0 where no layers were recognised: everything is then named by its path."""
    hidden_size: int
    query_heads: int
    kv_heads: int
    parameter_count: int
    largest_value: float
    """The largest number that the weights' precision can hold."""
    matrices: Mapping[str, Matrix]
    """By name, in the order in which the model applies them."""
    paths: Mapping[str, Matrix] = field(default_factory=dict)
    """Every tensor as one matrix, by its path below the model."""

    def read(self, text: str) -> Genotype:
        """The genotype of a text, all of whose sites this model has.

        Raises NotationError, with a caret under the fault and the valid range.
        """
        parsed = parse_mutations(text)
        check_mutations(parsed, text, self.objection)
        return Genotype(tuple(item.mutation for item in parsed))

    def kinds(self, layer: int | None) -> tuple[str, ...]:
        """The kinds of matrix, norms included, that a layer has."""
        return tuple(matrix.kind for matrix in self.matrices.values() if matrix.layer == layer)

    def experts(self, layer: int) -> int:
        """How many experts a layer routes its tokens to; 0 if its MLP is one."""
        return sum(kind.startswith("expert") and kind.endswith(".down") for kind in self.kinds(layer))

    def heads(self, layer: int, kind: str = "head") -> int:
        """How many attention heads a layer has that a site can name; or KV heads, of kind `kvhead`."""
        matrix = self.matrices.get(f"{layer}.{'k' if kind == 'kvhead' else 'q'}")
        count = (matrix.head_count or 0) if matrix else 0
        return count if count and self.site_objection(Site(part=kind, layer=layer, head=0)) is None else 0

    def overview(self, value: Callable[[Matrix], float]) -> Overview:
        """A number for each matrix of each layer, norms and biases left out; the largest of a layer's experts."""
        matrices = [matrix for matrix in self.matrices.values() if matrix.layer is not None and matrix.columns > 1]
        found = dict.fromkeys(kind_of(matrix.kind) for matrix in matrices)
        kinds = tuple(sorted(found, key=lambda kind: (*MATRIX_KINDS, kind).index(kind)))
        values = np.full((len(kinds), self.layer_count), np.nan, dtype=np.float32)
        for matrix in matrices:
            place = (kinds.index(kind_of(matrix.kind)), matrix.layer)
            values[place] = np.fmax(values[place], value(matrix))
        return Overview(kinds=kinds, values=values)

    def targets(self, site: Site) -> tuple[Target, ...]:
        """The rectangles that a site of this model covers."""
        match site.part:
            case part if part == ALL_LAYERS and site.layer is None:
                return tuple(target for layer in range(self.layer_count) for target in self._layer(layer))
            case "layer":
                return self._layer(site.layer)
            case "attn":
                return self._whole(site.layer, ATTENTION_KINDS)
            case "mlp":
                return self._whole(site.layer, MLP_KINDS)
            case part if is_whole_expert(part):
                return self._whole(site.layer, MLP_KINDS, f"{part}.")
            case "head" if site.layer is not None:
                return self._heads(site, ("q", "o"))
            case "kvhead":
                return self._heads(site, ("k", "v"))
        if site.head is not None:
            return self._heads(site, (site.part,))
        matrix = self.matrix(site)
        assert matrix is not None
        rows, columns = _range(site.rows, matrix.rows), _range(site.columns, matrix.columns)
        return (Target(matrix, rows, columns),)

    def full_rank(self, site: Site) -> int:
        """The most components that a rectangle of a site has."""
        return max(min(_shape(target)) for target in self.targets(site))

    def matrix(self, site: Site) -> Matrix | None:
        """The one matrix that a site is or is a part of, by its name or its path; None if the model has none so."""
        name = named(site.layer, site.part)
        return self.matrices.get(name) or self.paths.get(name.removesuffix(".weight"))

    def objection(self, mutation: Mutation) -> tuple[SitePart, str] | None:
        """What keeps a mutation from being one of this model: the faulty part and a sentence; else None."""
        if (objection := self.site_objection(mutation.site)) is not None:
            return objection
        operation = mutation.operation
        if operation.kind in ("set", "scale", "add") and abs(operation.value) > self.largest_value:
            return "operation", f"The weights' precision holds numbers up to ±{self.largest_value:.4g} alone."
        if operation.kind == "flip" and sum(target.size for target in self.targets(mutation.site)) > 1:
            return "operation", "A bit is flipped in a single weight, such as 11.down[507,1229]=flip(30)."
        return self._source_objection(mutation.site, operation.source)

    def _source_objection(self, site: Site, source: Site | None) -> tuple[SitePart, str] | None:
        """What keeps a site from being overwritten with another."""
        if source is None:
            return None
        objection = self.site_objection(source)
        if objection is not None:
            return "operation", objection[1]
        own, others = ([_shape(target) for target in self.targets(each)] for each in (site, source))
        if own != others:
            told = [" and ".join(f"{rows} × {columns}" for rows, columns in shapes) for shapes in (own, others)]
            return "operation", f"Only a site of the same shape can be copied here: {told[0]}, not {told[1]}."
        return None

    def site_objection(self, site: Site) -> tuple[SitePart, str] | None:
        """What keeps a site from being one of this model."""
        return self._layer_objection(site) or self._part_objection(site) or self._index_objection(site)

    def _whole(self, layer: int | None, kinds: tuple[str, ...], prefix: str = "") -> tuple[Target, ...]:
        """All of a layer's matrices of some kinds, those of all its experts included; or of one expert's."""
        matrices = (self.matrices[f"{layer}.{kind}"] for kind in self.kinds(layer) if kind_of(kind) in kinds)
        return tuple(
            Target(matrix, range(matrix.rows), range(matrix.columns))
            for matrix in matrices
            if matrix.kind.startswith(prefix)
        )

    def _layer(self, layer: int | None) -> tuple[Target, ...]:
        """All of a layer's matrices but its router; of a layer with names of its own, those too."""
        return tuple(
            Target(matrix, range(matrix.rows), range(matrix.columns))
            for matrix in (self.matrices[named(layer, kind)] for kind in self.kinds(layer))
            if matrix.columns > 1 and matrix.kind != "router"
        )

    def _heads(self, site: Site, kinds: tuple[str, ...]) -> tuple[Target, ...]:
        assert site.head is not None
        return tuple(_head_target(self.matrices[f"{site.layer}.{kind}"], site.head) for kind in kinds)

    def _layer_objection(self, site: Site) -> tuple[SitePart, str] | None:
        if site.layer is None or site.layer < self.layer_count:
            return None
        if self.layer_count == 0:
            return (
                "layer",
                f"This model ({self.model_type}) has no layers that are known: name a path, {self._example}.",
            )
        return "layer", f"The model has {self.layer_count} layers, 0 to {self.layer_count - 1}."

    def _part_objection(self, site: Site) -> tuple[SitePart, str] | None:
        if is_group(site):
            return None if self.targets(site) else ("part", self._missing(site))
        if (site.layer is not None and site.part == "head") or site.part == "kvhead" or is_whole_expert(site.part):
            kinds = _kinds_of(site)
            is_there = [named(site.layer, kind) in self.matrices for kind in kinds]
            if not (any(is_there) if is_whole_expert(site.part) else all(is_there)):
                return "part", self._missing(site)
        elif self.matrix(site) is None:
            return "part", self._missing(site)
        return self._head_objection(site, _kinds_of(site))

    def _head_objection(self, site: Site, kinds: tuple[str, ...]) -> tuple[SitePart, str] | None:
        if site.head is None:
            return None
        for kind in kinds:
            matrix = self.matrices[f"{site.layer}.{kind}"]
            if matrix.head_count is None:
                return "head", f"The heads of {matrix.name} are not apart: {matrix.headless or 'it has none'}."
            if site.head >= matrix.head_count:
                name = "KV heads" if kind in ("k", "v") else "query heads"
                return "head", f"The model has {matrix.head_count} {name} a layer, 0 to {matrix.head_count - 1}."
        return None

    def _index_objection(self, site: Site) -> tuple[SitePart, str] | None:
        if site.rows.is_all and site.columns.is_all:
            return None
        matrix = self.matrix(site)
        assert matrix is not None
        name = "entries" if matrix.columns == 1 else "rows"
        if _outside(site.rows, matrix.rows):
            return "rows", f"{matrix.name} has {matrix.rows} {name}, 0 to {matrix.rows - 1}."
        if _outside(site.columns, matrix.columns):
            many = "column" if matrix.columns == 1 else "columns"
            return "columns", f"{matrix.name} has {matrix.columns} {many}, 0 to {matrix.columns - 1}."
        return None

    def _missing(self, site: Site) -> str:
        if self.layer_count == 0:
            return f"The model has no module '{site.part}' with a matrix. Name one, {self._example}."
        if site.layer is None:
            names = " ".join(name for name, matrix in self.matrices.items() if matrix.layer is None)
            return f"'{site.part}' is no site of this model. Start with a layer, such as 5.down, or name: {names}."
        kinds = [kind for kind in self.kinds(site.layer) if not kind.startswith("expert")]
        count = self.experts(site.layer)
        experts = f" expert0 to expert{count - 1} (each gate up down)" if count else ""
        return f"Layer {site.layer} has no '{site.part}'. It has: {' '.join(kinds)}{experts}."

    @property
    def _example(self) -> str:
        return f"such as {next(iter(self.matrices), 'none here')}"


def is_group(site: Site) -> bool:
    """Whether a site is a layer, all of them, or the attention or the MLP of one."""
    return site.part in ("layer", "attn", "mlp") if site.layer is not None else site.part == ALL_LAYERS


def _shape(target: Target) -> tuple[int, int]:
    return len(target.rows), len(target.columns)


def named(layer: int | None, kind: str) -> str:
    """The name of a matrix: `14.down`, or the kind alone outside the layers."""
    return kind if layer is None else f"{layer}.{kind}"


def sort_of(matrix: Matrix) -> str:
    """The kind of module that holds a matrix: its path without numbers."""
    return re.sub(r"\.\d+(?=\.)", "", matrix.uses[0].path).removesuffix(".weight")


def kind_of(kind: str) -> str:
    """The kind of matrix, whichever expert's it is: `down` of `expert5.down`."""
    return kind.rpartition(".")[2]


def _kinds_of(site: Site) -> tuple[str, ...]:
    if site.layer is not None and site.part == "head":
        return ("q", "o")
    if is_whole_expert(site.part):
        return tuple(f"{site.part}.{kind}" for kind in MLP_KINDS)
    return ("k", "v") if site.part == "kvhead" else (site.part,)


def _head_target(matrix: Matrix, head: int) -> Target:
    assert matrix.head_count
    length = matrix.rows if matrix.head_axis == "rows" else matrix.columns
    size = length // matrix.head_count
    span = range(head * size, (head + 1) * size)
    if matrix.head_axis == "rows":
        return Target(matrix, span, range(matrix.columns))
    return Target(matrix, range(matrix.rows), span)


def _range(indices: Slice, length: int) -> range:
    return range(indices.start, length if indices.stop is None else indices.stop)


def _outside(indices: Slice, length: int) -> bool:
    return indices.start >= length or (indices.stop or 0) > length


def block_site(matrix: Matrix, down: int, across: int, side: int = BLOCK_SIDE) -> Site:
    """The site of a block of `side` rows and columns, by its place among the blocks."""
    rows, columns = (
        Slice(place * side, min((place + 1) * side, length))
        for place, length in ((down, matrix.rows), (across, matrix.columns))
    )
    return Site(part=matrix.kind, layer=matrix.layer, rows=rows, columns=columns)
