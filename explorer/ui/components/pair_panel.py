"""The two texts side by side; draws what it is given (assets/pair_panel.js)."""

from __future__ import annotations

import json
from itertools import zip_longest
from typing import Any

import gradio as gr

from explorer.domain.pair import PairUpdate, Readout
from explorer.domain.thoughts import thought_count
from explorer.ui.components.scripted import Scripted

_TEMPLATE = """
<div class="pair" data-running="false">
  <section class="pair-card" data-side="original">
    <header><h3>Original</h3>%s<span class="pair-note"></span></header>
    <div class="pair-text" dir="auto" aria-live="polite" tabindex="0" role="group" aria-label="Original text"></div>
  </section>
  <section class="pair-card" data-side="mutated">
    <header><h3>Mutated</h3>%s
      <button type="button" class="pair-recorded" hidden
        title="These texts were recorded from this very model: compute them anew.">recorded · run again</button>
      <span class="pair-note"></span></header>
    <div class="pair-text" dir="auto" aria-live="polite" tabindex="0" role="group" aria-label="Mutated text"></div>
  </section>
  <p class="pair-spoken unseen" role="status"></p>
  <div class="pair-popover" role="tooltip" hidden></div>
</div>
""".replace("%s", '<button type="button" class="pair-thoughts" aria-expanded="false" hidden></button>')

_NOTHING: dict[str, Any] = {
    "original": [], "mutated": [], "divergence": None, "notes": ["", ""], "thoughts": [0, 0], "running": False,
    "recorded": False, "run": 0,
}  # fmt: skip
_ENDS = {
    None: "writing …",
    "stop": "ended by itself",
    "length": "reached the limit",
    "overflow": "overflowed",
    "cancelled": "stopped",
}
_END_MARK = "∎"


class PairPanel(Scripted):
    """Original and mutated text; each token shows both models' likeliest tokens on hover, tap or arrow keys.

    Where the texts are recorded, a button says so; a press sends `again`.
    """

    TEMPLATE = _TEMPLATE

    def __init__(self, value: dict[str, Any] | None = None, *, readouts: str = "", **options: Any) -> None:
        super().__init__(value, readouts=readouts, **options)
        self.readouts = readouts

    @classmethod
    def cleared(cls) -> Any:
        """No text on either side."""
        return gr.update(value=_NOTHING, readouts="")


def show_pair(update: PairUpdate, run: int, prefill: str = "", *, is_recorded: bool = False) -> dict[str, Any]:
    """The panel's new state for an update of a run; keyword arguments of `gr.update`.

    `prefill` is the beginning of both answers that was put into the models' mouths; `is_recorded`: it was run before.
    """
    value = {
        "original": _pieces(update.original, update.original_marks, update.original_end),
        "mutated": _pieces(update.mutated, update.mutated_marks, update.mutated_end),
        "divergence": update.first_divergence,
        "notes": [_note(update.original, update.original_end), _note(update.mutated, update.mutated_end)],
        "thoughts": [thought_count(update.original), thought_count(update.mutated)],
        "prefill": prefill,
        "running": not update.is_final,
        "recorded": is_recorded,
        "run": run,
    }
    return {"value": value, "readouts": _readouts_json(update)}


def _pieces(pieces: tuple[str, ...], marks: tuple[str, ...], end: str | None) -> list[str]:
    """The pieces, with marks for tokens without text; the last may be that which ended it."""
    shown = [piece or mark for piece, mark in zip_longest(pieces, marks, fillvalue="")]
    if end == "stop" and pieces and not pieces[-1]:
        return [*shown[:-1], _END_MARK]
    return shown


def _note(pieces: tuple[str, ...], end: str | None) -> str:
    count = len(pieces)
    return f"{count} token{'' if count == 1 else 's'} · {_ENDS[end]}"


def _readouts_json(update: PairUpdate) -> str:
    if update.measures is None:
        return ""
    sides = {
        "original": [_readout(readout) for readout in update.measures.original_readouts],
        "mutated": [_readout(readout) for readout in update.measures.mutated_readouts],
    }
    return json.dumps(sides, ensure_ascii=False)


def _readout(readout: Readout) -> list[object]:
    return [
        [[item.text, round(item.probability, 4)] for item in readout.original],
        [[item.text, round(item.probability, 4)] for item in readout.mutated],
        readout.chosen,
    ]
