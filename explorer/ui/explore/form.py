"""Prompt and decoding as the page holds them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from explorer.domain.decoding import Decoding, Prompt, Turn, read_seed, read_turns
from explorer.domain.errors import PromptError

CHAT, RAW = "Chat", "Raw text"
OPENING_PROMPT, OPENING_TOKENS = "What is the capital of France?", 48
"""What the page asks to begin with."""

MOST_TOKENS, MOST_TEMPERATURE, LEAST_SHARE = 512, 2.0, 0.01
"""What the sliders go to, unless a link, an example or a run of the record goes further."""
NO_SYSTEM = '""'
"""What is typed for an empty system prompt, where the template has one of its own."""
ASKED_COUNT = 13
"""How many components hold prompt and decoding."""


@dataclass(frozen=True, slots=True)
class Question:
    """Prompt and decoding as the page holds them."""

    prompt: str | None
    mode: str
    max_new_tokens: float
    temperature: float
    top_p: float
    seed: str | None
    top_k: float | None = 0
    max_length: float | None = 0
    plain: bool = False
    system: str | None = None
    thinking: bool = False
    prefill: str | None = None
    turns: str | None = None

    def asked(self) -> Prompt:
        """Raises PromptError."""
        is_chat = self.mode == CHAT
        return Prompt(
            text=self.prompt or "",
            chat=is_chat,
            plain=bool(self.plain),
            system=read_system(self.system) if is_chat else None,
            thinking=bool(self.thinking) and is_chat,
            prefill=self.prefill or "",
            turns=_read(self.turns) if is_chat else (),
        )

    def decoding(self) -> Decoding:
        """Raises DecodingError."""
        return Decoding(
            max_new_tokens=int(self.max_new_tokens),
            temperature=float(self.temperature),
            top_p=float(self.top_p),
            seed=read_seed(self.seed),
            top_k=int(self.top_k or 0),
            max_length=int(self.max_length or 0),
        )


def fill_in(prompt: Prompt, decoding: Decoding) -> list[Any]:
    """Updates of `ExploreTab.asked` that show a prompt and a decoding."""
    decoded = fill_in_decoding(**asdict(decoding))
    return [prompt.text, CHAT if prompt.chat else RAW, *decoded, prompt.plain, *fill_in_extras(prompt)]


def read_system(typed: str | None) -> str | None:
    """A system prompt as it is typed: nothing is the template's own, two quotes are none at all."""
    return "" if (typed or "").strip() == NO_SYSTEM else typed or None


def fill_in_extras(prompt: Prompt) -> list[Any]:
    """Updates of system prompt, thinking, the beginning of the answer, and earlier turns."""
    turns = json.dumps(prompt.extras["turns"], ensure_ascii=False) if prompt.turns else ""
    system = NO_SYSTEM if prompt.system == "" else prompt.system or ""
    return [system, prompt.thinking, prompt.prefill, turns]


def fill_in_decoding(
    max_new_tokens: int | None,
    temperature: float | None,
    top_p: float | None,
    seed: int | None,
    top_k: int | None,
    max_length: int | None,
) -> list[Any]:
    """Updates of the decoding's components: what can be run can be shown; None leaves one as it is."""
    return [
        _wide_enough(max_new_tokens, 1, MOST_TOKENS),
        _wide_enough(temperature, 0.0, MOST_TEMPERATURE),
        _wide_enough(top_p, LEAST_SHARE, 1.0),
        gr.skip() if seed is None else str(seed),
        *(gr.skip() if value is None else value for value in (top_k, max_length)),
    ]


def _read(turns: str | None) -> tuple[Turn, ...]:
    if not (turns or "").strip():
        return ()
    try:
        return read_turns(json.loads(turns or ""))
    except (ValueError, RecursionError) as fault:
        raise PromptError(f"The earlier turns are no JSON ({fault}): write [], or leave them empty.") from fault


def _wide_enough(value: float | None, least: float, most: float) -> Any:
    if value is None:
        return gr.skip()
    return gr.update(value=value, minimum=min(least, value), maximum=max(most, value))
