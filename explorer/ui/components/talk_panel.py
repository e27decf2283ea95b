"""A conversation with both models, turn below turn; draws what it is given (assets/talk_panel.js)."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from explorer.domain.conversation import Conversation, Exchange
from explorer.domain.thoughts import thought_count
from explorer.ui.components.scripted import Scripted

_NOTHING: dict[str, Any] = {"turns": [], "parting": None}
_HINT = "Say something: both models answer, each with its own earlier answers in mind."


class TalkPanel(Scripted):
    """What was asked, and both answers to it."""

    HELPERS = ("elements.js",)
    TEMPLATE = (
        '<div class="talk" data-running="false" data-turns="0" aria-live="polite"><div class="talk-list"></div>'
        f'<p class="no-picture">{_HINT}</p></div>'
    )

    def __init__(self, value: dict[str, Any] | None = None, *, growing: str = "", **options: Any) -> None:
        super().__init__(value or _NOTHING, growing=growing, **options)
        self.growing = growing

    @classmethod
    def cleared(cls) -> Any:
        """Nothing said."""
        return gr.update(value=_NOTHING, growing="")


def show_conversation(conversation: Conversation) -> Any:
    """All that is said for good."""
    turns, before = [], None
    for exchange in conversation.exchanges:
        turns.append(_turn(exchange, changed=exchange.genotype != before))
        before = exchange.genotype
    return gr.update(value={"turns": turns, "parting": conversation.parting}, growing="")


def show_growing(conversation: Conversation, exchange: Exchange) -> Any:
    """A turn that is being answered, below what is said."""
    before = conversation.exchanges[-1].genotype if conversation.exchanges else None
    turn = _turn(exchange, changed=exchange.genotype != before)
    return gr.update(growing=json.dumps(turn, ensure_ascii=False))


def _turn(exchange: Exchange, *, changed: bool) -> dict[str, Any]:
    pieces = {
        "original": list(exchange.original_pieces or (exchange.original,)),
        "mutated": list(exchange.mutated_pieces or (exchange.mutated,)),
    }
    counted = exchange.original_pieces or exchange.mutated_pieces
    return {
        "asked": exchange.asked,
        **pieces,
        "divergence": exchange.first_divergence if counted or exchange.first_divergence is None else 0,
        "notes": {side: _note(len(own)) if counted else "" for side, own in pieces.items()},
        "thoughts": {side: thought_count(own) if counted else 0 for side, own in pieces.items()},
        "changed": (exchange.genotype or "original model") if changed else "",
    }


def _note(count: int) -> str:
    return f"{count} token{'' if count == 1 else 's'}"
