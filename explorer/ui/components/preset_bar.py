"""Presets as buttons in one line (assets/preset_bar.js)."""

import json
from typing import Any

from explorer.domain.experiments import Preset
from explorer.ui.components.scripted import Scripted


class PresetBar(Scripted):
    """A press sends `choose` with the preset's name; what it shows is then told below the buttons.

    `chosen` is the name of the preset that the page shows; "": none.
    """

    TEMPLATE = '<div class="presets"></div><p class="caption preset-shows"></p>'

    def __init__(self, presets: tuple[Preset, ...], *, chosen: str = "", **options: Any) -> None:
        rows = [
            {"name": preset.experiment.name, "title": preset.experiment.title, "shows": preset.shows}
            for preset in presets
        ]
        super().__init__(json.dumps(rows, ensure_ascii=False), chosen=chosen, **options)
        self.chosen = chosen
