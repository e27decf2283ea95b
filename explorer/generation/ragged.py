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


def repeat_row(layers: Layers, count: int) -> Layers:
    """One row seen as many; nothing is copied."""
    return [(keys.expand(count, -1, -1, -1), values.expand(count, -1, -1, -1)) for keys, values in layers]


def stack_ragged(rows: Sequence[Layers], room: int) -> tuple[DynamicCache, Tensor]:
    """One cache of single sequences of different lengths, which end together, and the mask [rows, longest] of both.

    It takes `room` more tokens without being copied.
    """
    longest = max(layers[0][0].shape[2] for layers in rows)
    mask = torch.zeros(len(rows), longest, dtype=torch.long, device=rows[0][0][0].device)
    for row, layers in enumerate(rows):
        mask[row, longest - layers[0][0].shape[2] :] = 1
    cache = DynamicCache()
    for place in range(len(rows[0])):
        keys, values = (_aligned([layers[place][side] for layers in rows], longest, room) for side in (0, 1))
        cache.layers.append(_RoomyLayer(keys, values, longest))
    return cache, mask


class _RoomyLayer(DynamicLayer):
    """Keys and values in tensors that have room for what is to come: a token more copies nothing."""

    def __init__(self, keys: Tensor, values: Tensor, length: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.lazy_initialization(keys, values)
        self._held = keys, values
        self.keys, self.values = keys[:, :, :length], values[:, :, :length]

    def update(self, key_states: Tensor, value_states: Tensor, *_: object, **__: object) -> tuple[Tensor, Tensor]:
        """Append to the room; all keys and values so far."""
        assert self.keys is not None
        start, stop = self.keys.shape[2], self.keys.shape[2] + key_states.shape[2]
        for held, states in zip(self._held, (key_states, value_states), strict=True):
            held[:, :, start:stop] = states
        self.keys, self.values = (held[:, :, :stop] for held in self._held)
        return self.keys, self.values


def _aligned(rows: Sequence[Tensor], length: int, room: int) -> Tensor:
    """Rows [1, KV heads, tokens, head size] of different lengths so that all end at `length`; zeros elsewhere."""
    _, heads, _, size = rows[0].shape
    held = rows[0].new_zeros(len(rows), heads, length + room, size)
    for place, row in enumerate(rows):
        held[place, :, length - row.shape[2] : length] = row[0]
    return held
