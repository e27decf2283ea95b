"""Texts of different lengths, and of different mutants, that grow together in one ragged batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from explorer.domain.decoding import Decoding
from explorer.domain.pair import End
from explorer.generation.decoding import choose, near_tie
from explorer.generation.passes import forward
from explorer.generation.ragged import Layers, cut, layers_of, stack_ragged
from explorer.generation.readings import read_alone
from explorer.generation.transcript import ending
from explorer.generation.trial import is_alone, verdict_of
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant, mutated_view


@dataclass(slots=True, eq=False)
class Growing:
    """A text of one mutant on its way."""

    mutant: Mutant
    prompt: Sequence[int]
    """Its tokens."""
    tokens: list[int] = field(default_factory=list)
    """Of the answer so far."""
    end: End | None = None
    is_tied: bool = False
    """Whether rounding may have decided one of its choices."""
    key_values: Layers = field(default_factory=list)
    """Of all layers, [1, KV heads, tokens so far but the last, head size], between two batches."""

    @property
    def length(self) -> int:
        """How many tokens its keys and values cover: all but its last."""
        return len(self.prompt) + len(self.tokens) - 1

    def accept(self, model: LoadedModel, token: int, decoding: Decoding) -> None:
        """Append a token, and end the text if it does."""
        self.tokens.append(token)
        self.end = ending(model, self.tokens, decoding.new_tokens(len(self.prompt)))

    def take(self, model: LoadedModel, logits: Tensor, decoding: Decoding) -> None:
        """Choose the next token from logits [vocabulary]; an overflow ends the text without one."""
        self.take_choice(model, *_chosen(model, logits.unsqueeze(0), decoding, [self])[0], decoding)

    def take_choice(self, model: LoadedModel, token: int, gap: float, is_finite: bool, decoding: Decoding) -> None:
        """As `take`, of a choice that is made: its token, its lead in logits, and whether there was one."""
        if not is_finite:
            self.end = "overflow"
            return
        self.is_tied |= gap < near_tie(model.dtype)
        self.accept(model, token, decoding)


def _chosen(
    model: LoadedModel, logits: Tensor, decoding: Decoding, texts: Sequence[Growing]
) -> list[tuple[int, float, bool]]:
    """The choice of each text from logits [texts, vocabulary], as `Growing.take_choice` takes it."""
    return choose(logits, decoding, [len(text.tokens) for text in texts], near_tie(model.dtype)).told()


def is_apart(model: LoadedModel, mutant: Mutant, prompts: Sequence[Sequence[int]], decoding: Decoding) -> bool:
    """Whether answers of a mutant to some prompts cannot grow in one batch."""
    lengths = [len(prompt) for prompt in prompts]
    longest = max((length + decoding.new_tokens(length) for length in lengths), default=0)
    return not verdict_of(model).ragged or is_alone(model, mutant, min(lengths, default=0), longest)


def decode_apart(model: LoadedModel, text: Growing, decoding: Decoding) -> Iterator[None]:
    """Decode a text on until it has ended, by itself and from its beginning; halts before each forward pass."""
    if text.end is not None:
        return
    reading = read_alone(model, text.mutant)
    fed = [*text.prompt, *text.tokens]
    while text.end is None:
        yield
        text.take(model, reading.read(*fed), decoding)
        fed = text.tokens[-1:]


def decode_together(model: LoadedModel, texts: Sequence[Growing], decoding: Decoding) -> Iterator[None]:
    """Decode texts on until all have ended; halts before each forward pass. Each has a token that is not fed yet.

    The batch is made smaller whenever a quarter of it has ended.
    """
    batch = [text for text in texts if text.end is None]
    while batch:
        view = mutated_view(model, {row: text.mutant for row, text in enumerate(batch)})
        room = max(decoding.new_tokens(len(text.prompt)) - len(text.tokens) for text in batch) + 1
        cache, mask = stack_ragged([text.key_values for text in batch], room)
        for text in batch:
            text.key_values = []
        positions = torch.tensor([text.length for text in batch], device=model.device)
        while 4 * sum(text.end is None for text in batch) > 3 * len(batch):
            yield
            fed = torch.tensor([[text.tokens[-1]] for text in batch], device=model.device)
            mask = torch.cat([mask, mask.new_ones(len(batch), 1)], dim=1)
            logits = forward(model, view, fed, cache, keep=1, positions=positions.unsqueeze(-1), mask=mask)
            positions = positions + 1
            for text, choice in zip(batch, _chosen(model, logits[:, -1], decoding, batch), strict=True):
                if text.end is None:  # one that has ended is fed its last token again, to no effect
                    text.take_choice(model, *choice, decoding)
        for row, text in enumerate(batch):
            if text.end is None:
                text.key_values = cut(layers_of(cache), row, slice(-text.length, None))
        batch = [text for text in batch if text.end is None]
