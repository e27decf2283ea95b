"""One text as its tokens are chosen, with what each was chosen from; and the baseline that it leaves behind."""

from dataclasses import dataclass, field

import torch
from torch import Tensor
from transformers import DynamicCache

from explorer.domain.decoding import Decoding
from explorer.generation.baseline import Baseline
from explorer.generation.decoding import choose, near_tie
from explorer.generation.passes import row_of
from explorer.generation.transcript import Transcript


@dataclass(slots=True, eq=False)
class Lane:
    """A text that grows by one chosen token after another."""

    transcript: Transcript
    decoding: Decoding
    most: int
    """How many tokens it may have."""
    logits: list[Tensor] = field(default_factory=list)
    """[vocabulary] each: those that a token was chosen from."""
    gaps: list[float] = field(default_factory=list)
    """By how much it was chosen."""

    def take(self, logits: Tensor) -> None:
        """Choose the next token from logits [vocabulary]; nothing if the text has ended."""
        if self.transcript.end is not None:
            return
        choices = choose(logits.unsqueeze(0), self.decoding, len(self.transcript.tokens), self._tie)
        if not bool(choices.finite[0]):
            self.transcript.finish("overflow")
            return
        self._accept(int(choices.tokens[0]), logits, float(choices.gaps[0]))

    def take_checked(self, logits: Tensor, expected: tuple[int, ...]) -> None:
        """Accept tokens from logits [tokens, vocabulary] up to the first that is not the expected one, with it."""
        choices = choose(logits, self.decoding, 0, self._tie)
        chosen = zip(choices.tokens.tolist(), choices.finite.tolist(), choices.gaps.tolist(), strict=True)
        for position, (token, is_finite, gap) in enumerate(chosen):
            if not is_finite:
                self.transcript.finish("overflow")
                return
            self._accept(token, logits[position], gap)
            if token != expected[position]:
                return

    @property
    def last_token(self) -> int:
        """The token to feed next; any will do once the text has ended."""
        return self.transcript.tokens[-1] if self.transcript.tokens else 0

    def stacked(self, vocabulary: int) -> Tensor:
        """Logits [tokens, vocabulary]."""
        return torch.stack(self.logits) if self.logits else torch.empty(0, vocabulary)

    def baseline(
        self, prompt_tokens: tuple[int, ...], records: list[list[Tensor]], cache: DynamicCache
    ) -> Baseline | None:
        """What the finished text leaves, in row 0 of a cache and in the records of it; None if it has overflowed."""
        end = self.transcript.end
        if end == "overflow" or end is None:
            return None
        length = len(prompt_tokens) + len(self.transcript.tokens) - 1
        return Baseline(
            prompt_tokens=prompt_tokens,
            tokens=tuple(self.transcript.tokens),
            end=end,
            logits=torch.stack(self.logits),
            gaps=tuple(self.gaps),
            hidden=tuple(torch.cat(record, dim=1)[:, :length] for record in records),
            key_values=row_of(cache, 0, length),
        )

    @property
    def _tie(self) -> float:
        return near_tie(self.transcript.model.dtype)

    def _accept(self, token: int, logits: Tensor, gap: float) -> None:
        self.transcript.add(token, self.most)
        self.logits.append(logits)
        self.gaps.append(gap)
