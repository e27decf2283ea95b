"""Other checkpoints and adapters on this machine, whose weights a mutation takes: read tensor by tensor, never run.

A model gives its tensors under the names that transformers has for them, made of the stored ones as it would make them
when it loads; only those that are asked for are read. Nothing is downloaded.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor
from transformers import AutoConfig, PreTrainedModel
from transformers.conversion_mapping import get_model_conversion_mapping
from transformers.core_model_loading import WeightConverter, WeightRenaming, rename_source_key

from explorer.domain.errors import ExplorerError, ModelError
from explorer.files.folders import stamps_of
from explorer.files.settings import Settings
from explorer.model import formats
from explorer.model.anatomy import Matrix
from explorer.model.loaded import Specimen
from explorer.model.sources import locate
from explorer.model.stored import CheckpointFile, Codec, Stored, tensors_in
from explorer.model.weights import parameter_of, part_of

_FUSED_KEPT = 2
"""Tensors that hold the matrices of all experts of a layer."""
_SEEN = 4096
"""Bytes of each tensor that its fingerprint is made of."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What a tensor is made of: names of stored ones, each with the pattern of the converter that takes it."""

    parts: tuple[tuple[str, str], ...]
    converter: WeightConverter | None
    first: str
    """The first tensor that the converter makes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Donor:
    """A checkpoint on this machine. Raises ModelError where it is not, or keeps codes that are not read apart."""

    name: str
    codec: Codec | None
    tensors: dict[str, Stored]
    """As the files have them, by name."""
    homes: dict[str, Path]
    """The file of each tensor that can be asked for."""
    is_tied: bool
    _last: dict[tuple[int, str], Tensor] = field(default_factory=dict, repr=False)
    _recipes: WeakKeyDictionary[PreTrainedModel, dict[str, _Recipe]] = field(
        default_factory=WeakKeyDictionary, repr=False
    )

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of names, shapes and the beginnings of all tensors: told apart without reading them whole."""
        digest = hashlib.sha256()
        for name in sorted(self.tensors):
            stored = self.tensors[name]
            digest.update(f"{name} {stored.dtype} {stored.shape}".encode())
            digest.update(stored.beginning(_SEEN))
        return digest.hexdigest()

    def weights(self, model: Specimen, matrix: Matrix) -> Tensor:
        """The matrix [rows, columns] of a model as this checkpoint has it. Raises ModelError."""
        recipe, path = self._recipe(model, matrix), matrix.uses[0].path
        tensor = self._made(model, recipe, path) if matrix.uses[0].expert is None else self._kept(model, recipe, path)
        own = parameter_of(model.causal_lm, matrix)
        if tensor.shape != own.shape:
            theirs, ours = (" × ".join(map(str, shape)) for shape in (tensor.shape, own.shape))
            raise ModelError(
                f"{self.name} has {matrix.name} in {theirs}, and this model in {ours}: it cannot be grafted."
            )
        return part_of(tensor, matrix)

    def bytes_of(self, model: Specimen, matrix: Matrix) -> int:
        """How much is read for a matrix."""
        names = [name for name, _ in self._recipe(model, matrix).parts]
        stored = (self.tensors[part] for name in names for part in self._stored_parts(name))
        return sum(each.count * each.dtype.itemsize for each in stored)

    def _stored_parts(self, name: str) -> tuple[str, ...]:
        return (name,) if name in self.tensors or self.codec is None else self.codec.parts(list(self.tensors))[name]

    def _kept(self, model: Specimen, recipe: _Recipe, path: str) -> Tensor:
        """As `_made`, of tensors of several experts: those made last are kept, for the next expert."""
        key = id(model.causal_lm), path
        if key not in self._last:
            while len(self._last) >= _FUSED_KEPT:
                self._last.pop(next(iter(self._last)))
            self._last[key] = self._made(model, recipe, path)
        return self._last[key]

    def _made(self, model: Specimen, recipe: _Recipe, path: str) -> Tensor:
        if recipe.converter is None:
            return self._read(recipe.parts[0][0])
        converter = copy.deepcopy(recipe.converter)
        for name, pattern in recipe.parts:
            read: Any = functools.partial(self._read, name)
            converter.add_tensor(recipe.first, name, pattern, read)
        made: dict[str, Any] = converter.convert(recipe.first, model=model.causal_lm, config=model.causal_lm.config)
        tensor: Tensor = made[path][0] if isinstance(made[path], list) else made[path]
        return tensor

    def _read(self, name: str) -> Tensor:
        with CheckpointFile(self.homes[name], list(self.tensors.values()), self.codec) as file:
            return file.get_tensor(name)

    def _recipe(self, model: Specimen, matrix: Matrix) -> _Recipe:
        recipes = self._recipes.get(model.causal_lm)
        if recipes is None:
            recipes = self._recipes[model.causal_lm] = dict(_recipes(model.causal_lm, self.homes))
        wanted = {use.path for use in matrix.uses}
        if self.is_tied:
            wanted |= _shared_with(model.causal_lm, wanted)
        found = next((recipes[path] for path in (matrix.uses[0].path, *sorted(wanted)) if path in recipes), None)
        if found is None:
            raise ModelError(f"{self.name} has no weights for {matrix.name} of this model: it is of another kind.")
        return found


def open_donor(name: str) -> Donor:
    """The checkpoint that people name so, if it is on this machine. Raises ModelError."""
    try:
        found = locate(name, Settings(), lambda _: None, downloads=False)
        stamps = stamps_of(found.folder)
    except (ExplorerError, OSError, RuntimeError) as fault:
        raise ModelError(f"The mutation takes weights from {name}, which is not here: {fault}") from fault
    if found.adapter is not None:
        raise ModelError(f"{name} is an adapter: write +adapter({name}) instead of from({name}).")
    return _open(name, found.folder, stamps)


@functools.lru_cache(maxsize=8)
def _open(name: str, folder: Path, _stamps: tuple[tuple[str, int], ...]) -> Donor:
    tensors = tensors_in(folder)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as fault:  # transformers raises whatever it likes
        raise ModelError(f"{name} cannot be read as a model: {' '.join(str(fault).split())[:200]}") from fault
    codec = formats.prepare(name, config, tensors)
    if formats.format_of(config) and codec is None:
        raise ModelError(f"{name} keeps its weights as codes that are not read tensor by tensor: take one in bfloat16.")
    if not tensors:
        raise ModelError(f"{name} has no weights in safetensors, so nothing can be taken from it.")
    homes: dict[str, Path] = {}
    for file in dict.fromkeys(each.file for each in tensors):
        with CheckpointFile(file, tensors, codec) as opened:
            homes |= dict.fromkeys(opened.keys(), file)
    is_tied = bool(getattr(config.get_text_config(), "tie_word_embeddings", False))
    by_name = {each.name: each for each in tensors}
    return Donor(name=name, codec=codec, tensors=by_name, homes=homes, is_tied=is_tied)


def _recipes(model: PreTrainedModel, names: dict[str, Path]) -> Iterator[tuple[str, _Recipe]]:
    """What each tensor of a model is made of, as transformers would make it when it loads."""
    mapping = get_model_conversion_mapping(model)
    renamings = [each for each in mapping if isinstance(each, WeightRenaming)]
    converters = [each for each in mapping if isinstance(each, WeightConverter)]
    takers = {pattern: each for each in converters for pattern in each.source_patterns}
    own = dict.fromkeys((name for name, _ in model.named_parameters(remove_duplicate=False)), True)
    made: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(names, key=_naturally):
        renamed, pattern = rename_source_key(name, renamings, converters, model.base_model_prefix, own)
        if renamed not in own and name in own:
            renamed, pattern = name, None
        if pattern is None:
            yield renamed, _Recipe(((name, ""),), None, renamed)
        else:
            made.setdefault(renamed, []).append((name, pattern))
    for first, parts in made.items():
        converter = takers[parts[0][1]]
        recipe = _Recipe(tuple(parts), converter, first)
        for target in converter.target_patterns:
            yield first.replace(converter.target_patterns[0], target), recipe


def _shared_with(model: PreTrainedModel, paths: set[str]) -> set[str]:
    """Where else a checkpoint with tied embeddings may keep them, if these are the embeddings of one or other end."""
    ends = (model.get_input_embeddings(), model.get_output_embeddings())
    held = {f"{name}.weight" for name, module in model.named_modules() if module in ends}
    return held if held & paths else set()


def _naturally(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts numbers in names as numbers: a converter takes experts in their order."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name)]
