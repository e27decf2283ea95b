"""A slider over a matrix's own range; letting go of it sends `release` (assets/value_slider.js)."""

from typing import Any

from explorer.ui.components.scripted import Scripted

_TEMPLATE = """
<div class="slider idle">
  <output></output>
  <input type="range" aria-label="Value of the chosen weights" />
  <div class="slider-ticks"></div>
</div>
"""


class ValueSlider(Scripted):
    """`value` is the value that the mutation sets, None while there is none; the other arguments are its scale.

    `unit` is that of an operation's own number, "" for the weights' values; `step` 0 is as fine as can be.
    """

    TEMPLATE = _TEMPLATE

    def __init__(
        self,
        value: float | None = None,
        *,
        minimum: float = -1.0,
        maximum: float = 1.0,
        present: float | None = None,
        present_label: str = "now",
        unit: str = "",
        step: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(
            value,
            minimum=minimum,
            maximum=maximum,
            present=present,
            present_label=present_label,
            unit=unit,
            step=step,
            **options,
        )
        self.minimum, self.maximum = minimum, maximum
        self.present, self.present_label = present, present_label
        self.unit, self.step = unit, step
