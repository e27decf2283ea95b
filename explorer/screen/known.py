"""Texts that the mutants of a screen have written: drafts for those after them, with what the baseline makes of each.

A mutant that leaves the baseline often goes on as another has before it. What enters a layer that it does not change
is then the same as of any mutant further up: the unmutated layers' own, read once, when the text is first of use.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.branches import Branch, branch_of, read_branches
from explorer.generation.passes import watch_hidden
from explorer.generation.ragged import Layers
from explorer.model.loaded import LoadedModel
from explorer.model.memory import free_memory
from explorer.mutation.apply import make_mutant, mutated_view

KEPT_BYTES, KEPT_SHARE = 2**30, 1 / 8
"""Of the activations of known texts, at most, and of the memory that is free; those that were of use last stay."""

MOST_TEXTS = 20_000
"""That are known; those that were written last stay."""

Text = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A known text with the baseline's activations, from its first token on that is not the baseline's."""

    tokens: Text
    """All of them, from the beginning."""
    start: int
    """The place of that token."""
    hidden: list[Tensor]
    """What enters each layer, and the final norm: [1, tokens from `start` on but the last, hidden size]."""
    key_values: Layers
    """Of the same tokens."""


class KnownTexts:
    """Of one screen: texts are told by `learn`, found by what they begin with, and read when they are of use."""

    def __init__(self, model: LoadedModel, baseline: Baseline, background: Genotype) -> None:
        """`background` is what the baseline is of; the model can be read as drafts say (`Verdict.drafted`)."""
        self._model, self._baseline = model, baseline
        self._background = make_mutant(model, background) if background.mutations else None
        self._uses: OrderedDict[Text, int] = OrderedDict()
        """How often each has been written."""
        self._by_branch: dict[tuple[int, int], list[Branch]] = {}
        """By where they leave the baseline, and the token by which they do."""
        self._drafts: OrderedDict[Text, Draft] = OrderedDict()
        self._bytes = _bytes_a_token(baseline)
        self._room = min(KEPT_BYTES, int(KEPT_SHARE * free_memory(model.device)))

    def learn(self, texts: Iterable[Text]) -> None:
        """Know texts from now on; one that ends as the baseline begins is left out."""
        for text in texts:
            if text in self._uses:
                self._uses[text] += 1
                self._uses.move_to_end(text)
                continue
            branch = branch_of(self._baseline, text)
            if branch is None or not branch.fed or len(branch.fed) * self._bytes > self._room:
                continue
            self._uses[text] = 1
            self._by_branch.setdefault(_key(branch), []).append(branch)
            if len(self._uses) > MOST_TEXTS:
                oldest, _ = self._uses.popitem(last=False)
                self._drafts.pop(oldest, None)
                left = self._by_branch[_key(branch_of(self._baseline, oldest))]
                left[:] = [each for each in left if each.tokens != oldest]

    def find(self, tokens: Sequence[int]) -> Branch | None:
        """Of the known texts that begin with some tokens and go on, the one that was written most often."""
        begun = tuple(tokens)
        branch = branch_of(self._baseline, begun)
        others = () if branch is None else self._by_branch.get(_key(branch), ())
        fitting = (each for each in others if len(each.tokens) > len(begun) and each.tokens[: len(begun)] == begun)
        return max(fitting, key=lambda each: self._uses[each.tokens], default=None)

    def drafts(self, branches: Sequence[Branch]) -> list[Draft]:
        """Of texts, in their order; those that are not kept are read in one batch, or in a few."""
        found = {each.tokens: self._drafts[each.tokens] for each in branches if each.tokens in self._drafts}
        missing = {each.tokens: each for each in branches if each.tokens not in found}
        rest = sorted(missing.values(), key=lambda each: len(each.fed))
        while rest:
            rows = max(1, self._room // (2 * len(rest[-1].fed) * self._bytes))
            found |= {draft.tokens: draft for draft in self._read(rest[-rows:])}
            del rest[-rows:]
        for each in branches:
            self._drafts[each.tokens] = found[each.tokens]
            self._drafts.move_to_end(each.tokens)
        while sum(len(each.tokens) - each.start for each in self._drafts.values()) * self._bytes > self._room:
            self._drafts.popitem(last=False)
        return [found[each.tokens] for each in branches]

    def _read(self, branches: Sequence[Branch]) -> list[Draft]:
        rows = range(len(branches) if self._background else 0)
        view = mutated_view(self._model, {row: self._background for row in rows if self._background is not None})
        records = watch_hidden(self._model, view, None)
        key_values = read_branches(self._model, view, self._baseline, branches)
        drafts = []
        for row, (branch, held) in enumerate(zip(branches, key_values, strict=True)):
            hidden = [torch.clone(record[0][row : row + 1, : len(branch.fed)]) for record in records]
            drafts.append(Draft(branch.tokens, branch.start, hidden, held))
        return drafts


def _key(branch: Branch | None) -> tuple[int, int]:
    assert branch is not None  # it was one when it became known
    return branch.start, branch.tokens[branch.start]


def _bytes_a_token(baseline: Baseline) -> int:
    """Of what is kept of a token: what enters each layer, its keys and its values."""
    parts = [*baseline.hidden, *baseline.key_values.keys, *baseline.key_values.values]
    tokens = max(1, len(baseline.prompt_tokens) + len(baseline.tokens) - 1)
    return max(1, sum(part.numel() * part.element_size() for part in parts) // tokens)
