"""Presets as buttons in one line (assets/presets.js)."""

import json
from typing import Any

import gradio as gr

from explorer.domain.experiments import Preset
from explorer.ui.theme import script


class PresetBar(gr.HTML):
    """A press sends `choose` with the preset's name; what it shows is then told below the buttons."""

    def __init__(self, presets: tuple[Preset, ...], **options: Any) -> None:
        rows = [
            {"name": preset.experiment.name, "title": preset.experiment.title, "shows": preset.shows}
            for preset in presets
        ]
        super().__init__(
            json.dumps(rows, ensure_ascii=False),
            html_template='<div class="presets"></div><p class="caption preset-shows"></p>',
            js_on_load=script("presets.js"),
            apply_default_css=False,
            **options,
        )
