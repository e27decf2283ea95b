"""What a model is given to answer, and how its tokens are chosen."""

import math
from dataclasses import dataclass

from explorer.domain.errors import DecodingError, PromptError

MOST_LETTERS = 1_000_000
"""Of a prompt: more than any model here attends to, and few enough to be read in a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model is given to answer."""

    text: str
    chat: bool = True
    """Wrapped in the model's chat template; else the text alone."""
    plain: bool = False
    """Control tokens that are written in it, such as `<|im_end|>`, are taken as the text they are."""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise PromptError("The prompt is empty: type something for the model to answer.")
        if len(self.text) > MOST_LETTERS:
            raise PromptError(f"The prompt has {len(self.text):,} characters: at most {MOST_LETTERS:,} are taken.")


MAX_SEED = 2**63 - 1
_SEED_DIGITS = len(str(MAX_SEED))
MAX_NEW_TOKENS = 1_000_000
MAX_TEMPERATURE = 100.0
LEAST_TOP_P = 1e-9


def read_seed(text: str | int | None) -> int:
    """A seed as it is typed; nothing is 0. Raises DecodingError."""
    typed = str(text or 0).strip()
    is_number = typed.isascii() and typed.isdecimal() and len(typed) <= _SEED_DIGITS  # Python reads no longer ones
    if not is_number or int(typed) > MAX_SEED:
        raise DecodingError(f"The seed must lie among the whole numbers from 0 to {MAX_SEED}, not {typed[:40]}.")
    return int(typed)


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
        if self.max_new_tokens > MAX_NEW_TOKENS:
            raise DecodingError(f"Maximum new tokens must be at most {MAX_NEW_TOKENS:,}, not {self.max_new_tokens:,}.")
        if not (math.isfinite(self.temperature) and 0 <= self.temperature <= MAX_TEMPERATURE):
            raise DecodingError(f"Temperature must lie between 0 (greedy) and 100, not {self.temperature}.")
        if not LEAST_TOP_P <= self.top_p <= 1:
            raise DecodingError(f"Top-p must be above 0 and at most 1, not {self.top_p}.")
        if not 0 <= self.seed <= MAX_SEED:
            raise DecodingError(f"The seed must lie between 0 and {MAX_SEED}, not {self.seed}.")
