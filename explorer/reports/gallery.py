"""Phenotypes as a report: for JSON, and as lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from explorer.atlas.cards import Card, Gallery


def gallery_report(found: Gallery) -> dict[str, Any]:
    """The cards, and how many there are in all."""
    return {"total": found.total, "cards": [_row(card) for card in found.cards]}


def gallery_lines(report: dict[str, Any]) -> Iterator[str]:
    """Each card on a few lines."""
    count = len(report["cards"])
    yield f"{count:,} of {report['total']:,}" if count else "No phenotype is left by the filters."
    for card in report["cards"]:
        alike = f", {card['members'] - 1:,} more nearly the same" if card["members"] > 1 else ""
        yield ""
        yield f"{card['genotype']}  ({card['experiment']}, screen {card['screen']})"
        yield (
            f"{card['style'] or 'no style'}, cosine {_number(card['cosine'])}, perplexity "
            f"{_number(card['perplexity'])}, mutants {card['mutants']:,}{alike}"
        )
        yield from (f"    {line}" for line in card["text"].splitlines() or ["(nothing)"])


def _row(card: Card) -> dict[str, Any]:
    return {
        "screen": card.screen.screen,
        "experiment": card.screen.experiment,
        "model": card.screen.model,
        "phenotype": card.phenotype,
        "genotype": card.genotype,
        "text": card.text,
        "style": card.style,
        "cosine": card.cosine,
        "perplexity": None if card.perplexity is None or math.isinf(card.perplexity) else card.perplexity,
        "repetition": card.repetition,
        "destructive": card.is_destructive,
        "score": card.score,
        "mutants": card.mutants,
        "group": card.cluster,
        "members": card.members,
    }


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"
