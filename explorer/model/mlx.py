"""Checkpoints of MLX, Apple's library: codes of some bits with a scale and an offset for each group, as values.

`x.weight` holds the codes, a row's after one another from the lowest bit on, in words of 32 bits; `x.scales` and
`x.biases` the groups' (https://ml-explore.github.io/mlx/build/html/python/_autosummary/mlx.core.quantize.html).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

_PARTS = ("weight", "scales", "biases")
_NUMBERS_AT_ONCE = 1 << 20
"""So many are unpacked at a time: each bit takes a number of its own meanwhile."""


class Mlx:
    """See `explorer.model.stored.Codec`; `settings` are those of the checkpoint's configuration."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def parts(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """`x.weight` of `x.weight`, `x.scales` and `x.biases`."""
        modules = [name.removesuffix(".scales") for name in names if name.endswith(".scales")]
        return {f"{module}.weight": tuple(f"{module}.{part}" for part in _PARTS) for module in modules}

    def values(self, name: str, stored: Mapping[str, Tensor]) -> Tensor:
        """[rows, columns], in the precision of the scales."""
        module = name.removesuffix(".weight")
        codes, scales, offsets = (stored[f"{module}.{part}"] for part in _PARTS)
        own = self._settings.get(module)
        stated = {**self._settings, **own} if isinstance(own, dict) else self._settings
        return values_of(codes, scales, offsets, int(stated["bits"]), int(stated["group_size"]))


def values_of(codes: Tensor, scales: Tensor, offsets: Tensor, bits: int, group_size: int) -> Tensor:
    """Codes [..., columns × bits / 32] as values [..., columns], in the precision of the scales [..., groups]."""
    columns = scales.shape[-1] * group_size
    rows = codes.contiguous().view(torch.int32).reshape(-1, codes.shape[-1]).numpy().view(np.uint8)
    flat_scales, flat_offsets = (each.reshape(-1, each.shape[-1]) for each in (scales, offsets))
    values = torch.empty(len(rows), columns, dtype=scales.dtype)
    at_once = max(1, _NUMBERS_AT_ONCE // columns)
    for start in range(0, len(rows), at_once):
        part = slice(start, start + at_once)
        ones = np.unpackbits(rows[part], axis=-1, bitorder="little").reshape(-1, bits)
        numbers = torch.from_numpy(ones @ (1 << np.arange(bits)).astype(np.float32))
        numbers = numbers.view(-1, scales.shape[-1], group_size)
        grouped = numbers * flat_scales[part].float().unsqueeze(-1) + flat_offsets[part].float().unsqueeze(-1)
        values[part] = grouped.flatten(1).to(scales.dtype)
    return values.view(*codes.shape[:-1], columns)
