"""What a model is given to answer, and how its tokens are chosen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from explorer.domain.errors import DecodingError, PromptError

MOST_LETTERS = 1_000_000
"""Of a prompt: more than any model here attends to, and few enough to be read in a second."""


Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of a conversation."""

    role: Role
    text: str

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise PromptError(f"A turn is said by the user or the assistant, not by '{str(self.role)[:40]}'.")
        if not isinstance(self.text, str):
            raise PromptError("The content of a turn must be a text.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the model is given to answer."""

    text: str
    chat: bool = True
    """Wrapped in the model's chat template; else the text alone."""
    plain: bool = False
    """Control tokens that are written in it, such as `<|im_end|>`, are taken as the text they are."""
    system: str | None = None
    """What a chat begins with; None: whatever the model's template begins with."""
    thinking: bool = False
    """Whether the model may think before it answers, where its template knows that."""
    prefill: str = ""
    """The beginning of the answer, put into the model's mouth."""
    turns: tuple[Turn, ...] = ()
    """Earlier turns, the oldest first."""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise PromptError("The prompt is empty: type something for the model to answer.")
        if len(self.text) > MOST_LETTERS:
            raise PromptError(f"The prompt has {len(self.text):,} characters: at most {MOST_LETTERS:,} are taken.")
        others = sum(len(text) for text in (self.system or "", self.prefill, *(turn.text for turn in self.turns)))
        if others > MOST_LETTERS:
            raise PromptError(f"What goes with the prompt has {others:,} characters: at most {MOST_LETTERS:,} go.")
        if not self.chat and (self.system or self.turns):
            raise PromptError(
                "A system prompt and earlier turns belong to a chat: put the prompt as one, or leave them."
            )

    @property
    def extras(self) -> dict[str, Any]:
        """What goes with the text beyond the default, as plain JSON values."""
        turns = [{"role": turn.role, "content": turn.text} for turn in self.turns]
        said = {"system": self.system, "thinking": self.thinking, "prefill": self.prefill, "turns": turns}
        return {name: value for name, value in said.items() if value or (name == "system" and value is not None)}


def read_extras(said: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a `Prompt` that its `extras` stand for. Raises PromptError."""
    found = {name: said[name] for name in ("system", "thinking", "prefill") if name in said}
    return found | ({"turns": read_turns(said["turns"])} if said.get("turns") else {})


def read_turns(messages: object) -> tuple[Turn, ...]:
    """Turns from a list of messages, each with `role` and `content`. Raises PromptError."""
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        raise PromptError('Earlier turns are a list such as [{"role": "user", "content": "Hello"}].')
    turns = []
    for message in messages:
        if not isinstance(message, Mapping) or not {"role", "content"} <= set(message):
            raise PromptError('Each turn has a role and a content, such as {"role": "user", "content": "Hello"}.')
        turns.append(Turn(message["role"], message["content"]))
    return tuple(turns)


def read_messages(messages: object) -> dict[str, Any]:
    """The arguments of a `Prompt` from a whole conversation: perhaps a system prompt, turns, and last the user's.

    A last turn of the assistant is the beginning of its answer. Raises PromptError.
    """
    if not isinstance(messages, Sequence) or isinstance(messages, str) or not messages:
        raise PromptError('A conversation is a list such as [{"role": "user", "content": "Hello"}].')
    first, found = messages[0], dict[str, Any]()
    if isinstance(first, Mapping) and first.get("role") == "system":
        if not isinstance(first.get("content"), str):
            raise PromptError("The content of a system prompt must be a text.")
        found["system"], messages = first["content"], messages[1:]
    turns = read_turns(messages)
    if turns and turns[-1].role == "assistant":
        found["prefill"], turns = turns[-1].text, turns[:-1]
    if not turns or turns[-1].role != "user":
        raise PromptError("The last turn of a conversation is the user's, or the beginning of an answer to it.")
    return found | {"text": turns[-1].text, "turns": turns[:-1]}


MAX_SEED = 2**63 - 1
_SEED_DIGITS = len(str(MAX_SEED))
MAX_NEW_TOKENS = 1_000_000
MAX_TOP_K = 1_000_000
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
    top_k: int = 0
    """Only so many of the likeliest tokens can be sampled, before `top_p` is asked; 0: any number of them."""
    max_length: int = 0
    """Tokens in all, those of the prompt counted: in place of `max_new_tokens`; 0: that alone counts."""

    def new_tokens(self, prompt_length: int) -> int:
        """The most tokens of an answer to a prompt of so many; 0 if nothing is left for it."""
        return max(0, self.max_length - prompt_length) if self.max_length else self.max_new_tokens

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise DecodingError(f"Maximum new tokens must be 1 or more, not {self.max_new_tokens}.")
        if self.max_new_tokens > MAX_NEW_TOKENS:
            raise DecodingError(f"Maximum new tokens must be at most {MAX_NEW_TOKENS:,}, not {self.max_new_tokens:,}.")
        if not (math.isfinite(self.temperature) and 0 <= self.temperature <= MAX_TEMPERATURE):
            raise DecodingError(f"Temperature must lie between 0 (greedy) and 100, not {self.temperature}.")
        if not LEAST_TOP_P <= self.top_p <= 1:
            raise DecodingError(f"Top-p must be above 0 and at most 1, not {self.top_p}.")
        if not 0 <= self.top_k <= MAX_TOP_K:
            raise DecodingError(f"Top-k must lie between 0 (all tokens) and {MAX_TOP_K:,}, not {self.top_k}.")
        if not 0 <= self.max_length <= MAX_NEW_TOKENS:
            raise DecodingError(
                f"The length with the prompt must lie between 0 (none) and {MAX_NEW_TOKENS:,}, not {self.max_length}."
            )
        if not 0 <= self.seed <= MAX_SEED:
            raise DecodingError(f"The seed must lie between 0 and {MAX_SEED}, not {self.seed}.")
