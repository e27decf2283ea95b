"""The two texts of a run as they grow, and what is measured of them in the end."""

from dataclasses import dataclass, field
from typing import Literal

from explorer.domain.effects import Alternative

End = Literal["stop", "length", "overflow", "cancelled"]
"""Why a text ended: the model stopped, the limit was reached, the forward pass overflowed, the user stopped it."""


@dataclass(frozen=True, slots=True)
class Readout:
    """What both models would say at one position of one of the texts, given the text before it."""

    chosen: str
    """The token that is there."""
    original: tuple[Alternative, ...]
    """The likeliest tokens; none where the forward pass has overflowed."""
    mutated: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """How far a mutant is from the original. None: not defined, because its forward pass overflowed."""

    share_changed: float
    """Share of tokens, of both texts together, that an alignment leaves unmatched."""
    cosine: float
    """Of the two texts' word counts."""
    mean_kl: float | None
    """KL(original ‖ mutant) over the baseline's tokens, in nats."""
    perplexity: float | None
    """Of the mutated text under the original model."""
    divergence_is_near_tie: bool
    """Whether rounding, and not the mutation, may have decided the first divergence."""
    near_ties: int
    """Choices, of both models, that led by less than `decoding.near_tie`: rounding may decide them."""
    original_gaps: tuple[float, ...] = field(default=(), repr=False)
    """By how much the original chose each token, in logits."""
    mutated_gaps: tuple[float, ...] = field(default=(), repr=False)
    original_readouts: tuple[Readout, ...] = field(repr=False)
    mutated_readouts: tuple[Readout, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairUpdate:
    """What is known of the pair so far."""

    original: tuple[str, ...]
    """Pieces of text, one a token; joined they are the text."""
    mutated: tuple[str, ...]
    original_marks: tuple[str, ...] = ()
    """What stands for a token that has no text: a control token by its name, a part of a character by its bytes."""
    mutated_marks: tuple[str, ...] = ()
    original_tokens: tuple[int, ...]
    mutated_tokens: tuple[int, ...]
    original_end: End | None
    """None while it is being generated."""
    mutated_end: End | None
    first_divergence: int | None
    """The first position, from 0, at which the mutant chose another token."""
    elapsed_seconds: float
    baseline_was_cached: bool
    is_final: bool = False
    """Whether this is the last update."""
    measures: Measures | None = None
    """Set in the last update, unless the run was cancelled or the original itself overflowed."""

    @property
    def is_silent(self) -> bool:
        """Whether the mutant's whole text is known to be the original's."""
        return self.measures is not None and self.first_divergence is None
