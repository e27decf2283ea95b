"""One forward pass through a view, from tokens or from the hidden states below a layer, with a KV cache.

Knows how a pass is started and what it leaves behind; not what the tokens are for.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from explorer.domain.errors import ModelError
from explorer.generation.packed import Row
from explorer.model.loaded import LoadedModel
from explorer.model.view import Passthrough, View


@dataclass(frozen=True, slots=True)
class KeyValues:
    """The attention keys and values of one sequence, for each layer [1, KV heads, tokens, head size]."""

    keys: tuple[Tensor, ...]
    values: tuple[Tensor, ...]

    def cache(self, length: int) -> DynamicCache:
        """A cache, of its own, of the first `length` tokens."""
        cache = DynamicCache()
        for layer, (keys, values) in enumerate(zip(self.keys, self.values, strict=True)):
            cache.update(keys[..., :length, :], values[..., :length, :], layer)
        return cache

    def below(self, first_layer: int, upper: "KeyValues") -> "KeyValues":
        """These below `first_layer`, and `upper`, which holds the layers from there on alone, above."""
        return KeyValues(self.keys[:first_layer] + upper.keys, self.values[:first_layer] + upper.values)


def row_of(cache: DynamicCache, row: int, length: int | None = None) -> KeyValues:
    """A copy of what a cache holds of the first `length` tokens of one batch row.

    Layers that were passed through hold nothing and are left out.
    """
    held = [(layer.keys, layer.values) for layer in cache.layers if isinstance(layer, DynamicLayer)]
    pairs = [(keys, values) for keys, values in held if keys is not None and values is not None]
    return KeyValues(
        tuple(keys[row : row + 1, :, :length].clone() for keys, _ in pairs),
        tuple(values[row : row + 1, :, :length].clone() for _, values in pairs),
    )


def forward(
    model: LoadedModel,
    view: View,
    tokens: Tensor,
    cache: DynamicCache,
    *,
    keep: int,
    positions: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Logits [batch, keep, vocabulary] (float32) after the last `keep` of tokens [batch, tokens].

    The tokens follow those in the cache, which grows by them. Where rows of different lengths share a cache,
    `positions` [batch, tokens] says where each stands, and `mask` [batch, cache and tokens] what counts (1) in it.
    """
    inputs = {"input_ids": tokens} if mask is None else {"input_ids": tokens, "attention_mask": mask}
    if positions is None and model.is_told_positions:
        positions = _positions(model, cache.get_seq_length(), tokens.shape)
    return _run(model, view, inputs, positions, cache, keep)


def forward_from(
    model: LoadedModel, view: View, hidden: Tensor, cache: DynamicCache, *, first_layer: int, keep: int
) -> Tensor:
    """As `forward`, from hidden states [batch, tokens, hidden size] that enter `first_layer`, in an empty cache."""
    return forward_between(model, view, hidden, cache, first_layer=first_layer, start=0, keep=keep)


def forward_between(
    model: LoadedModel,
    view: View,
    hidden: Tensor,
    cache: DynamicCache,
    *,
    first_layer: int,
    keep: int,
    start: int = 0,
    positions: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """As `forward_from`, the hidden states being those from position `start` on.

    The cache holds what comes before them, of all layers: those below `first_layer` do not add to it. Where rows of
    different lengths share it, `positions` and `mask` are those of `forward`, and `start` means nothing.
    """
    _skip(model, view, first_layer, hidden)
    inputs = {"inputs_embeds": hidden} if mask is None else {"inputs_embeds": hidden, "attention_mask": mask}
    if positions is None and model.is_told_positions:
        positions = _positions(model, start, hidden.shape[:2])
    return _run(model, view, inputs, positions, cache, keep)


def forward_row(
    model: LoadedModel,
    view: View,
    row: Row,
    count: int,
    *,
    keep: Tensor,
    hidden: Tensor | None,
    first_layer: int,
    cache: DynamicCache,
) -> Tensor:
    """Logits [count, keep, vocabulary] (float32) after the tokens at the places `keep` of a row, taken `count` times.

    From `hidden` [1, tokens, hidden size], what enters `first_layer`; None: from the tokens. The cache takes the keys
    and values of the layers that are computed.
    """
    inputs: dict[str, Any] = {"attention_mask": row.mask}
    if hidden is None:
        inputs["input_ids"] = row.tokens.expand(count, -1)
    else:
        inputs["inputs_embeds"] = hidden.expand(count, -1, -1)
        _skip(model, view, first_layer, inputs["inputs_embeds"])
    return _run(model, view, inputs, row.positions.expand(count, -1), cache, keep)


def watch_hidden(model: LoadedModel, view: View, row: int | None) -> list[list[Tensor]]:
    """Let the view record what enters each layer, and the final norm, for one batch row, or for all (None).

    The lists, one a layer and one for the norm, grow by [rows, tokens, hidden size] a pass. Empty if the layers are not
    known. Where there is no such norm, the last is what leaves the last layer.
    """
    trunk = model.anatomy.trunk
    if trunk is None:
        return []
    rows = slice(None) if row is None else slice(row, row + 1)
    records: list[list[Tensor]] = []
    for path in filter(None, [*trunk.layers, trunk.norm]):
        record: list[Tensor] = []
        view.before(path, lambda hidden, record=record: record.append(hidden[rows].clone()))  # type: ignore[misc]
        records.append(record)
    if trunk.norm is None:
        last: list[Tensor] = []
        view.behind(trunk.layers[-1], lambda hidden: last.append(hidden[rows].clone()))
        records.append(last)
    return records


def _skip(model: LoadedModel, view: View, first_layer: int, hidden: Tensor) -> None:
    """Let hidden states enter a layer, whatever the model makes of its embeddings before the first."""
    trunk = model.anatomy.trunk
    assert trunk is not None
    for path in filter(None, (trunk.embed, trunk.position)):
        view.spare(path)
    for layer, path in enumerate(trunk.layers[:first_layer], 1):
        given = hidden if layer == first_layer else None
        view.replace(path, Passthrough(view.root.get_submodule(path), given, in_tuple=model.has_tuples))
    if first_layer == 0:
        view.feed(trunk.layers[0], hidden)


def _positions(model: LoadedModel, start: int, shape: torch.Size) -> Tensor:
    return torch.arange(start, start + shape[1], device=model.device).expand(shape[0], -1)


def _run(
    model: LoadedModel,
    view: View,
    inputs: dict[str, Any],
    positions: Tensor | None,
    cache: DynamicCache,
    keep: int | Tensor,
) -> Tensor:
    """Raises ModelError if a mutated module took no part in the pass: that is not the same as having no effect."""
    if positions is not None and model.accepts("position_ids"):
        inputs["position_ids"] = positions
    if keeps := model.accepts("logits_to_keep"):
        inputs["logits_to_keep"] = keep
    view.begin(len(inputs["input_ids"] if "input_ids" in inputs else inputs["inputs_embeds"]))
    with torch.inference_mode():
        output = view.root(**inputs, past_key_values=cache, use_cache=True)
    if view.unused:
        raise ModelError(f"{', '.join(view.unused)} took no part in the forward pass, so its mutation was not tried.")
    logits: Tensor = output.logits
    wanted = keep if isinstance(keep, int) else len(keep)
    if not keeps or logits.shape[1] > wanted:
        logits = logits[:, -keep:] if isinstance(keep, int) else logits[:, keep]
    return logits.float()
