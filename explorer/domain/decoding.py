"""What a model is given to answer, and how its tokens are chosen."""

import math
from dataclasses import dataclass

from explorer.domain.errors import DecodingError, PromptError


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model is given to answer."""

    text: str
    chat: bool = True
    """Wrapped in the model's chat template; else the text alone."""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise PromptError("The prompt is empty: type something for the model to answer.")


MAX_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """How tokens are chosen. Temperature 0 is greedy."""

    max_new_tokens: int = 64
    temperature: float = 0.0
    top_p: float = 1.0
    """Only the likeliest tokens that together hold this probability can be sampled."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise DecodingError(f"Maximum new tokens must be 1 or more, not {self.max_new_tokens}.")
        if not (math.isfinite(self.temperature) and 0 <= self.temperature <= 100):  # noqa: PLR2004
            raise DecodingError(f"Temperature must lie between 0 (greedy) and 100, not {self.temperature}.")
        if not 0 < self.top_p <= 1:
            raise DecodingError(f"Top-p must be above 0 and at most 1, not {self.top_p}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise DecodingError(f"The seed must lie between 0 and {MAX_SEED}, not {self.seed}.")
