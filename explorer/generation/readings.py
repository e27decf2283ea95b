"""A text that one genotype reads as it grows: in a cache of keys and values, or in the model's own kind of cache."""

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.generation.passes import forward, watch_hidden
from explorer.generation.single import Reader
from explorer.generation.trial import single_of, verdict_of
from explorer.model.loaded import LoadedModel
from explorer.model.view import View
from explorer.mutation.apply import Mutant, mutated_view


class Reading(Protocol):
    """Reads on, and keeps what a baseline is made of."""

    records: list[list[Tensor]]
    """What `watch_hidden` has recorded; empty if nothing starts from there."""
    cache: DynamicCache
    """Of keys and values; empty if it cannot be cut back."""

    def read(self, *tokens: int) -> Tensor:
        """Logits [vocabulary], float32, after some more tokens."""
        ...


@dataclass(slots=True, eq=False)
class _Watched:
    """In a cache that can be cut back, with the hidden states recorded."""

    model: LoadedModel
    view: View
    cache: DynamicCache
    records: list[list[Tensor]]

    def read(self, *tokens: int) -> Tensor:
        fed = torch.tensor([tokens], device=self.model.device)
        return forward(self.model, self.view, fed, self.cache, keep=1)[0, -1]


@dataclass(slots=True, eq=False)
class _Alone:
    """By the plain procedure."""

    reader: Reader
    records: list[list[Tensor]] = field(default_factory=list)
    cache: DynamicCache = field(default_factory=DynamicCache)

    def read(self, *tokens: int) -> Tensor:
        return self.reader.read(*tokens)


def read_watched(model: LoadedModel, mutant: Mutant, cache: DynamicCache | None = None) -> Reading:
    """A text whose first tokens a cache may hold already."""
    view = mutated_view(model, {0: mutant})
    records = watch_hidden(model, view, 0) if verdict_of(model).resumes else []
    return _Watched(model, view, cache or DynamicCache(), records)


def read_alone(model: LoadedModel, mutant: Mutant) -> Reading:
    """A text that is read from its beginning, by itself."""
    return _Alone(Reader(single_of(model, mutant)))
