"""Keys and values of several sequences in one cache: rows taken out, rows of different lengths put together."""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

Layers = list[tuple[Tensor, Tensor]]
"""Keys and values of each layer, [rows, KV heads, tokens, head size]."""


def cache_of(layers: Layers) -> DynamicCache:
    """A cache that holds the tensors themselves; what follows is appended to it, not to them."""
    cache = DynamicCache()
    for keys, values in layers:
        held = DynamicLayer()
        held.lazy_initialization(keys, values)
        held.keys, held.values = keys, values
        cache.layers.append(held)
    return cache


def layers_of(cache: DynamicCache, first: int = 0) -> Layers:
    """What a cache holds, from a layer on."""
    held = [layer for layer in cache.layers[first:] if isinstance(layer, DynamicLayer)]
    return [(layer.keys, layer.values) for layer in held if layer.keys is not None and layer.values is not None]


def cut(layers: Layers, row: int, tokens: slice) -> Layers:
    """A copy of some tokens of one row."""
    return [
        (keys[row : row + 1, :, tokens].clone(), values[row : row + 1, :, tokens].clone()) for keys, values in layers
    ]


def select(layers: Layers, rows: Sequence[int]) -> Layers:
    """Some rows."""
    if not layers or len(rows) == layers[0][0].shape[0]:
        return layers
    index = torch.tensor(rows, device=layers[0][0].device)
    return [(keys.index_select(0, index), values.index_select(0, index)) for keys, values in layers]


def stack_ragged(rows: Sequence[Layers]) -> tuple[DynamicCache, Tensor]:
    """One cache of single sequences of different lengths, which end together, and the mask [rows, longest] of both."""
    longest = max(layers[0][0].shape[2] for layers in rows)
    mask = torch.zeros(len(rows), longest, dtype=torch.long, device=rows[0][0][0].device)
    for row, layers in enumerate(rows):
        mask[row, longest - layers[0][0].shape[2] :] = 1
    stacked = [
        tuple(torch.cat([_padded(layers[layer][side], longest) for layers in rows]) for side in (0, 1))
        for layer in range(len(rows[0]))
    ]
    return cache_of([(keys, values) for keys, values in stacked]), mask


def _padded(held: Tensor, length: int) -> Tensor:
    """[1, KV heads, tokens, head size] with zeros before its first token."""
    return torch.nn.functional.pad(held, (0, 0, length - held.shape[2], 0))
