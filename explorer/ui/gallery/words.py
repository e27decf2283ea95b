"""What the Gallery tab says: its cards as assets/card_grid.js draws them, and its sentences as HTML."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from html import escape
from typing import Any

from explorer.atlas.cards import Card, Gallery, parted
from explorer.domain.screens import StoredScreen, unit_told
from explorer.statistics.filters import format_layers
from explorer.store.gallery import Wanted
from explorer.ui.words import screen_label

SORT_NAMES = {
    "mutants-falling": "Most shared",
    "mutants-rising": "Least shared",
    "cosine-rising": "Least like the standard output",
    "cosine-falling": "Most like the standard output",
    "perplexity-falling": "Highest perplexity",
    "perplexity-rising": "Lowest perplexity",
    "repetition-falling": "Most repetitive",
    "repetition-rising": "Least repetitive",
    "length-falling": "Longest",
    "length-rising": "Shortest",
    "layer-rising": "Lowest layer",
    "layer-falling": "Highest layer",
}
"""How the gallery can be sorted: what comes first."""

_SHELVES = {"own": "All your screens", "bundled": "All bundled screens"}


def choices_of(screens: Sequence[StoredScreen]) -> list[tuple[str, str]]:
    """What can be looked through: the screens of a database together, where there are several, and each alone."""
    offered = []
    for shelf, name in _SHELVES.items():
        of_shelf = [screen for screen in screens if screen.shelf == shelf]
        if len(of_shelf) > 1:
            offered.append((name, shelf))
        offered += [(screen_label(screen), screen.key) for screen in of_shelf]
    return offered


def page_message(found: Gallery, start: int) -> str:
    """A page of cards."""
    return _message("page", found, start=start)


def alike_message(found: Gallery, screen: str, cluster: int) -> str:
    """The cards of a group."""
    return _message("alike", found, screen=screen, cluster=cluster)


def surprise_message(card: Card, draw: int) -> str:
    """One card; the number of the draw makes each message another."""
    return _message("surprise", Gallery([card], 1), draw=draw)


def _message(kind: str, found: Gallery, **facts: object) -> str:
    rows = [card_row(card) for card in found.cards]
    return json.dumps({"kind": kind, **facts, "total": found.total, "cards": rows}, allow_nan=False)


def card_row(card: Card) -> dict[str, Any]:
    """One card, with its text and the standard output cut where they part."""
    texts = parted(card.screen.baseline, card.text)
    return {
        "screen": card.screen.key,
        "title": f"{card.screen.title} · {unit_told(card.screen.plan)}",
        "phenotype": card.phenotype,
        "text": card.text,
        "common": texts.common,
        "standard": texts.standard,
        "rest": texts.text,
        "genotype": card.genotype,
        "mark": json.dumps(dict(card.mark)),
        "mutants": card.mutants,
        "style": card.style,
        "cosine": card.cosine,
        "perplexity": card.perplexity if card.perplexity is None or math.isfinite(card.perplexity) else None,
        "score": card.score,
        "cluster": card.cluster,
        "members": card.members,
    }


def told_html(total: int, wanted: Wanted, sort: str, *, is_grouped: bool) -> str:
    """How many cards there are, of what, and how they are sorted."""
    of_what = ", ".join(_limits(wanted))
    if not total:
        hint = f"No text is left by the filters ({of_what}): clear one of them." if of_what else "No text is here yet."
        return f'<p class="no-picture">{escape(hint)}</p>'
    noun = "group of nearly equal texts" if is_grouped else "phenotype"
    plural = noun.replace("group", "groups", 1) if is_grouped else "phenotypes"
    count = f"{total:,} {noun if total == 1 else plural}"
    return (
        f'<p class="caption"><b>{count}</b>{escape(f" ({of_what})" if of_what else "")}, '
        f"{escape(SORT_NAMES[sort][0].lower() + SORT_NAMES[sort][1:])} first. Click a text to read all of it.</p>"
    )


def _limits(wanted: Wanted) -> list[str]:
    """What the filters ask for, in a few words each."""
    said = [
        ", ".join(wanted.styles),
        f"with “{wanted.words.strip()}”" if wanted.words.strip() else "",
        f"by {', '.join(wanted.operations)}" if wanted.operations else "",
        f"in {', '.join(wanted.kinds)}" if wanted.kinds else "",
        f"layers {format_layers(wanted.layers)}" if wanted.layers else "",
        f"asked {', '.join(wanted.experiments)}" if wanted.experiments else "",
        _span("cosine", *wanted.cosine),
        _span("perplexity", *wanted.perplexity),
        f"shared by {wanted.least_mutants:,} or more" if wanted.least_mutants > 1 else "",
        {None: "", True: "destroyed", False: "not destroyed"}[wanted.destructive],
        "" if wanted.least_score is None else f"{wanted.least_score} right or more",
    ]
    return [part for part in said if part]


def _span(name: str, least: float | None, most: float | None) -> str:
    if least is None:
        return "" if most is None else f"{name} up to {most:g}"
    return f"{name} from {least:g}" + ("" if most is None else f" to {most:g}")
