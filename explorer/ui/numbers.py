"""Sliders and boxes for numbers that say in one sentence what they do not take; nothing is done then.

Gradio fails on the emptied box of a slider without a word, and rounds 1.5 to 2 where whole numbers are meant.
"""

from __future__ import annotations

import gradio as gr


class Slider(gr.Slider):
    """A slider whose number box may not be empty."""

    def preprocess(self, payload: float | None) -> float:
        """Raises gr.Error, which the page shows, for nothing and for what is out of range."""
        if payload is None or not self.minimum <= payload <= self.maximum:
            raise gr.Error(
                f"{self.label}: type a number from {self.minimum:g} to {self.maximum:g}.", print_exception=False
            )
        return super().preprocess(payload)


class WholeNumber(gr.Number):
    """A box for a whole number, or for nothing."""

    def __init__(self, *, value: int | None = None, minimum: int | None = None, **options: object) -> None:
        super().__init__(value=value, minimum=minimum, precision=0, **options)  # type: ignore[arg-type]

    def get_block_name(self) -> str:
        """That of the component in the browser."""
        return "number"

    def preprocess(self, payload: float | None) -> float | int | None:
        """Raises gr.Error, which the page shows, for fractions and for what is out of range."""
        is_low = payload is not None and self.minimum is not None and payload < self.minimum
        if payload is not None and (payload != int(payload) or is_low):
            least = "" if self.minimum is None else f" from {self.minimum:g} on"
            raise gr.Error(f"{self.label}: {payload:g} is no whole number{least}.", print_exception=False)
        return super().preprocess(payload)
