"""The page's own components on a page without gradio: their markup, their scripts and their look."""

from __future__ import annotations

import json
from typing import Any

from explorer.ui.components.figure_panel import FigurePanel
from explorer.ui.components.pair_panel import PairPanel
from explorer.ui.components.scripted import Scripted
from explorer.ui.components.value_slider import ValueSlider
from explorer.ui.theme import STYLE_SHEET, script

COMPONENTS: dict[str, type[Scripted]] = {
    "pair_panel": PairPanel,
    "figure_panel": FigurePanel,
    "value_slider": ValueSlider,
}


def markup(name: str, identity: str) -> str:
    """The element of a component, before anything is drawn."""
    return f'<div id="{identity}" class="part {name.replace("_", "-")}">{COMPONENTS[name].TEMPLATE}</div>'


def scripts(*names: str) -> str:
    """What `mount` needs to draw components of those names."""
    made = "\n".join(
        f"scripts.{name} = function (element, props, watch, trigger) {{\n{COMPONENTS[name].script()}\n}};"
        for name in names
    )
    return f"{script('parts.js')}\n{made}"


def styles() -> str:
    """The page's look, with what gradio's own style sheet gives it there."""
    return STYLE_SHEET.read_text(encoding="utf-8") + STYLE_SHEET.with_name("standalone.css").read_text(encoding="utf-8")


def data(value: Any) -> str:
    """A value as JSON that may stand in a script: nothing in it ends the script."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
