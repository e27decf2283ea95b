"""The functional forward: a view of a model in which chosen rows of the batch compute with mutated weights.

Per touched module, the output rows that the mutated block feeds are computed again, for the mutated batch
rows alone, from a mutated copy of that slab of weights. The weights themselves are never written to
(docs/decisions/0002-views-instead-of-hooks.md).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor, nn

from explorer.domain.genotype import Genotype, Operation
from explorer.model.anatomy import Anatomy, Matrix, Target, Use
from explorer.model.linear import linear
from explorer.model.loaded import LoadedModel, Specimen
from explorer.model.view import View, shadow
from explorer.model.weights import weight_of
from explorer.mutation.mixture import MixturePatch
from explorer.mutation.operations import operate
from explorer.mutation.slab import Slab

Patch = Callable[[Tensor, Tensor], Tensor]
"""From a module's input and output to the output with some batch rows mutated."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A genotype made concrete for one model: the slabs that differ and the first layer that they change."""

    genotype: Genotype
    slabs: tuple[Slab, ...]
    first_layer: int | None
    """Layers below this one compute what they always do; the number of layers if all of them do, None if even
    what enters the first layer may change."""


def make_mutant(model: Specimen, genotype: Genotype) -> Mutant:
    """The mutant of a genotype that `Anatomy.read` has accepted, without touching the model."""
    touched = _by_tensor(model.anatomy, genotype)
    slabs = tuple(_slab(model, edits) for edits in touched.values())
    return Mutant(genotype, slabs, first_layer(model.anatomy, genotype))


def mutated_view(model: LoadedModel, mutants: Mapping[int, Mutant]) -> View:
    """A view whose batch row `i` is the mutant `mutants[i]`; the other rows stay the original model."""
    view = View(model.view.root)
    for mutant, rows in _runs(mutants):
        for path, patch in patches(model.view.root, mutant, rows):
            view.after(path, patch)
    return view


def _runs(mutants: Mapping[int, Mutant]) -> Iterator[tuple[Mutant, slice]]:
    """Each mutant with its rows; rows of one mutant that follow one another are computed together."""
    rows = sorted(mutants)
    for _, run in groupby(enumerate(rows), key=lambda numbered: (numbered[1] - numbered[0], id(mutants[numbered[1]]))):
        places = [row for _, row in run]
        yield mutants[places[0]], slice(places[0], places[-1] + 1)


def patches(model: nn.Module, mutant: Mutant, rows: slice) -> Iterator[tuple[str, Patch]]:
    """What turns the outputs of the touched modules into the mutant's, for some rows of the batch.

    `model` is the unmutated one: patches of embeddings and norms compute with copies of its modules.
    """
    mixtures: dict[str, list[Slab]] = {}
    for slab in mutant.slabs:
        for use in slab.matrix.uses:
            if use.layout == "mixture":
                mixtures.setdefault(use.module, []).append(slab)
            else:
                yield use.module, _patch(model.get_submodule(use.module), slab, use, rows)
    for path, slabs in mixtures.items():
        yield path, MixturePatch(model.get_submodule(path), slabs, rows)


def _by_tensor(anatomy: Anatomy, genotype: Genotype) -> dict[tuple[Use, ...], list[tuple[Target, Operation]]]:
    """The edits of each tensor, in order: tied matrices count as one."""
    edits: dict[tuple[Use, ...], list[tuple[Target, Operation]]] = {}
    for mutation in genotype.mutations:
        for target in anatomy.targets(mutation.site):
            edits.setdefault(target.matrix.uses, []).append((target, mutation.operation))
    return edits


def _slab(model: Specimen, edits: list[tuple[Target, Operation]]) -> Slab:
    matrix = edits[0][0].matrix
    first = min(target.rows.start for target, _ in edits)
    last = max(target.rows.stop for target, _ in edits)
    weights = weight_of(model.causal_lm, matrix)[first:last].clone()
    statistics = model.statistics(matrix)
    for target, operation in edits:
        rows = slice(target.rows.start - first, target.rows.stop - first)
        columns = slice(target.columns.start, target.columns.stop)
        weights[rows, columns] = operate(weights[rows, columns], operation, statistics)
    return Slab(matrix, first, weights)


def first_layer(anatomy: Anatomy, genotype: Genotype) -> int | None:
    """The first layer that a genotype changes, as `Mutant.first_layer` has it."""
    targets = (target for mutation in genotype.mutations for target in anatomy.targets(mutation.site))
    entries = [_entry(anatomy, target.matrix) for target in targets]
    known = [entry for entry in entries if entry is not None]
    return min(known, default=anatomy.layer_count) if len(known) == len(entries) else None


def _entry(anatomy: Anatomy, matrix: Matrix) -> int | None:
    """The first layer that a matrix takes part in; the number of layers for what follows them all."""
    if matrix.layer is not None:
        return matrix.layer
    follows_layers = matrix.kind in ("norm", "head") and len(matrix.uses) == 1
    return anatomy.layer_count if follows_layers else None


def _patch(module: nn.Module, slab: Slab, use: Use, rows: slice) -> Patch:
    if use.layout == "embedding":
        return _EmbeddingPatch(slab, _slab_embedding(module, slab), rows)
    if use.layout == "vector":
        return _NormPatch(_mutated_norm(module, slab), rows)
    return _LinearPatch(slab, use, _bias(module, slab, use), rows)


@dataclass(frozen=True, slots=True)
class _LinearPatch:
    """Recomputes some output features of some batch rows."""

    slab: Slab
    use: Use
    bias: Tensor | None
    batch_rows: slice

    def __call__(self, x: Tensor, output: Tensor) -> Tensor:
        features = self.use.features(self.slab.rows)
        output[self.batch_rows, ..., features] = linear(x[self.batch_rows], self.slab.weights, self.bias)
        return output


@dataclass(frozen=True, slots=True)
class _EmbeddingPatch:
    """Looks mutated tokens up in the mutated rows, for some batch rows."""

    slab: Slab
    embedding: nn.Module
    batch_rows: slice

    def __call__(self, ids: Tensor, output: Tensor) -> Tensor:
        own_ids = ids[self.batch_rows]
        rows = self.slab.rows
        inside = (own_ids >= rows.start) & (own_ids < rows.stop)
        looked_up = self.embedding((own_ids - rows.start).clamp(0, len(rows) - 1))
        output[self.batch_rows] = torch.where(inside.unsqueeze(-1), looked_up, output[self.batch_rows])
        return output


@dataclass(frozen=True, slots=True)
class _NormPatch:
    """Norms some batch rows again, with the mutated vector."""

    norm: nn.Module
    batch_rows: slice

    def __call__(self, x: Tensor, output: Tensor) -> Tensor:
        output[self.batch_rows] = self.norm(x[self.batch_rows])
        return output


def _bias(module: nn.Module, slab: Slab, use: Use) -> Tensor | None:
    bias = module._parameters.get("bias")
    return None if bias is None else bias.detach()[use.features(slab.rows)]


def _slab_embedding(module: nn.Module, slab: Slab) -> nn.Module:
    """The embedding reduced to the slab's rows: scaling and the like stay the family's own."""
    embedding = shadow(module)
    embedding._parameters["weight"] = nn.Parameter(slab.weights, requires_grad=False)
    embedding.padding_idx = None  # type: ignore[assignment]
    return embedding


def _mutated_norm(module: nn.Module, slab: Slab) -> nn.Module:
    norm = shadow(module)
    weight = module._parameters["weight"]
    assert weight is not None
    vector = weight.detach().clone()
    vector[slab.rows.start : slab.rows.stop] = slab.weights.squeeze(1)
    norm._parameters["weight"] = nn.Parameter(vector, requires_grad=False)
    return norm
