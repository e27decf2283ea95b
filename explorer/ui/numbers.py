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


class Number(gr.Number):
    """A box for a number, or for nothing; `precision=0` means a whole one."""

    def preprocess(self, payload: float | None) -> float | int | None:
        """Raises gr.Error, which the page shows, for fractions and for what is out of range."""
        if payload is None:
            return None
        is_fraction = self.precision == 0 and payload != int(payload)
        if is_fraction or (self.minimum is not None and payload < self.minimum):
            kind = "whole number" if self.precision == 0 else "number"
            least = "" if self.minimum is None else f" from {self.minimum:g} on"
            raise gr.Error(f"{self.label}: {payload:g} is no {kind}{least}.", print_exception=False)
        return super().preprocess(payload)
