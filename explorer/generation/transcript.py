"""A text as it grows, token by token, with the piece of text that each token adds."""

from dataclasses import dataclass, field

from explorer.domain.pair import End
from explorer.model.loaded import LoadedModel

_UNFINISHED = "\ufffd"  # what a decoder shows for the bytes of a character that later tokens complete


@dataclass(slots=True)
class Transcript:
    """Generated tokens and their pieces; joined, the pieces are the text.

    A piece may change until the character that it belongs to is whole. Tokenizers that fall back to single bytes decode
    a run of them as a whole: a byte that does not fit takes back the characters before it.
    """

    model: LoadedModel = field(repr=False)
    tokens: list[int] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    """What stands for a token without text: the name of a control token, the bytes of an unfinished character."""
    end: End | None = None
    _window: int = 0
    """The first token that is decoded again to tell what a new one adds (some add a blank only in context)."""
    _told: int = 0
    """How many tokens the pieces so far have told the text of for good."""

    def add(self, token: int, limit: int) -> None:
        """Append a token; the text ends if it is a stop token or the `limit`-th."""
        self.tokens.append(token)
        self.pieces.append("")
        self.marks.append(f"⟨{self.model.show_token(token)}⟩" if self.model.is_control(token) else "")
        self._tell()
        end = ending(self.model, self.tokens, limit)
        if end is not None:
            self.finish(end)

    def finish(self, end: End) -> None:
        """End the text, if it has not ended; what it still owes of an incomplete character is told as it is."""
        if self.end is not None:
            return
        self.end = end
        if self._told < len(self.tokens):
            self._show(self._owed())
            self._told = len(self.tokens)

    def _tell(self) -> None:
        """Tell what the tokens that are not told for good say by now."""
        owed = self._owed()
        whole = owed.rstrip(_UNFINISHED)
        has_changed = self._show(whole)
        if whole == owed or has_changed:  # a character is whole: its bytes need not be told any more
            for place in range(self._told, len(self.tokens)):
                if not self.model.is_control(self.tokens[place]):
                    self.marks[place] = ""
        if whole != owed:
            self.marks[-1] = f"⟨{self.model.byte_name(self.tokens[-1]) or '…'}⟩"
        elif self.model.has_own_text(self.tokens[-1]):
            if any(self.pieces[self._told :]):  # else there is nothing that a blank could be told by
                self._window = self._told
            self._told = len(self.tokens)

    def _owed(self) -> str:
        """The text of the tokens that are not told for good."""
        before = self.model.decode(self.tokens[self._window : self._told])
        return self.model.decode(self.tokens[self._window :])[len(before) :]

    def _show(self, text: str) -> bool:
        """Have the pieces that are not told for good say a text: the last adds what is new, or says all of it anew.

        Whether they said another one before.
        """
        shown = "".join(self.pieces[self._told :])
        if not text.startswith(shown):
            self.pieces[self._told :] = [""] * (len(self.pieces) - self._told)
            shown = ""
        self.pieces[-1] += text[len(shown) :]
        return text != shown


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
