"""A conversation with a model and with its mutant: the same questions to both, each with its own earlier answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from explorer.domain.decoding import Prompt, Turn
from explorer.domain.errors import PromptError

Side = Literal["original", "mutated"]
MOST_EXCHANGES = 100
_KEPT = ("asked", "genotype", "original", "mutated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question, and both answers to it."""

    asked: str
    genotype: str
    """In notation: what the mutant was when it answered; "" is the original model."""
    original: str
    mutated: str
    original_pieces: tuple[str, ...] = ()
    """The answers token by token, as they are shown; kept with the page alone."""
    mutated_pieces: tuple[str, ...] = ()
    first_divergence: int | None = None
    """The first token that the mutant chose otherwise; None: the same answer."""

    @property
    def parts(self) -> bool:
        """Whether the answers differ."""
        return self.first_divergence is not None or self.original != self.mutated


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What was asked and answered so far."""

    model: str = ""
    """What it is led with, as the workspace knows it; "": not begun."""
    system: str | None = None
    thinking: bool = False
    exchanges: tuple[Exchange, ...] = ()

    def prompt(self, side: Side, text: str) -> Prompt:
        """A further question, as one of the models hears it. Raises PromptError."""
        if len(self.exchanges) >= MOST_EXCHANGES:
            raise PromptError(f"A conversation has at most {MOST_EXCHANGES} turns: start a new one.")
        turns = tuple(
            turn
            for exchange in self.exchanges
            for turn in (Turn("user", exchange.asked), Turn("assistant", getattr(exchange, side)))
        )
        return Prompt(text=text, system=self.system, thinking=self.thinking, turns=turns)

    @property
    def parting(self) -> int | None:
        """The first exchange, from 0, whose answers differ; None: they have not parted."""
        return next((place for place, exchange in enumerate(self.exchanges) if exchange.parts), None)

    def with_exchange(self, exchange: Exchange) -> Conversation:
        """One exchange longer."""
        return replace(self, exchanges=(*self.exchanges, exchange))

    def undone(self) -> Conversation:
        """Without the last exchange."""
        return replace(self, exchanges=self.exchanges[:-1])

    def messages(self, side: Side) -> list[dict[str, str]]:
        """What one of the models was asked and said, as messages that other programs take."""
        said = [] if self.system is None else [{"role": "system", "content": self.system}]
        for exchange in self.exchanges:
            said += [
                {"role": "user", "content": exchange.asked},
                {"role": "assistant", "content": getattr(exchange, side)},
            ]
        return said

    def plain(self) -> dict[str, Any]:
        """As JSON values, without the tokens."""
        kept = (*_KEPT, "first_divergence")
        exchanges = [{name: getattr(exchange, name) for name in kept} for exchange in self.exchanges]
        return {"model": self.model, "system": self.system, "thinking": self.thinking, "exchanges": exchanges}


def read_conversation(said: Mapping[str, Any]) -> Conversation:
    """From what `plain` gives. Raises PromptError."""
    try:
        exchanges = tuple(
            Exchange(**{name: exchange[name] for name in _KEPT}, first_divergence=exchange.get("first_divergence"))
            for exchange in said.get("exchanges", ())
        )
        model = str(said.get("model") or "")
        found = Conversation(
            model=model, system=said.get("system"), thinking=bool(said.get("thinking")), exchanges=exchanges
        )
        texts = [getattr(exchange, name) for exchange in exchanges for name in _KEPT]
        numbers = [exchange.first_divergence for exchange in exchanges]
        if not all(isinstance(text, str) for text in (*texts, found.system or "")):
            raise TypeError
        if not all(number is None or isinstance(number, int) for number in numbers):
            raise TypeError
    except (TypeError, AttributeError, LookupError) as fault:
        raise PromptError(
            "This is no conversation of this program: each exchange has what was asked and both answers."
        ) from fault
    return found


def conversation_json(conversation: Conversation) -> str:
    """For links and files."""
    return json.dumps(conversation.plain(), ensure_ascii=False)
