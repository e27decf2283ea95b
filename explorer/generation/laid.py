"""Texts laid into one tree: read by the original once, then by mutants in batches, from the first layer they change."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.genotype import Genotype
from explorer.generation.packed import Tree, row_of_tree
from explorer.generation.passes import forward_row, watch_hidden
from explorer.generation.ragged import Layers, layers_of
from explorer.generation.trial import is_alone, single_of, verdict_of
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant, make_mutant, mutated_view

TREE = 512
"""Tokens of a tree, unless one text alone has more: attention grows with their square."""

HIDDEN_KEPT = 2**30
"""Bytes of hidden states that are kept, at most; trees beyond that start from their tokens."""


class Laid:
    """A tree of texts with the places whose logits are wanted."""

    def __init__(self, model: LoadedModel, tree: Tree, kept: Iterable[int]) -> None:
        self.tree = tree
        self.kept = torch.tensor(sorted(kept), device=model.device)
        """The places whose logits are wanted, [kept]."""
        self._model, self._row = model, row_of_tree(model, tree)
        self._hidden: tuple[Tensor, ...] = ()
        """Of the original: what enters each layer, and the final norm, [1, tokens, hidden size]; empty if not kept."""
        self._key_values: Layers = []

    @property
    def vocabulary(self) -> int:
        """How many logits a place has."""
        return int(self._model.causal_lm.config.get_text_config().vocab_size)

    @property
    def bytes_kept(self) -> int:
        """What is kept of the original's pass."""
        return sum(states.nbytes for states in self._hidden)

    def at(self, places: Sequence[int]) -> Tensor:
        """Where the logits of some places are among those kept."""
        return torch.searchsorted(self.kept, torch.tensor(places, device=self.kept.device))

    def read_original(self, room: int = HIDDEN_KEPT) -> Tensor:
        """Logits [kept, vocabulary] of the original, whose hidden states are kept if they fit into so many bytes."""
        nothing = make_mutant(self._model, Genotype())
        if not self.is_packed(nothing):
            return self._unpacked(nothing)
        view, cache = mutated_view(self._model, {}), DynamicCache()
        records = watch_hidden(self._model, view, 0)
        logits = forward_row(self._model, view, self._row, 1, keep=self.kept, hidden=None, first_layer=0, cache=cache)[
            0
        ]
        hidden = tuple(record[0] for record in records)
        if sum(states.nbytes for states in hidden) <= room:
            self._hidden, self._key_values = hidden, layers_of(cache)
        return logits

    def read(self, mutants: Sequence[Mutant]) -> Tensor:
        """Logits [mutants, kept, vocabulary]; those that cannot share a row are read text by text."""
        are_packed = [self.is_packed(mutant) for mutant in mutants]
        packed = [mutant for mutant, is_packed in zip(mutants, are_packed, strict=True) if is_packed]
        rows = iter(self.read_packed(packed)[0] if packed else ())
        return torch.stack(
            [
                next(rows) if is_packed else self._unpacked(mutant)
                for mutant, is_packed in zip(mutants, are_packed, strict=True)
            ]
        )

    def read_packed(self, mutants: Sequence[Mutant]) -> tuple[Tensor, Layers]:
        """As `read`, of mutants that are all packed, with the keys and values of all layers for the whole tree."""
        view, cache = mutated_view(self._model, dict(enumerate(mutants))), DynamicCache()
        entries = [mutant.first_layer for mutant in mutants]
        first = min((entry for entry in entries if entry is not None), default=0)
        can_resume = bool(self._hidden) and None not in entries and verdict_of(self._model).resumes
        hidden = self._hidden[first] if can_resume else None
        logits = forward_row(
            self._model, view, self._row, len(mutants), keep=self.kept, hidden=hidden, first_layer=first, cache=cache
        )
        if not can_resume:
            return logits, layers_of(cache)
        lower = [
            (keys.expand(len(mutants), -1, -1, -1), values.expand(len(mutants), -1, -1, -1))
            for keys, values in self._key_values[:first]
        ]
        return logits, [*lower, *layers_of(cache, first)]

    def is_packed(self, mutant: Mutant) -> bool:
        """Whether a mutant reads the tree as one row."""
        longest = max(self.tree.positions) + 2
        is_near = longest <= (self._model.sees_back or longest)
        return is_near and verdict_of(self._model).packed and not is_alone(self._model, mutant, 1, longest)

    def _unpacked(self, mutant: Mutant) -> Tensor:
        """Logits [kept, vocabulary], each text of the tree read by itself."""
        kept, single = self.kept.tolist(), single_of(self._model, mutant)
        wanted, by_place = set(kept), dict[int, Tensor]()
        for places in self.tree.texts():
            text = [self.tree.tokens[place] for place in places]
            numbers = [number for number, place in enumerate(places) if place in wanted]
            first = numbers[0] + 1
            logits = single.logits_over(text[:first], [*text[first:], 0])
            by_place |= {places[number]: logits[number - first + 1] for number in numbers}
        return torch.stack([by_place[place] for place in kept])
