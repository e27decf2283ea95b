"""The lines around the two texts, as HTML: what was changed, how far the texts are apart, what went wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from explorer.domain.effects import Dose
from explorer.domain.pair import PairUpdate
from explorer.domain.thoughts import parted, thought_count
from explorer.generation.texts import cosine_similarity
from explorer.reports import record
from explorer.ui.explore.controls import Controls

STEPS = tuple(
    f"<h2><b>{place}</b> {title}</h2>"
    for place, title in enumerate(("What to mutate", "What to do", "All mutations"), start=1)
)
"""The headings of the controls, as HTML."""
PRESETS_HINT = "Start here: press one, and read what it does to the answer."
SLIDER_HINT = "Drag it: the chosen weight takes that value, and both texts are written anew. Reset is always exact."
TEXTS_HINT = "Tinted is what the mutant says otherwise. Click a word: what would both models have said there?"


class Tile(NamedTuple):
    """One measure: its name, its value and what it means."""

    name: str
    value: str
    meaning: str


def target_html(controls: Controls) -> str:
    """What the controls point at and what it holds now."""
    facts = controls.facts
    amount = "one weight" if facts.weights == 1 else f"{facts.weights:,} weights"
    now = f"now {number_told(facts.present)}" if facts.weights == 1 else f"mean {number_told(facts.present)}"
    shape = f"{controls.matrix_shape[0]:,} × {controls.matrix_shape[1]:,}, " if controls.matrix_shape else ""
    return (
        f'<div class="target"><code>{escape(controls.site)}</code><span>{amount}, {now}</span>'
        f"<small>matrix {shape}{number_told(facts.minimum)} to {number_told(facts.maximum)}</small></div>"
    )


def curve_caption_html(site: str, doses: Sequence[Dose], step: tuple[Dose, Dose], unit: str = "") -> str:
    """What the dose–response curve shows, in a sentence; `unit` is that of an operation's own number."""
    left, right = (number_told(dose.value) for dose in step)
    return (
        f'<p class="caption"><code>{escape(site)}</code> {"at" if unit else "set to"} {len(doses)} values'
        f"{f' ({escape(unit)})' if unit else ''}, each checked against the original’s tokens in one pass. Filled marks "
        f"diverge, hollow ones are silent{'' if unit else '; dashed is the value now'}. "
        f"The steepest step lies between {left} and {right}. Click a mark to set it.</p>"
    )


def change_html(sentence: str) -> str:
    """The line that says plainly what was changed."""
    return f'<p class="change">{escape(sentence)}</p>'


def summary_html(update: PairUpdate | None) -> str:
    """The measures of a run as tiles, and remarks."""
    tiles = "".join(
        f'<div class="tile" title="{escape(tile.meaning)}"><dt>{tile.name}</dt><dd>{tile.value}</dd></div>'
        for tile in tiles_of(update)
    )
    remarks = "".join(f"<li>{escape(remark)}</li>" for remark in remarks_on(update)) if update else ""
    return f'<dl class="tiles">{tiles}</dl><ul class="remarks">{remarks}</ul>'


def tiles_of(update: PairUpdate | None) -> list[Tile]:
    """The measures of a run, as far as they are known."""
    measures = update.measures if update else None
    return [
        Tile("First divergence", _divergence(update), "The first token that the mutant chose otherwise."),
        Tile(
            "Tokens changed",
            f"{measures.share_changed:.0%}" if measures else "–",
            "Share of tokens, of both texts together, that an alignment of the two leaves unmatched.",
        ),
        Tile(
            "Word similarity",
            f"{measures.cosine:.2f}" if measures else "–",
            "Cosine similarity of the two texts' word counts: 1 is the same words, 0 none in common.",
        ),
        Tile(
            "Mean KL",
            _or_overflow(measures.mean_kl, " nats") if measures else "–",
            "Kullback–Leibler divergence of the mutant's predictions from the original's, over the original's tokens.",
        ),
        Tile(
            "Perplexity",
            _or_overflow(measures.perplexity, "") if measures else "–",
            "Of the mutated text under the original model: how surprising the original finds it.",
        ),
        Tile("Time", f"{update.elapsed_seconds:.2f} s" if update else "–", "From the click to the last token."),
    ]


def remarks_on(update: PairUpdate) -> list[str]:
    """What a reader should know of this run besides its measures."""
    remarks = []
    thoughts = [parted("".join(pieces))[0] for pieces in (update.original, update.mutated)]
    if update.is_final and any(thoughts):
        counts = " and ".join(f"{thought_count(pieces):,}" for pieces in (update.original, update.mutated))
        remarks.append(
            f"Thoughts apart: {counts} tokens, word similarity {cosine_similarity(*thoughts):.2f}; the word similarity "
            "above is that of the answers."
        )
    if update.mutated_end == "overflow":
        remarks.append("The mutant's forward pass overflowed: its numbers became infinite, so it has no next token.")
    if update.original_end == "overflow":
        remarks.append("The original model's own forward pass overflowed: try another precision.")
    controls = sum(bool(mark) for mark in update.mutated_marks)
    if controls > len(update.mutated_marks) / 2:
        names = ", ".join(dict.fromkeys(filter(None, update.mutated_marks)))[:120]
        remarks.append(f"{controls} of the mutant's {len(update.mutated_marks)} tokens have no text: {names}.")
    if update.is_silent:
        remarks.append("Silent: the mutant chose every token as the original did.")
    if update.measures and update.measures.divergence_is_near_tie:
        remarks.append("The first divergence was nearly a tie: rounding, not the mutation, may have caused it.")
    if update.measures and update.measures.near_ties:
        count = update.measures.near_ties
        ties = "1 choice was" if count == 1 else f"{count} choices were"
        remarks.append(f"{ties} nearly a tie: rounding may decide there.")
    if "cancelled" in (update.original_end, update.mutated_end):
        remarks.append("Stopped: run again for the measures.")
    return remarks


def _divergence(update: PairUpdate | None) -> str:
    if update is None:
        return "–"
    if update.first_divergence is not None:
        return f"token {update.first_divergence + 1}"
    return "none" if update.measures else "–"


def _or_overflow(value: float | None, unit: str) -> str:
    return "overflow" if value is None else f"{number_told(value)}{unit}"


def number_told(value: float) -> str:
    """As in the lab record, and what has overflowed as ∞."""
    return "∞" if math.isinf(value) else record.number_told(value)
