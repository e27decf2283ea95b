"""LoRA adapters matrix by matrix: what each adds to a model's weights at strength 1; read from files, never run.

Hu et al., 2021: a matrix W becomes W + s·B·A with s = alpha / rank; alpha / √rank where the adapter is rank-stabilised
(Kalajdzievski, 2023).
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from explorer.domain.errors import ModelError
from explorer.files.adapters import shipped_adapter
from explorer.files.folders import stamps_of
from explorer.model import hub
from explorer.model.adapters import CONFIG, is_adapter
from explorer.model.anatomy import Matrix
from explorer.model.loaded import Specimen
from explorer.model.stored import Stored, header_of
from explorer.model.weights import parameter_of, upright

_PART = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?:embedding_)?(?P<side>[AB])(?:\.weight)?")
_UNKNOWN = ("use_dora", "use_qalora", "target_parameters", "modules_to_save", "lora_bias", "trainable_token_indices")
"""Settings of an adapter that is more than B·A."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Adapter:
    """An adapter on this machine."""

    name: str
    settings: Mapping[str, Any]
    parts: Mapping[str, Mapping[str, Stored]]
    """By module, `A` and `B`."""

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of its settings and of all its numbers."""
        digest = hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode())
        for module, sides in sorted(self.parts.items()):
            digest.update(module.encode())
            for stored in sides.values():
                digest.update(stored.beginning(stored.count * stored.dtype.itemsize))
        return digest.hexdigest()

    def reaches(self, matrix: Matrix) -> bool:
        """Whether it adds anything to a matrix."""
        return matrix.columns > 1 and matrix.uses[0].module in self.parts

    def change(self, model: Specimen, matrix: Matrix) -> Tensor:
        """What it adds to a matrix that it reaches, [rows, columns], float32. Raises ModelError."""
        use = matrix.uses[0]
        low, high = (self.parts[use.module][side].read().float() for side in ("A", "B"))
        change = high @ low * self._strength(use.module, low.shape[0])
        own = upright(parameter_of(model.causal_lm, matrix), matrix)
        if use.layout == "embedding":
            change = change.T
        if change.shape != own.shape:
            theirs, ours = (" × ".join(map(str, shape)) for shape in (change.shape, own.shape))
            raise ModelError(f"The adapter {self.name} has {matrix.name} in {theirs}, and this model in {ours}.")
        return change[use.features(range(matrix.rows))]

    def _strength(self, module: str, rank: int) -> float:
        alphas: Mapping[str, float] = self.settings.get("alpha_pattern") or {}
        own = next((alpha for key, alpha in alphas.items() if re.fullmatch(rf"(.*\.)?({key})", module)), None)
        alpha = float(self.settings["lora_alpha"] if own is None else own)
        return alpha / (math.sqrt(rank) if self.settings.get("use_rslora") else rank)


def open_adapter(name: str) -> Adapter:
    """The adapter that people name so: one that comes along, a folder, or one in the hub's cache. Raises ModelError."""
    try:
        folder = shipped_adapter(name) or Path(name).expanduser()
        if not folder.is_dir():
            folder = hub.cached_folder(name)
        stamps = stamps_of(folder)
    except (ModelError, OSError, RuntimeError) as fault:
        raise ModelError(f"The mutation adds the adapter {name}, which is not here: {fault}") from fault
    if not is_adapter(folder):
        raise ModelError(f"{name} is no adapter: it has no {CONFIG}. A whole model is grafted with from({name}).")
    return _open(name, folder.resolve(), stamps)


@functools.lru_cache(maxsize=8)
def _open(name: str, folder: Path, _stamps: tuple[tuple[str, int], ...]) -> Adapter:
    settings = _settings(folder, name)
    found: dict[str, dict[str, Stored]] = {}
    for file in sorted(folder.glob("adapter_model*.safetensors")):
        for stored in header_of(file):
            part = _PART.fullmatch(stored.name)
            if part is None:
                raise ModelError(f"The adapter {name} has '{stored.name}', which is no part of a LoRA of a matrix.")
            if len(stored.shape) != 2:  # noqa: PLR2004
                raise ModelError(f"The adapter {name} has '{stored.name}', which is no matrix.")
            found.setdefault(part["module"], {})[part["side"]] = stored
    whole = {module: sides for module, sides in found.items() if sides.keys() == {"A", "B"}}
    if not whole or len(whole) < len(found):
        raise ModelError(
            f"The adapter {name} has no whole weights in safetensors: save it with peft's save_pretrained."
        )
    return Adapter(name=name, settings=settings, parts=whole)


def _settings(folder: Path, name: str) -> Mapping[str, Any]:
    try:
        settings: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        float(settings["lora_alpha"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ModelError(f"{folder / CONFIG} is no configuration of a LoRA adapter: it is broken.") from fault
    unknown = [key for key in _UNKNOWN if settings.get(key)]
    if unknown or settings.get("peft_type") != "LORA" or settings.get("bias", "none") != "none":
        what = unknown[0] if unknown else f"{settings.get('peft_type')} with bias {settings.get('bias', 'none')}"
        raise ModelError(
            f"The adapter {name} is more than a LoRA of matrices ({what}): load it as a model instead, merged."
        )
    return settings
