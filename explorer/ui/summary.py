"""The lines around the two texts, as HTML: what was changed, how far the texts are apart, what went wrong."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from explorer.domain import Agreement, Alternative, Dose, Epistasis, Finding, Grid, Lens, Propagation
    from explorer.generation.pair import PairUpdate
    from explorer.model.loaded import LoadedModel
    from explorer.ui.controls import Controls


class Tile(NamedTuple):
    """One measure: its name, its value and what it means."""

    name: str
    value: str
    meaning: str


def header_html(model: LoadedModel | None, sentence: str = "", fault: str = "") -> str:
    """The model, its device and its precision; or what is being done to load one."""
    if model is None:
        state = f'<span class="status fault">{escape(fault)}</span>' if fault else _busy(sentence)
    else:
        facts = (model.name, str(model.device), model.dtype_name)
        state = "".join(f'<span class="badge">{escape(fact)}</span>' for fact in facts)
        if sentence:
            state += _busy(sentence)
        if fault:
            state += f'<span class="status fault">{escape(fault)}</span>'
        if model.anatomy.family is None:
            state += (
                f'<span class="status">unknown family “{escape(model.anatomy.model_type)}”: '
                "matrices go by module path</span>"
            )
    return (
        '<div class="masthead"><div class="brand"><span class="glyph" aria-hidden="true"></span><div>'
        "<h1>Mutation Explorer</h1><p>Change a weight. Read what the model says.</p></div></div>"
        f'<div class="model">{state}<button class="theme-toggle" type="button" title="Light or dark" '
        'aria-label="Light or dark">◐</button></div></div>'
    )


def _busy(sentence: str) -> str:
    return f'<span class="status busy">{escape(sentence)}</span>'


def notice_html(message: str) -> str:
    """A fault in the user's own words; empty if there is none."""
    return f'<pre class="notice" role="alert">{escape(message)}</pre>' if message else ""


def target_html(controls: Controls) -> str:
    """What the controls point at and what it holds now."""
    facts = controls.facts
    amount = "one weight" if facts.weights == 1 else f"{facts.weights:,} weights"
    now = f"now {_number(facts.present)}" if facts.weights == 1 else f"mean {_number(facts.present)}"
    shape = f"{controls.matrix_shape[0]:,} × {controls.matrix_shape[1]:,}, " if controls.matrix_shape else ""
    return (
        f'<div class="target"><code>{escape(controls.site)}</code><span>{amount}, {now}</span>'
        f"<small>matrix {shape}{_number(facts.minimum)} to {_number(facts.maximum)}</small></div>"
    )


def curve_caption_html(site: str, doses: Sequence[Dose], step: tuple[Dose, Dose]) -> str:
    """What the dose–response curve shows, in a sentence."""
    left, right = (_number(dose.value) for dose in step)
    return (
        f'<p class="caption"><code>{escape(site)}</code> set to {len(doses)} values, each checked against the '
        "original’s tokens in one pass. Filled marks diverge, hollow ones are silent; dashed is the value now. "
        f"The steepest step lies between {left} and {right}. Click a mark to set it.</p>"
    )


def map_caption_html(name: str, grid: Grid, level: str) -> str:
    """What a matrix map shows, in a sentence."""
    cell = grid.cell_rows * grid.cell_columns
    held = (
        "Each cell is one weight."
        if cell == 1
        else f"Each cell shows the weight of largest magnitude of {grid.cell_rows} × {grid.cell_columns}."
    )
    finer = {"layer": "weight", "matrix": "weight"}.get(level, level)
    return (
        f'<p class="caption"><code>{escape(name)}</code>, the original’s weights: rows {grid.rows.start:,}–'
        f"{grid.rows.stop - 1:,}, columns {grid.columns.start:,}–{grid.columns.stop - 1:,}. {held} Click to mutate the "
        f"{finer} there; drag to zoom in, double-click to zoom out.</p>"
    )


def sensitivity_caption_html(name: str, agreement: Agreement | None, *, is_working: bool = False) -> str:
    """What the sensitivity map shows and how far it can be trusted, in numbers once they are there."""
    if is_working:
        return '<p class="caption busy">One backward pass …</p>'
    trust = "Comparing a random sample with forward passes …"
    if agreement is not None:
        rank = agreement.rank_correlation
        said = "not defined" if math.isnan(rank) else f"{rank:.2f}".replace("-", "−")
        trust = (
            f"On {len(agreement.verified)} blocks drawn at random, the rank correlation of estimate and forward pass "
            f"is <b>{said}</b> (1: same order, 0: none)."
        )
    return (
        '<p class="caption">Above: what one block of each matrix may add, at most, to the negative log-likelihood of '
        f"the original’s text. Below: the blocks of <code>{escape(name)}</code>, red adds and blue takes away. Both "
        f"are <b>first-order estimates</b>. {trust} Click a matrix to open it, a block to mutate it.</p>"
    )


def findings_caption_html(findings: Sequence[Finding] | None) -> str:
    """What the list of mutations that matter shows, in a sentence; None: it is being worked on."""
    if findings is None:
        return '<p class="caption busy">Measuring candidates …</p>'
    return (
        f'<p class="caption">The {len(findings)} that add most to the negative log-likelihood of the original’s text, '
        "in nats a token, as measured by a forward pass each; beside it the first-order estimate.</p>"
    )


def spread_caption_html(spread: Propagation) -> str:
    """What the propagation map shows, in a sentence."""
    return (
        '<p class="caption">Change of the hidden state of each token, relative to its size, before the first layer and '
        f"after each: {spread.changes.shape[0]} × {len(spread.tokens)}, both models in one batch over the same tokens. "
        "Left of the dashed line is the prompt. Click a token to read both models after each layer.</p>"
    )


def lens_html(lens: Lens) -> str:
    """What both models would say after a token, read out after each layer, the last one on top."""
    rows = "".join(
        f"<tr{' class=parted' if _top(reading.original) != _top(reading.mutated) else ''}><th>{reading.layers}</th>"
        f"<td>{_tokens_html(reading.original)}</td><td>{_tokens_html(reading.mutated)}</td></tr>"
        for reading in reversed(lens.readings)
    )
    token = escape(_visible(lens.token))
    return (
        f'<div class="lens"><p class="caption">After token {lens.position} <code>{token}</code>: '
        "the likeliest next tokens if the model were read out after so many layers (logit lens).</p>"
        f"<table><thead><tr><th></th><th>Original</th><th>Mutated</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _top(alternatives: Sequence[Alternative]) -> str | None:
    return alternatives[0].text if alternatives else None


def _visible(token: str) -> str:
    """A token as a person can see it."""
    return token.strip(" ").replace("\n", "⏎") or "␣"


def _tokens_html(alternatives: Sequence[Alternative]) -> str:
    if not alternatives:
        return "overflow"
    return " ".join(
        f'<span style="opacity:{0.45 + 0.55 * min(1.0, 2 * each.probability):.2f}" title="{each.probability:.1%}">'
        f"{escape(_visible(each.text))}</span>"
        for each in alternatives[:3]
    )


def epistasis_caption_html(found: Epistasis, *, has_pairs: bool) -> str:
    """What mutations do together, in a sentence."""
    value = found.interaction
    if math.isnan(value) or math.isinf(value):
        said = "The forward pass overflows, so there is no number for the interaction."
    else:
        word = "more" if value > 0 else "less"
        said = f"Together they add <b>{_number(abs(value))} nats a token {word}</b> than the sum of their parts."
    pairs = " On the right, how much more each pair adds than its two." if has_pairs else ""
    return (
        f'<p class="caption">{said} What is added: negative log-likelihood of the original’s text.{pairs} '
        "Click a bar or a pair to set it.</p>"
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
    if update.mutated_end == "overflow":
        remarks.append("The mutant's forward pass overflowed: its numbers became infinite, so it has no next token.")
    if update.original_end == "overflow":
        remarks.append("The original model's own forward pass overflowed: try another precision.")
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
    return "overflow" if value is None else f"{_number(value)}{unit}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "∞"
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")  # noqa: PLR2004
