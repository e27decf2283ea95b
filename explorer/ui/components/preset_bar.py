"""Presets, or the steps of a programme, as buttons in one line (assets/preset_bar.js)."""

import json
from collections.abc import Iterable
from typing import Any

from explorer.domain.programme import Step
from explorer.ui.components.scripted import Scripted


class PresetBar(Scripted):
    """`value` is what `steps_json` returns. A press sends `choose` with the name; what it shows is told below.

    `chosen` is the name of the preset that the page shows; "": none.
    """

    TEMPLATE = (
        '<div class="presets"></div><button type="button" class="presets-more" hidden></button>'
        '<p class="caption preset-shows"></p>'
    )

    def __init__(self, value: str = "[]", *, chosen: str = "", **options: Any) -> None:
        super().__init__(value, chosen=chosen, **options)
        self.chosen = chosen


def named_json(rows: Iterable[tuple[str, str, str]]) -> str:
    """Name, title and what it shows of each, as the script takes them."""
    told = [{"name": name, "title": title, "shows": shows, "looks": ""} for name, title, shows in rows]
    return json.dumps(told, ensure_ascii=False)


def steps_json(steps: tuple[Step, ...], prefix: str = "") -> str:
    """Steps as the script takes them, each name with a prefix."""
    rows = [
        {
            "name": f"{prefix}{step.name}",
            "title": step.title,
            "shows": step.say,
            "looks": " ".join(look.kind for look in step.looks if not look.place),
        }
        for step in steps
    ]
    return json.dumps(rows, ensure_ascii=False)
