"""A text as it grows, token by token, with the piece of text that each token adds."""

from dataclasses import dataclass, field

from explorer.domain.pair import End
from explorer.model.loaded import LoadedModel

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
        self.pieces.append("")
        self.pieces[-1] = self._piece()
        end = ending(self.model, self.tokens, limit)
        if end is not None:
            self.finish(end)

    def finish(self, end: End) -> None:
        """End the text, if it has not ended; what it still owes of an incomplete character is told as it is."""
        if self.end is not None:
            return
        self.end = end
        if self._told < len(self.tokens):
            told = self.model.decode(self.tokens[self._window : self._told])
            self.pieces[-1] += self.model.decode(self.tokens[self._window :])[len(told) :]

    def _piece(self) -> str:
        before = self.model.decode(self.tokens[self._window : self._told])
        now = self.model.decode(self.tokens[self._window :])
        if now.endswith(_UNFINISHED):
            return ""
        self._window, self._told = self._told, len(self.tokens)
        return now[len(before) :]


def ending(model: LoadedModel, tokens: list[int], limit: int) -> End | None:
    """Why a text ends with its last token: a stop token, or the `limit`-th; None if it goes on."""
    if tokens[-1] in model.stop_tokens:
        return "stop"
    return "length" if len(tokens) >= limit else None


def first_divergence(original: Transcript, mutated: Transcript) -> int | None:
    """The first position, from 0, at which the mutant chose otherwise; None if it has not so far."""
    for position, (left, right) in enumerate(zip(original.tokens, mutated.tokens, strict=False)):
        if left != right:
            return position
    if mutated.end != "overflow" or (original.end == "overflow" and len(original.tokens) == len(mutated.tokens)):
        return None
    return len(mutated.tokens)
