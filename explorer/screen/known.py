"""Texts that the mutants of a screen have written: drafts for those after them, with what the baseline makes of each.

A mutant that leaves the baseline often goes on as another has before it. What enters a layer that it does not change
is then the same as of any mutant further up: the unmutated layers' own, read once.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.differences import perplexity
from explorer.generation.likelihood import LOGITS
from explorer.generation.passes import forward, watch_hidden
from explorer.generation.ragged import Layers, cut, layers_of, stack_ragged
from explorer.generation.trial import is_alone, verdict_of
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant, mutated_view

KEPT_BYTES = 2**29
"""Of the activations of known texts, at most; those that were of use last stay."""

Text = tuple[int, ...]


@dataclass(slots=True, eq=False)
class Draft:
    """A known text from its first token on that is not the baseline's."""

    tokens: Text
    """All of them, from the beginning."""
    start: int
    """The place of that token."""
    hidden: list[Tensor]
    """What enters each layer, and the final norm: [1, tokens from `start` on but the last, hidden size]."""
    key_values: Layers
    """Of the same tokens."""
    uses: int = 1
    """How often a mutant has written it."""


class KnownTexts:
    """Of one screen: texts are told by `learn`, and found by what they begin with."""

    def __init__(self, model: LoadedModel, baseline: Baseline, background: Genotype) -> None:
        """`background` is what the baseline is of."""
        self._model, self._baseline = model, baseline
        self._background, self._is_original = make_mutant(model, background), not background.mutations
        self._by_text: OrderedDict[Text, Draft] = OrderedDict()
        self._by_branch: dict[tuple[int, int], list[Draft]] = {}
        """By where they leave the baseline, and the token by which they do."""
        self._bytes = _bytes_a_token(baseline)
        self.perplexities: dict[Text, float | None] = {}
        """By the original model, of those that were read last; of none if the baseline is of another."""

    @property
    def is_of_use(self) -> bool:
        """Whether mutants of this model can be read as drafts say."""
        return (
            bool(self._baseline.hidden)
            and verdict_of(self._model).drafted
            and not is_alone(self._model, self._background, 0, len(self._baseline.prompt_tokens) + 1)
        )

    def find(self, tokens: Sequence[int]) -> Draft | None:
        """Of the known texts that begin with some tokens and go on, the one that was written most often."""
        begun = tuple(tokens)
        at = self._divergence(begun)
        branch = () if at is None else self._by_branch.get((at, begun[at]), ())
        fitting = [each for each in branch if len(each.tokens) > len(begun) and each.tokens[: len(begun)] == begun]
        found = max(fitting, key=lambda each: each.uses, default=None)
        if found is not None:
            self._by_text.move_to_end(found.tokens)
        return found

    def learn(self, texts: Iterable[Text]) -> None:
        """Know texts from now on; new ones are read once. One that ends as the baseline begins is left out."""
        self.perplexities = {}
        new: dict[Text, int] = {}
        for text in texts:
            if text in self._by_text:
                self._by_text[text].uses += 1
                self._by_text.move_to_end(text)
            elif (start := self._divergence(text)) is not None:
                new[text] = start
        rest = sorted(new, key=lambda text: len(text) - new[text])
        while rest:
            tail = max(1, len(rest[-1]) - new[rest[-1]] - 1)  # of the longest: those before it are shorter
            logits = tail * self._baseline.logits.shape[-1]
            rows = min(LOGITS // logits, KEPT_BYTES // (2 * tail * self._bytes))
            if rows == 0:
                rest.pop()  # too long to be kept
                continue
            self._read({text: new[text] for text in rest[-rows:]}, tail)
            del rest[-rows:]

    def _divergence(self, text: Text) -> int | None:
        pairs = enumerate(zip(text, self._baseline.tokens, strict=False))
        return next((place for place, (own, other) in pairs if own != other), None)

    def _read(self, starts: dict[Text, int], width: int) -> None:
        """Read texts behind where they leave the baseline, in one batch."""
        model, prompt, count = self._model, len(self._baseline.prompt_tokens), len(starts)
        held = list(zip(self._baseline.key_values.keys, self._baseline.key_values.values, strict=True))
        rows = [[(k[..., : prompt + at, :], v[..., : prompt + at, :]) for k, v in held] for at in starts.values()]
        cache, mask = stack_ragged(rows, width)
        before = mask.shape[1]
        fed = [[*text[at:-1], *[0] * width][:width] for text, at in starts.items()]  # what follows changes nothing
        steps = [[prompt + min(at + place, len(text) - 1) for place in range(width)] for text, at in starts.items()]
        view = mutated_view(model, {} if self._is_original else dict.fromkeys(range(count), self._background))
        records = watch_hidden(model, view, None)
        logits = forward(
            model, view, torch.tensor(fed, device=model.device), cache,
            keep=width, positions=torch.tensor(steps, device=model.device),
            mask=torch.cat([mask, mask.new_ones(count, width)], dim=1),
        )  # fmt: skip
        for row, (text, at) in enumerate(starts.items()):
            tail = len(text) - 1 - at
            if self._is_original:
                told = torch.cat([self._baseline.logits[: at + 1], logits[row, :tail]])
                self.perplexities[text] = perplexity(told, list(text))
            if tail:
                hidden = [record[0][row : row + 1, :tail].clone() for record in records]
                self._keep(Draft(text, at, hidden, cut(layers_of(cache), row, slice(before, before + tail))))

    def _keep(self, draft: Draft) -> None:
        self._by_text[draft.tokens] = draft
        self._by_branch.setdefault((draft.start, draft.tokens[draft.start]), []).append(draft)
        while sum(len(text) - each.start for text, each in self._by_text.items()) * self._bytes > KEPT_BYTES:
            _, oldest = self._by_text.popitem(last=False)
            self._by_branch[oldest.start, oldest.tokens[oldest.start]].remove(oldest)


def _bytes_a_token(baseline: Baseline) -> int:
    """Of what is kept of a token: what enters each layer, its keys and its values."""
    parts = [*baseline.hidden, *baseline.key_values.keys, *baseline.key_values.values]
    tokens = max(1, len(baseline.prompt_tokens) + len(baseline.tokens) - 1)
    return max(1, sum(part.numel() * part.element_size() for part in parts) // tokens)
