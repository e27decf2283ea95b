"""Updates of the Explore tab's controls from what they are to show.

Knows the order of `ExploreTab.drawn` and gradio's updates; what is shown is `controls`' business.
"""

from typing import Any

import gradio as gr

from explorer.ui.explore.controls import Controls, IndexBox
from explorer.ui.explore.words import target_html

DRAWN_COUNT = 24
"""How many components `draw` updates."""
TOOL_PLACE, SLIDER_PLACE, PRESETS_PLACE = 10, 13, 22
"""Which of them are the tools, the slider and the presets."""


def draw(controls: Controls, *, has_presets: bool | None, keeps_curve: bool = False) -> list[Any]:
    """Updates of `ExploreTab.drawn`, in its order; a dose–response curve goes when another site is chosen.

    `has_presets`: whether the presets are about this model; None: as before.
    """
    facts, amount = controls.facts, controls.amount
    is_waiting = amount is not None and controls.slider_value is None
    unset = facts.present if amount is None else amount.low
    shown = unset if controls.slider_value is None else controls.slider_value
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
        gr.update(choices=list(controls.tools), value=controls.tool.name),
        _draw_variants(controls),
        gr.update(
            choices=list(controls.donors),
            value=controls.donor,
            label="Model to take the weights from" if controls.tool.donors == "model" else "Adapter to add",
            visible=bool(controls.tool.donors),
        ),
        gr.update(
            value=controls.slider_value,
            minimum=facts.minimum if amount is None else min(amount.low, shown),
            maximum=facts.maximum if amount is None else max(amount.high, shown),
            present=facts.present if amount is None else "",  # None would leave the one of before
            unit="" if amount is None else amount.unit,
            step=1.0 if amount is not None and amount.is_whole else 0.0,
            present_label="now" if facts.weights == 1 else "mean",
        ),
        gr.update(value="" if is_waiting else f"{shown:.6g}", label=f"{controls.tool.number}, then Enter"),
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


def _draw_variants(controls: Controls) -> Any:
    """The ways of the tool at work, where it has several."""
    choices = [(variant.label, str(place)) for place, variant in enumerate(controls.tool.variants)]
    has_several = len(choices) > 1
    return gr.update(
        choices=choices if has_several else [],
        value=str(controls.variant) if has_several else None,
        visible=has_several,
    )
