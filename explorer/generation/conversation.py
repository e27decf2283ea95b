"""A conversation that a model and its mutant lead side by side; what each has read stays in its cache.

So a turn costs what its new tokens cost. From the first parting on texts differ, so each side is a batch of its own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.conversation import Conversation, Exchange, Side
from explorer.domain.decoding import Decoding
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.domain.pair import End
from explorer.generation.lane import Lane
from explorer.generation.passes import forward
from explorer.generation.single import Reader
from explorer.generation.transcript import Transcript, first_divergence
from explorer.generation.trial import is_alone, single_of
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant, mutated_view


class Voice:
    """One genotype as it reads a text that grows."""

    def __init__(self, model: LoadedModel, genotype: Genotype) -> None:
        self.model, self.genotype = model, genotype
        self.read_tokens = 0
        """How many tokens it has read in all, for whoever counts the cost."""
        self._mutant = make_mutant(model, genotype)
        self._view = mutated_view(model, {0: self._mutant})
        self._text: list[int] = []
        self._cache = DynamicCache()
        self._reader: Reader | None = None

    def read(self, text: list[int], most: int) -> Tensor:
        """Logits [vocabulary] after a text of at most so many tokens in the end, of which only what is new is read."""
        known = _common(self._text, text[:-1])
        turn = self.model.turning_point
        if turn is not None and (len(self._text) > turn) != (len(text) > turn):
            known = 0  # positions are computed in another way from there on
        try:
            logits = self._read(text, known, most)
        except BaseException:  # what the cache has is not known then
            self._keep(0)
            self._text = []
            raise
        self._text = list(text)
        return logits

    def _read(self, text: list[int], known: int, most: int) -> Tensor:
        if is_alone(self.model, self._mutant, len(text), most):
            if self._reader is None or known < len(self._text):
                self._reader, known = Reader(single_of(self.model, self._mutant)), 0
            logits = self._reader.read(*text[known:])
        else:
            if known < len(self._text) or self._reader is not None:
                known = self._keep(known) if self._reader is None else self._keep(0)
            fed = torch.tensor([text[known:]], device=self.model.device)
            logits = forward(self.model, self._view, fed, self._cache, keep=1)[0, -1]
        self.read_tokens += len(text) - known
        return logits

    def _keep(self, length: int) -> int:
        """Cut the cache back to so many tokens; how many it has then."""
        self._reader = None
        surplus = int(self._cache.get_seq_length()) - length
        if length and surplus >= 0:
            if surplus:
                self._cache.crop(-surplus)
            return length
        self._cache = DynamicCache()
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkUpdate:
    """A turn as it grows."""

    original: tuple[str, ...]
    """The answer's pieces, one a token."""
    mutated: tuple[str, ...]
    original_end: End | None
    mutated_end: End | None
    first_divergence: int | None
    exchange: Exchange | None = None
    """The whole turn, once it has ended."""


class Voices:
    """The voices of the conversations that were led last, so that a further turn reads only what is new."""

    def __init__(self, kept: int = 4) -> None:
        self._kept = kept
        self._voices: OrderedDict[tuple[str, str], Voice] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, side: Side, model: LoadedModel, genotype: Genotype) -> Voice:
        """That of one side of a conversation; a new one if its model or genotype is another."""
        with self._lock:
            found = self._voices.pop((key, side), None)
        if found is None or found.model is not model or found.genotype != genotype:
            found = Voice(model, genotype)
        with self._lock:
            self._voices[key, side] = found
            while len(self._voices) > self._kept:
                self._voices.popitem(last=False)
        return found

    def forget(self, model: LoadedModel) -> None:
        """Those of a model."""
        with self._lock:
            for key in [key for key, voice in self._voices.items() if voice.model is model]:
                del self._voices[key]


def talk(
    voices: tuple[Voice, Voice],
    conversation: Conversation,
    text: str,
    decoding: Decoding,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generator[TalkUpdate, None, None]:
    """Ask both a further question; yields the answers as they grow, and last the exchange. Raises PromptError."""
    model = voices[0].model
    sides: tuple[Side, Side] = ("original", "mutated")
    prompts = [model.encode(conversation.prompt(side, text), decoding) for side in sides]
    lanes = [Lane(Transcript(model), decoding, decoding.new_tokens(len(prompt))) for prompt in prompts]
    while any(lane.transcript.end is None for lane in lanes):
        for voice, prompt, lane in zip(voices, prompts, lanes, strict=True):
            if lane.transcript.end is None:
                tokens = [*prompt, *lane.transcript.tokens]
                lane.take(voice.read(tokens, len(prompt) + lane.most))
        if cancelled():
            for lane in lanes:
                lane.transcript.finish("cancelled")
        yield _update(lanes)
    said = _update(lanes)
    answers = [model.decode(lane.transcript.tokens) for lane in lanes]
    exchange = Exchange(
        asked=text,
        genotype=format_genotype(voices[1].genotype),
        original=answers[0],
        mutated=answers[1],
        original_pieces=said.original,
        mutated_pieces=said.mutated,
        first_divergence=said.first_divergence,
    )
    yield replace(said, exchange=exchange)


def _update(lanes: list[Lane]) -> TalkUpdate:
    original, mutated = (lane.transcript for lane in lanes)
    return TalkUpdate(
        original=tuple(original.pieces),
        mutated=tuple(mutated.pieces),
        original_end=original.end,
        mutated_end=mutated.end,
        first_divergence=first_divergence(original, mutated),
    )


def _common(left: list[int], right: list[int]) -> int:
    """How many tokens two texts begin with alike."""
    length = min(len(left), len(right))
    return next((place for place in range(length) if left[place] != right[place]), length)
