"""A mutant as a patch: the touched blocks with their values before and after, bound to one model's fingerprint.

A patched copy shares every untouched tensor with its model, which stays as it is. Knows no file format
(`patch_file`) and no folders (`export`).
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from explorer.domain.errors import ExchangeError
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.files.versions import program_version
from explorer.model.anatomy import Matrix, Target
from explorer.model.loaded import Specimen
from explorer.model.view import View
from explorer.model.weights import stored_tensor, upright, weight_of
from explorer.model.widened import keep_wide, like, stored_as
from explorer.mutation.apply import edits_of, make_mutant
from explorer.mutation.slab import Slab


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A rectangle of a matrix before and after."""

    matrix: str
    """Its notation, such as `14.down`."""
    rows: range
    columns: range
    old: Tensor
    """[rows, columns], in the model's precision; so is `new`."""
    new: Tensor


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightPatch:
    """What turns one model into a mutant, and nothing else into anything."""

    genotype: str
    """In notation."""
    model: str
    """The model's name, to show."""
    fingerprint: str
    """The model's, as `Specimen.fingerprint` has it."""
    dtype: str
    """The precision of the weights, such as `float32`."""
    program: str
    """The version of this program that made it."""
    blocks: tuple[Block, ...]
    """Where blocks overlap, `new` is the same in both: what all mutations together leave there."""

    @property
    def weight_count(self) -> int:
        """How many values it holds; those of overlapping blocks count twice."""
        return sum(len(block.rows) * len(block.columns) for block in self.blocks)


def make_patch(model: Specimen, genotype: Genotype, name: str) -> WeightPatch:
    """The patch of a genotype that `Anatomy.read` has accepted. Raises ExchangeError if it changes nothing."""
    if not genotype:
        raise ExchangeError("There is no mutation to write as a patch: name one, such as 11.down[507,1229]=0.")
    return WeightPatch(
        genotype=format_genotype(genotype),
        model=name,
        fingerprint=model.fingerprint,
        dtype=model.dtype_name,
        program=program_version(),
        blocks=_blocks(model, genotype),
    )


def mutated_copy(model: Specimen, genotype: Genotype) -> PreTrainedModel:
    """A model of its own that computes as the mutant; what is not mutated it shares."""
    return _with_blocks(model, _blocks(model, genotype))


def patched_copy(model: Specimen, patch: WeightPatch, name: str) -> PreTrainedModel:
    """As `mutated_copy`, with the patch's values. Raises ExchangeError if it is of another model."""
    _check(model, patch, name)
    return _with_blocks(model, patch.blocks)


def _blocks(model: Specimen, genotype: Genotype) -> tuple[Block, ...]:
    slabs = {slab.matrix.uses: slab for slab in make_mutant(model, genotype).slabs}
    targets = [edit.target for mutation in genotype.mutations for edit in edits_of(model, mutation)]
    whole = {slab.matrix.uses[0].path: slab for slab in slabs.values()}
    distinct: dict[object, tuple[Target, Slab]] = {}
    for target in targets:
        slab = slabs.get(target.matrix.uses)
        if slab is None:  # one tensor that was named as a whole, and in parts
            slab = whole[target.matrix.uses[0].path]
            target = Target(slab.matrix, range(slab.matrix.rows), range(slab.matrix.columns))  # noqa: PLW2901
        distinct[target.matrix.uses, target.rows, target.columns] = target, slab
    return tuple(_block(model, target, slab) for target, slab in distinct.values())


def _block(model: Specimen, target: Target, slab: Slab) -> Block:
    rows, columns = target.rows, target.columns
    after = slice(rows.start - slab.first_row, rows.stop - slab.first_row)
    across = slice(columns.start, columns.stop)
    return Block(
        matrix=target.matrix.name,
        rows=rows,
        columns=columns,
        old=weight_of(model.causal_lm, target.matrix)[rows.start : rows.stop, across],
        new=slab.weights[after, across],
    )


def _with_blocks(model: Specimen, blocks: Iterable[Block]) -> PreTrainedModel:
    copies: dict[tuple[str, ...], Tensor] = {}
    for block in blocks:
        matrix = model.anatomy.matrices.get(block.matrix) or model.anatomy.paths[block.matrix]
        paths = tuple(use.path for use in matrix.uses)
        if paths not in copies:
            copies[paths] = stored_tensor(model.causal_lm, matrix).clone()
        _write(copies[paths], matrix, block)
    return _with_parameters(model.causal_lm, copies)


def _write(tensor: Tensor, matrix: Matrix, block: Block) -> None:
    features = matrix.uses[0].features(block.rows)
    upright(tensor, matrix)[features, block.columns.start : block.columns.stop] = block.new.to(tensor.device)


def _with_parameters(model: PreTrainedModel, copies: dict[tuple[str, ...], Tensor]) -> PreTrainedModel:
    """A copy with some parameters replaced, each at all of its paths, and with configurations of its own."""
    view = View(model)
    for paths, tensor in copies.items():
        own = model.get_parameter(paths[0])
        parameter = nn.Parameter(like(own, tensor), requires_grad=own.requires_grad)
        if stored_as(own) != own.dtype:
            keep_wide(parameter, stored_as(own))
        for path in paths:
            module, _, name = path.rpartition(".")
            view.own(module)._parameters[name] = parameter
    copied = cast(PreTrainedModel, view.root)
    copied.config = copy.deepcopy(model.config)
    copied.generation_config = copy.deepcopy(model.generation_config)
    return copied


def _check(model: Specimen, patch: WeightPatch, name: str) -> None:
    """Raises ExchangeError unless the model is the one that the patch was made from."""
    if patch.fingerprint != model.fingerprint:
        raise ExchangeError(
            f"The patch was made from {patch.model} in {patch.dtype} (fingerprint {patch.fingerprint[:12]}), and this "
            f"is {name} in {model.dtype_name} ({model.fingerprint[:12]}): apply it to the very model it was made from."
        )
    for block in patch.blocks:
        if not _fits(model, block):
            raise ExchangeError(
                f"The values that the patch has of {block.matrix} are not those of {name}: nothing was applied."
            )


def _fits(model: Specimen, block: Block) -> bool:
    matrix = model.anatomy.matrices.get(block.matrix) or model.anatomy.paths.get(block.matrix)
    if matrix is None or block.rows.stop > matrix.rows or block.columns.stop > matrix.columns:
        return False
    weights = weight_of(model.causal_lm, matrix)
    own = weights[block.rows.start : block.rows.stop, block.columns.start : block.columns.stop]
    return own.dtype == block.old.dtype == block.new.dtype and torch.equal(
        bits_of(own), bits_of(block.old).to(own.device)
    )


def bits_of(values: Tensor) -> Tensor:
    """The values [rows, columns] as whole numbers of the same width, so that NaN equals itself and −0 is not 0."""
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    return values.contiguous().view(whole[values.element_size()])
