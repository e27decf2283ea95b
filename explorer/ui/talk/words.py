"""What the tab Talk says: the line on the mutant, and a conversation as a file."""

from __future__ import annotations

import json
from html import escape

from explorer.domain.conversation import Conversation

KINDS = {"md": "Markdown", "json": "JSON"}
"""The files that a conversation is taken away as."""


def mutant_html(model: str, genotype: str) -> str:
    """Who is talked to."""
    what = f"<code>{escape(genotype)}</code>" if genotype else "nothing: both are the original"
    return (
        f"<h2>Talk to {escape(model)} and to its mutant</h2><p class='talk-hint'>Mutated now: {what}. Change it in the "
        "tab Explore, between any two turns; what is decoded is set there too.</p>"
    )


def conversation_file(conversation: Conversation, model: str, kind: str) -> str:
    """The conversation as a text: for people, or as messages for other programs."""
    if kind == "json":
        sides = {side: conversation.messages(side) for side in ("original", "mutated")}
        return (
            json.dumps({**conversation.plain(), "model": model, "messages": sides}, ensure_ascii=False, indent=2) + "\n"
        )
    return "\n".join(_markdown(conversation, model)) + "\n"


def _markdown(conversation: Conversation, model: str) -> list[str]:
    lines = [f"# A conversation with {model} and its mutant", ""]
    if conversation.system is not None:
        lines += [f"System prompt: {conversation.system}", ""]
    before = None
    for place, exchange in enumerate(conversation.exchanges):
        lines += [f"## {place + 1}. {' '.join(exchange.asked.split())}", ""]
        if exchange.genotype != before:
            lines += [f"Mutated: `{exchange.genotype or 'nothing'}`", ""]
            before = exchange.genotype
        if place == conversation.parting:
            lines += ["*They part here.*", ""]
        for name, said in (("Original", exchange.original), ("Mutated", exchange.mutated)):
            lines += [f"**{name}**", "", *(f"> {line}" for line in said.splitlines() or [""]), ""]
    return lines
