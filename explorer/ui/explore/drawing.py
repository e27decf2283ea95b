"""Updates of the Explore tab's controls from what they are to show.

Knows the order of `ExploreTab.drawn` and gradio's updates; what is shown is `controls`' business.
"""

from typing import Any

import gradio as gr

from explorer.ui.explore.controls import Controls, IndexBox
from explorer.ui.explore.words import target_html

DRAWN_COUNT = 21
"""How many components `draw` updates."""
PRESETS_PLACE = 19
"""Which of them are the presets."""


def draw(controls: Controls, *, has_presets: bool | None, keeps_curve: bool = False) -> list[Any]:
    """Updates of `ExploreTab.drawn`, in its order; a dose–response curve goes when another site is chosen.

    `has_presets`: whether the presets are about this model; None: as before.
    """
    facts, amount = controls.facts, controls.amount
    shown = facts.present if controls.slider_value is None else controls.slider_value
    return [
        gr.update(choices=list(controls.levels), value=controls.level),
        gr.update(maximum=max(1, controls.layer_count - 1), value=controls.layer, visible=controls.layer_count > 1),
        gr.update(
            choices=[] if controls.parts_are_many else list(controls.parts),
            value=None if controls.parts_are_many else controls.part,
            visible=not controls.parts_are_many,
        ),
        gr.update(
            choices=list(controls.parts) if controls.parts_are_many else [],
            value=controls.part if controls.parts_are_many else None,
            visible=controls.parts_are_many,
        ),
        gr.update(
            label=controls.head_label,
            maximum=max(1, controls.head_count - 1, controls.head),  # hidden, it is asked all the same
            value=controls.head,
            visible=controls.head_count > 1,
        ),
        *(_draw_box(box) for box in (controls.row, controls.row_stop, controls.column, controls.column_stop)),
        target_html(controls),
        gr.update(
            value=controls.slider_value,
            minimum=facts.minimum if amount is None else amount.low,
            maximum=facts.maximum if amount is None else amount.high,
            present=facts.present if amount is None else None,
            unit="" if amount is None else amount.unit,
            step=1.0 if amount is not None and amount.is_whole else 0.0,
            present_label="now" if facts.weights == 1 else "mean",
        ),
        f"{shown:.6g}",
        gr.update(value=controls.genotype, has_current=controls.has_current),
        gr.update(interactive=controls.has_current),
        gr.update(interactive=controls.can_undo),
        gr.update(interactive=controls.can_redo),
        controls.genotype,
        gr.skip() if keeps_curve else "",
        gr.skip() if keeps_curve else "",
        gr.update(chosen="") if has_presets is None else gr.update(chosen="", visible=has_presets),
        "",
    ]


def _draw_box(box: IndexBox) -> Any:
    return gr.update(value=box.value, label=box.label, visible=box.is_visible)
