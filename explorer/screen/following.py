"""Mutants that have left the baseline, checked against texts that others have written: several tokens a pass.

As the baseline is a draft of what a mutant says, so is each known text that begins as its own: whoever chooses another
token than the draft leaves it with that token, and may follow the next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import torch
from torch import Tensor

from explorer.domain.decoding import Decoding
from explorer.generation.decoding import choose, near_tie
from explorer.generation.ragged import Layers
from explorer.generation.resumed import Resumed
from explorer.generation.together import Growing
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import mutated_view
from explorer.screen.known import Draft, KnownTexts

WIDTHS = (12, 24)
"""Tokens of a draft that are checked in the first pass, and in each that follows."""


@dataclass(slots=True)
class Pace:
    """How fast texts have grown."""

    tokens: int = 0
    passes: int = 0
    """Each of a batch counts as many times as it has rows."""


@dataclass(slots=True, eq=False)
class _Follower:
    """A text that grows along a draft."""

    text: Growing
    draft: Draft
    begun: Layers
    """Its keys and values when it began to follow, of all layers."""

    @property
    def left(self) -> int:
        """Tokens of the draft that it does not have."""
        return len(self.draft.tokens) - len(self.text.tokens)

    @property
    def at(self) -> int:
        """The place of its last token, which is not fed yet, in what is kept of the draft."""
        return len(self.text.tokens) - 1 - self.draft.start

    def entering(self, layer: int, width: int) -> Tensor:
        """What enters a layer of its last token and those of the draft behind it, so many at most."""
        return self.draft.hidden[layer][:, self.at : self.at + min(width, self.left)]


def follow(
    model: LoadedModel, texts: Sequence[Growing], known: KnownTexts, layer: int, decoding: Decoding, pace: Pace
) -> Iterator[None]:
    """Let texts of mutants that change nothing below a layer grow, as long as any known text begins as they do.

    Halts before each forward pass. Each text has a token that is not fed yet.
    """
    while True:
        found = [(text, known.find(text.tokens)) for text in texts if text.end is None]
        begun = [(text, branch) for text, branch in found if branch is not None]
        if not begun:
            return
        yield
        drafts = known.drafts([branch for _, branch in begun])
        batch = [_Follower(text, draft, text.key_values) for (text, _), draft in zip(begun, drafts, strict=True)]
        yield from _along(model, batch, layer, decoding, pace)


def _along(model: LoadedModel, batch: list[_Follower], layer: int, decoding: Decoding, pace: Pace) -> Iterator[None]:
    """Check texts along their drafts until each has left its own, or come to its end."""
    resumed = Resumed(model, layer, [each.begun for each in batch])
    for width in chain(WIDTHS[:-1], repeat(WIDTHS[-1])):
        yield
        view = mutated_view(model, {row: each.text.mutant for row, each in enumerate(batch)})
        logits = resumed.read(view, [each.entering(layer, width) for each in batch])
        pace.passes += len(batch)
        stays = []
        for row, each in enumerate(batch):
            before = len(each.text.tokens)
            if _take(model, each, logits[row, : min(width, each.left)], decoding):
                stays.append(row)
            else:
                is_over = each.text.end is not None
                each.text.key_values = [] if is_over else _key_values(each, layer, resumed.cut(row, each.text.length))
            pace.tokens += len(each.text.tokens) - before
        if not stays:
            return
        resumed.keep(stays)
        batch = [batch[row] for row in stays]


def _take(model: LoadedModel, follower: _Follower, logits: Tensor, decoding: Decoding) -> bool:
    """Choose tokens from logits [tokens, vocabulary] up to the first that is not the draft's; whether it can go on."""
    text = follower.text
    choices = choose(logits, decoding, len(text.tokens), near_tie(model.dtype))
    for token, gap, is_finite in choices.told():
        expected = follower.draft.tokens[len(text.tokens)]
        text.take_choice(model, token, gap, is_finite, decoding)
        if text.end is not None or token != expected:
            return False
    return follower.left > 0


def _key_values(follower: _Follower, layer: int, upper: Layers) -> Layers:
    """Of all layers of a text that has left its draft: what is below the first that it changes is the draft's too."""
    start = len(follower.text.prompt) + follower.draft.start
    lower = []
    for begun, drafted in zip(follower.begun[:layer], follower.draft.key_values[:layer], strict=True):
        length = begun[0].shape[2]
        kept = slice(length - start, follower.text.length - start)
        lower.append(tuple(torch.cat([own, more[:, :, kept]], dim=2) for own, more in zip(begun, drafted, strict=True)))
    return [*lower, *upper]  # type: ignore[list-item]
