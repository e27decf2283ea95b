"""A text as it grows, token by token, with the piece of text that each token adds."""

from dataclasses import dataclass, field
from typing import Literal

from explorer.model.loaded import LoadedModel

End = Literal["stop", "length", "overflow", "cancelled"]
"""Why a text ended: the model stopped, the limit was reached, the forward pass overflowed, the user stopped it."""

_UNFINISHED = "\ufffd"  # what a decoder shows for the bytes of a character that later tokens complete


@dataclass(slots=True)
class Transcript:
    """Generated tokens and their pieces; joined, the pieces are the text."""

    model: LoadedModel = field(repr=False)
    tokens: list[int] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    end: End | None = None
    _window: int = 0
    """The first token that is decoded again to tell what a new one adds (some add a blank only in context)."""
    _told: int = 0
    """How many tokens the pieces so far have told the text of."""

    def add(self, token: int, limit: int) -> None:
        """Append a token; the text ends if it is a stop token or the `limit`-th."""
        self.tokens.append(token)
        self.pieces.append(self._piece())
        if token in self.model.stop_tokens:
            self.end = "stop"
        elif len(self.tokens) >= limit:
            self.end = "length"

    def _piece(self) -> str:
        before = self.model.decode(self.tokens[self._window : self._told])
        now = self.model.decode(self.tokens[self._window :])
        if now.endswith(_UNFINISHED):
            return ""
        self._window, self._told = self._told, len(self.tokens)
        return now[len(before) :]

    @property
    def text(self) -> str:
        """The whole text."""
        return self.model.decode(self.tokens)


def first_divergence(original: Transcript, mutated: Transcript) -> int | None:
    """The first position, from 0, at which the mutant chose otherwise; None if it has not so far."""
    for position, (left, right) in enumerate(zip(original.tokens, mutated.tokens, strict=False)):
        if left != right:
            return position
    return len(mutated.tokens) if mutated.end == "overflow" else None
