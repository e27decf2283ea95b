"""Conversations with a model and its mutant, turn by turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from explorer.domain.conversation import Conversation
from explorer.domain.decoding import Decoding
from explorer.domain.genotype import Genotype
from explorer.generation.conversation import TalkUpdate, Voices, talk
from explorer.model.loaded import LoadedModel
from explorer.workspace.computing import Computing


class Talks:
    """Leads conversations; what was read of the last ones is kept."""

    def __init__(self, computing: Computing) -> None:
        self._computing = computing
        self._voices = Voices()

    def stream(
        self,
        key: str,
        model: LoadedModel,
        genotype: Genotype,
        conversation: Conversation,
        text: str,
        decoding: Decoding,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[TalkUpdate]:
        """A further turn of the conversation of that key; see `generation.conversation.talk`."""
        original = self._computing.answer(self._voices.get, key, "original", model, Genotype())
        mutated = self._computing.answer(self._voices.get, key, "mutated", model, genotype)
        yield from self._computing.stream(talk((original, mutated), conversation, text, decoding, cancelled))

    def forget(self, model: LoadedModel) -> None:
        """Forget what was read with a model."""
        self._voices.forget(model)
