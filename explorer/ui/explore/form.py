"""Prompt and decoding as the page holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.domain.decoding import Decoding, Prompt

CHAT, RAW = "Chat", "Raw text"

ASKED_COUNT = 6
"""How many components hold prompt and decoding."""


@dataclass(frozen=True, slots=True)
class Question:
    """Prompt and decoding as the page holds them."""

    prompt: str | None
    mode: str
    max_new_tokens: float
    temperature: float
    top_p: float
    seed: float | None

    def asked(self) -> Prompt:
        """Raises PromptError."""
        return Prompt(text=self.prompt or "", chat=self.mode == CHAT)

    def decoding(self) -> Decoding:
        """Raises DecodingError."""
        return Decoding(
            max_new_tokens=int(self.max_new_tokens),
            temperature=float(self.temperature),
            top_p=float(self.top_p),
            seed=int(self.seed or 0),
        )


def fill_in(prompt: Prompt, decoding: Decoding) -> list[Any]:
    """Updates of `ExploreTab.asked` that show a prompt and a decoding."""
    return [
        prompt.text,
        CHAT if prompt.chat else RAW,
        gr.update(value=decoding.max_new_tokens, maximum=max(512, decoding.max_new_tokens)),
        gr.update(value=decoding.temperature, maximum=max(2.0, decoding.temperature)),
        decoding.top_p,
        decoding.seed,
    ]
