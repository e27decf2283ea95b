"""Texts of different lengths, and of different mutants, that are read on from what enters a layer, as drafts say."""

from collections.abc import Sequence

import torch
from torch import Tensor

from explorer.generation.passes import forward_between
from explorer.generation.ragged import Layers, cache_of, cut, layers_of, select, stack_ragged
from explorer.model.loaded import LoadedModel
from explorer.model.view import View


class Resumed:
    """Rows that share a cache of the layers from one on, in which all of them end together."""

    def __init__(self, model: LoadedModel, layer: int, rows: Sequence[Layers]) -> None:
        """`rows`: keys and values of all layers, [1, KV heads, tokens, head size]; those below `layer` are not read."""
        self._model, self._layer = model, layer
        self._below = [(keys.shape, values.shape) for keys, values in rows[0][:layer]]
        self._lengths = [layers[layer][0].shape[2] for layers in rows]
        cache, self._mask = stack_ragged([layers[layer:] for layers in rows], 0)
        self._upper = layers_of(cache)

    def read(self, view: View, hidden: Sequence[Tensor]) -> Tensor:
        """Logits [rows, tokens, vocabulary] (float32) after tokens of which `hidden` enters the layer.

        That is [1, tokens, hidden size] of each row. A row with fewer tokens than another has its last once more, and
        what is said of those means nothing: it is to be read no further.
        """
        model, count, width = self._model, len(hidden), max(each.shape[1] for each in hidden)
        places = [[min(place, each.shape[1] - 1) for place in range(width)] for each in hidden]
        fed = torch.cat([each[:, own] for each, own in zip(hidden, places, strict=True)])
        steps = [[length + place for place in own] for length, own in zip(self._lengths, places, strict=True)]
        self._mask = torch.cat([self._mask, self._mask.new_ones(count, width)], dim=1)
        cache = cache_of([*self._unread(count), *self._upper])
        logits = forward_between(
            model, view, fed, cache,
            first_layer=self._layer, keep=width, positions=torch.tensor(steps, device=model.device), mask=self._mask,
        )  # fmt: skip
        self._upper = layers_of(cache, self._layer)
        self._lengths = [length + each.shape[1] for length, each in zip(self._lengths, hidden, strict=True)]
        return logits

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with some rows alone, all of which were read as far as the pass went."""
        self._upper = select(self._upper, rows)
        self._mask = self._mask[list(rows)]
        self._lengths = [self._lengths[row] for row in rows]

    def cut(self, row: int, length: int) -> Layers:
        """Keys and values of the first `length` tokens of a row, of the layers from the first on that is read."""
        first = int(self._mask[row].argmax())  # what is before it only pads
        return cut(self._upper, row, slice(first, first + length))

    def _unread(self, count: int) -> Layers:
        """In place of the layers that are not read: as long as the others, for masks are made by the first."""
        like, length = self._upper[0][0], self._upper[0][0].shape[2]
        nothing = like.new_zeros(1)
        return [
            (nothing.expand(count, keys[1], length, keys[3]), nothing.expand(count, values[1], length, values[3]))
            for keys, values in self._below
        ]
