"""The targets of an evolution as cards (assets/target_cards.js)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from explorer.domain.evolution import KINDS
from explorer.generation.style import STYLES
from explorer.ui.components.scripted import Scripted

TITLES = {
    "style": "Written as", "says": "Says", "readable": "Stays readable", "same": "Says what the original says",
    "cosine": "Words like the original's", "odd": "Odd, but readable", "own": "A target of your own",
    "likely": "Would go on with", "original": "The original's answer", "kl": "Distance from the original",
    "damage": "Little damage", "right": "Right answers", "sure": "Sure of the right answers",
    "mutations": "Few mutations", "size": "Few weights",
}  # fmt: skip
"""What cards are headed with, by kind."""


class TargetCards(Scripted):
    """`value` is what `targets_json` returns; a change sends `retarget` with the targets as they are written."""

    TEMPLATE = '<div class="goals"></div><select class="goals-more" aria-label="Add a target to the search"></select>'
    HELPERS = ("elements.js",)

    def __init__(self, targets: Sequence[str], **options: Any) -> None:
        super().__init__(targets_json(targets), **options)


def targets_json(targets: Sequence[str]) -> str:
    """Targets as they are written, with all kinds that there are."""
    kinds = {
        name: {
            "title": TITLES[name],
            "says": kind.says,
            "asks": kind.asks,
            "options": list(STYLES) if name == "style" else list(kind.ways),
        }
        for name, kind in KINDS.items()
    }
    return json.dumps({"targets": list(targets), "kinds": kinds})
