"""The functional forward: a view of a model in which chosen rows of the batch compute with mutated weights.

Per touched module, the output rows that the mutated block feeds are computed again, for the mutated batch
rows alone, from a mutated copy of that slab of weights. The weights themselves are never written to
(docs/decisions/0002-views-instead-of-hooks.md).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype, Mutation, Operation
from explorer.domain.site_notation import format_site
from explorer.model.anatomy import Anatomy, Matrix, Target, Use
from explorer.model.donors import Donor, open_donor
from explorer.model.linear import linear
from explorer.model.loaded import LoadedModel, Specimen
from explorer.model.lora import Adapter, open_adapter
from explorer.model.view import View, shadow
from explorer.model.weights import part_of, stored_tensor, upright, weight_of
from explorer.model.widened import like, stored_dtype, stored_in
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


@dataclass(frozen=True, slots=True)
class Edit:
    """One operation on one rectangle; `source` is where a copy comes from."""

    target: Target
    operation: Operation
    source: Target | None = None


def edits_of(model: Specimen, mutation: Mutation) -> tuple[Edit, ...]:
    """What a mutation does to each rectangle of its site; to those that an adapter reaches. Raises ModelError."""
    operation, targets = mutation.operation, model.anatomy.targets(mutation.site)
    if operation.kind == "adapter":
        adapter = open_adapter(operation.donor)
        reached = tuple(target for target in targets if adapter.reaches(target.matrix))
        if not reached:
            raise ModelError(f"The adapter {operation.donor} adds nothing to {format_site(mutation.site)}.")
        return tuple(Edit(target, operation) for target in reached)
    if operation.kind == "from":
        open_donor(operation.donor)  # one that is not here is told before anything is computed
    sources = [None] * len(targets) if operation.source is None else model.anatomy.targets(operation.source)
    return tuple(Edit(target, operation, each) for target, each in zip(targets, sources, strict=True))


def edited(model: Specimen, weights: Tensor, edit: Edit) -> Tensor:
    """The weights [rows, columns] of an edit's target after it, as a new tensor; they may have been edited before.

    Raises ModelError for a bit that the stored numbers do not have, and for a donor that is not here or does not fit.
    """
    matrix = edit.target.matrix
    return operate(weights, edit.operation, model.statistics(matrix), name=matrix.name, source=_taken(model, edit))


def _taken(model: Specimen, edit: Edit) -> Tensor | None:
    """What an operation takes from elsewhere, for its rectangle; None of one that takes nothing."""
    matrix, donor = edit.target.matrix, edit.operation.donor
    match edit.operation.kind:
        case "copy":
            assert edit.source is not None
            return _part(weight_of(model.causal_lm, edit.source.matrix), edit.source)
        case "from":
            return _part(open_donor(donor).weights(model, matrix), edit.target)
        case "adapter":
            return _part(open_adapter(donor).change(model, matrix), edit.target)
    return None


def _part(whole: Tensor, target: Target) -> Tensor:
    """The rectangle of a target, of all of its matrix."""
    return whole[target.rows.start : target.rows.stop, target.columns.start : target.columns.stop]


def make_mutant(model: Specimen, genotype: Genotype) -> Mutant:
    """The mutant of a genotype that `Anatomy.read` has accepted, without touching the model."""
    slabs = tuple(_slab(model, matrix, edits) for matrix, edits in _by_tensor(model, genotype))
    return Mutant(genotype, slabs, first_layer(model.anatomy, genotype))


def mutant_of(model: Specimen, genotype: Genotype) -> Mutant:
    """As `make_mutant`; that of a model that was made last is kept, for a line about it, then a run of it."""
    key = genotype, tuple(opened_by(mutation.operation) for mutation in genotype.mutations)
    kept = _last.get(model)
    if kept is not None and kept[0] == key:
        return kept[1]
    _last.pop(model, None)  # before another is made, so that there are never two
    del kept
    mutant = make_mutant(model, genotype)
    if genotype and slab_bytes(model, genotype) <= MOST_KEPT:
        _last[model] = key, mutant
    return mutant


MOST_KEPT = 2**30
"""Bytes of the weights of a mutant that is kept, at most."""


_last: WeakKeyDictionary[Specimen, tuple[tuple[Genotype, tuple[Donor | Adapter | None, ...]], Mutant]] = (
    WeakKeyDictionary()
)


def opened_by(operation: Operation) -> Donor | Adapter | None:
    """What an operation takes from, as it lies on the disk now; None of one that takes nothing."""
    if operation.kind == "from":
        return open_donor(operation.donor)
    return open_adapter(operation.donor) if operation.kind == "adapter" else None


def slab_bytes(model: Specimen, genotype: Genotype) -> int:
    """What a mutant takes in memory, at most: of each touched matrix the rows that are touched."""
    targets = [target for mutation in genotype.mutations for target in model.anatomy.targets(mutation.site)]
    size = stored_dtype(model.causal_lm).itemsize
    return sum(len(target.rows) * target.matrix.columns * size for target in targets)


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

    `model` is the unmutated one: patches of embeddings, norms and biases compute with copies of its modules.
    """
    by_module: dict[str, list[tuple[Slab, Use]]] = {}
    for slab in mutant.slabs:
        for use in slab.matrix.uses:
            by_module.setdefault(use.module, []).append((slab, use))
    for path, changes in by_module.items():
        module = model.get_submodule(path)
        layouts = {use.layout for _, use in changes}
        assert not layouts & {"raw", "turned"}, "what is not known in use is computed by itself"
        if layouts == {"mixture"}:
            yield path, MixturePatch(module, [slab for slab, _ in changes], rows)
        elif layouts in ({"linear"}, {"conv1d"}):
            for slab, use in changes:
                yield path, _LinearPatch(slab, use, _bias(module, slab, use), rows)
        elif layouts == {"embedding"} and len(changes) == 1:
            yield path, _EmbeddingPatch(changes[0][0], _slab_embedding(module, changes[0][0]), rows)
        else:
            yield path, _ModulePatch(_mutated_module(module, changes), rows)


def _by_tensor(model: Specimen, genotype: Genotype) -> Iterator[tuple[Matrix, list[Edit]]]:
    """The edits of each matrix, in order; tied ones are one, one named by role and by path is its tensor."""
    edits: dict[str, list[Edit]] = {}
    for mutation in genotype.mutations:
        for edit in edits_of(model, mutation):
            edits.setdefault(edit.target.matrix.uses[0].path, []).append(edit)
    for path, own in edits.items():
        by_matrix: dict[tuple[Use, ...], list[Edit]] = {}
        for edit in own:
            by_matrix.setdefault(edit.target.matrix.uses, []).append(edit)
        whole = model.anatomy.paths.get(path.removesuffix(".weight"))
        if whole is not None and whole.uses in by_matrix and len(by_matrix) > 1:
            yield whole, own
        else:
            for of_matrix in by_matrix.values():
                yield of_matrix[0].target.matrix, of_matrix


def _slab(model: Specimen, matrix: Matrix, edits: list[Edit]) -> Slab:
    """What the edits leave of a matrix; they may be of parts of it that have names of their own."""
    if any(edit.target.matrix.uses != matrix.uses for edit in edits):
        return _mixed_slab(model, matrix, edits)
    first = min(edit.target.rows.start for edit in edits)
    last = max(edit.target.rows.stop for edit in edits)
    weights = weight_of(model.causal_lm, matrix)[first:last].clone()
    for edit in edits:
        rows = slice(edit.target.rows.start - first, edit.target.rows.stop - first)
        columns = slice(edit.target.columns.start, edit.target.columns.stop)
        weights[rows, columns] = edited(model, weights[rows, columns], edit)
    return Slab(matrix, first, weights)


def _mixed_slab(model: Specimen, whole: Matrix, edits: list[Edit]) -> Slab:
    tensor = stored_tensor(model.causal_lm, whole).clone(memory_format=torch.contiguous_format)
    for edit in edits:
        target = edit.target
        features = target.matrix.uses[0].features(target.rows)
        block = upright(tensor, target.matrix)
        columns = slice(target.columns.start, target.columns.stop)
        block[features, columns] = edited(model, block[features, columns], edit)
    return Slab(whole, 0, part_of(tensor, whole).clone())


def first_layer(anatomy: Anatomy, genotype: Genotype) -> int | None:
    """The first layer that a genotype changes, as `Mutant.first_layer` has it."""
    targets = (target for mutation in genotype.mutations for target in anatomy.targets(mutation.site))
    entries = [_entry(anatomy, target.matrix) for target in targets]
    known = [entry for entry in entries if entry is not None]
    return min(known, default=anatomy.layer_count) if len(known) == len(entries) else None


def _entry(anatomy: Anatomy, matrix: Matrix) -> int | None:
    """The first layer that a matrix takes part in; the number of layers for what follows them all."""
    layers = [use.layer for use in matrix.uses if use.layer is not None]
    if len(layers) == len(matrix.uses):
        return min(layers)
    follows_layers = matrix.kind.removesuffix(".bias") in ("norm", "head") and len(matrix.uses) == 1
    return anatomy.layer_count if follows_layers else None


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
class _ModulePatch:
    """Lets a copy of the module with mutated tensors compute some batch rows again: a norm, or a bias."""

    module: nn.Module
    batch_rows: slice

    def __call__(self, x: Tensor, output: Tensor) -> Tensor:
        output[self.batch_rows] = self.module(x[self.batch_rows])
        return output


def _bias(module: nn.Module, slab: Slab, use: Use) -> Tensor | None:
    bias = module._parameters.get("bias")
    return None if bias is None else bias.detach()[use.features(slab.rows)]


def _slab_embedding(module: nn.Module, slab: Slab) -> nn.Module:
    """The embedding reduced to the slab's rows: scaling and the like stay the model's own."""
    embedding = shadow(module)
    weight = like(module.get_parameter("weight"), slab.weights)
    embedding._parameters["weight"] = nn.Parameter(weight, requires_grad=False)
    embedding.padding_idx = None  # type: ignore[assignment]
    return embedding


def _mutated_module(module: nn.Module, changes: list[tuple[Slab, Use]]) -> nn.Module:
    mutated = shadow(module)
    tensors: dict[str, Tensor] = {}
    for slab, use in changes:
        own = module.get_parameter(use.parameter)
        if use.parameter not in tensors:
            tensors[use.parameter] = stored_in(own).clone(memory_format=torch.contiguous_format)
        upright(tensors[use.parameter], slab.matrix)[use.features(slab.rows)] = slab.weights
    for name, tensor in tensors.items():
        mutated._parameters[name] = nn.Parameter(like(module.get_parameter(name), tensor), requires_grad=False)
    return mutated
