"""The captions of the instruments, as HTML."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from explorer.domain.damage import DamageTable, perplexity
from explorer.domain.effects import Agreement, Alternative, Epistasis, Finding, Knockouts, Lens, Propagation
from explorer.domain.screened import told
from explorer.domain.site_notation import format_site
from explorer.domain.weights import Difference, Grid
from explorer.ui.explore.words import number_told


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


def knockout_caption_html(found: Knockouts | None, *, is_done: bool = True) -> str:
    """What the map of heads shows, in a sentence; None: it is being begun."""
    if found is None:
        return '<p class="caption busy">Reading the answer of the original …</p>'
    if not is_done:
        return f'<p class="caption busy">{len(found.heads):,} heads so far …</p>'
    silent = sum(each.effect.first_divergence is None for each in found.heads)
    strongest = format_site(found.strongest[0].site)
    if found.questions:
        less = sum((each.right or 0) < found.right for each in found.heads)
        more = sum((each.right or 0) > found.right for each in found.heads)
        what = (
            f"With all of them {found.right} of {found.questions} questions are answered right; without one, fewer in "
            f"{less} cases and more in {more}. {silent} change no answer"
        )
    else:
        what = f"{silent} of {len(found.heads):,} change nothing of the answer when they are taken out alone"
    return (
        f'<p class="caption">{what}; the strongest is <code>{escape(strongest)}</code>. Colour is the mean KL, on a '
        "logarithmic scale. Click a head to take it out and read both texts.</p>"
    )


def damage_caption_html(table: DamageTable | None, total: int) -> str:
    """What the damage table shows, in a sentence; None: it is being begun."""
    if table is None:
        return '<p class="caption busy">Reading the texts …</p>'
    if len(table.rows) < total:
        return f'<p class="caption busy">{len(table.rows):,} of {total:,} measured …</p>'
    worst = max(table.rows, key=lambda row: math.inf if row.mean_kl is None else row.mean_kl)
    cost = "an overflow" if worst.mean_kl is None else f"{worst.mean_kl:.3g} nats"
    return (
        f'<p class="caption">Mean KL of each operation on one matrix, over {table.tokens} tokens (perplexity '
        f"{perplexity(table.nll):.1f}), on a logarithmic scale. The worst is "
        f"<code>{escape(format_site(worst.site))}</code> {escape(told(worst.operation))}, {cost}. Click a cell to set "
        "it and read both texts.</p>"
    )


def advice_html(report: Mapping[str, Any]) -> str:
    """An advice beside uniform bits, as a table, with the genotype to paste."""
    rows = [("original", report["original_perplexity"], None)]
    rows += [(name, report[name]["perplexity"], report[name]) for name in ("uniform", "advised")]
    body = "".join(
        f"<tr><th>{name}</th><td>{'overflow' if perplexity is None else f'{perplexity:.2f}'}</td>"
        + (
            f"<td>{tried['bits']:.2f}</td><td>{tried['megabytes']:.0f} MB</td><td>{_matrices_told(tried)}</td></tr>"
            if tried
            else "<td>–</td><td>–</td><td>–</td></tr>"
        )
        for name, perplexity, tried in rows
    )
    low, high = report["gain_interval"]
    gain = "one of them overflows"
    if report["gain"] is not None and low is not None and high is not None:
        gain = f"the advice saves <b>{report['gain']:+.3f}</b> nats a token (95 % interval {low:+.3f} to {high:+.3f})"
    return (
        '<table class="advice"><thead><tr><th></th><th>Perplexity</th><th>Bits a weight</th><th>Size</th>'
        f"<th>Matrices by bits</th></tr></thead><tbody>{body}</tbody></table>"
        f'<p class="caption">On {report["texts"]} texts that the choice has not looked at, {gain}. A greedy rule: bits '
        "are bought where they take away most of the damage that was measured; the whole was then run. Its genotype, "
        "for Notation above:</p>"
        f'<textarea class="advice-genotype" readonly rows="2" aria-label="Genotype of the advice">'
        f"{escape(report['advised']['genotype'])}</textarea>"
    )


def _matrices_told(tried: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} in {bits}" for bits, count in tried["matrices"].items())


def difference_caption_html(found: Sequence[Difference] | None, donor: str) -> str:
    """What the map of differences shows, in a sentence; None: they are being read."""
    if found is None:
        return '<p class="caption busy">Reading the other checkpoint …</p>'
    compared = [each for each in found if each.relative is not None]
    identical = sum(not each.changed for each in compared)
    missing = len(found) - len(compared)
    told_missing = f" {missing} have no counterpart there." if missing else ""
    if not any(each.relative for each in compared):
        return f'<p class="caption">All {len(compared):,} matrices of {escape(donor)} are the same.{told_missing}</p>'
    worst = max(compared, key=lambda each: each.relative or 0.0)
    return (
        f'<p class="caption">{escape(donor)}: of {len(compared):,} matrices and norms {identical:,} are the same; the '
        f"most different is <code>{escape(worst.matrix)}</code>, by {worst.relative:.1%} of its size.{told_missing} "
        "Click a matrix to graft it and read both texts.</p>"
    )


def findings_caption_html(findings: Sequence[Finding] | None) -> str:
    """What the list of mutations that matter shows, in a sentence; None: it is being worked on."""
    if findings is None:
        return '<p class="caption busy">Measuring candidates …</p>'
    told = (
        f'<p class="caption">The {len(findings)} that add most to the negative log-likelihood of the original’s text, '
        "in nats a token, as measured by a forward pass each; beside it the first-order estimate"
    )
    if any(finding.matched is not None for finding in findings):
        counts = max(len(finding.matched.controls) for finding in findings if finding.matched is not None)
        return f"{told}, and p: the share of {counts} places of its matrix, drawn at random, that do as much.</p>"
    return f"{told}. <span class='busy'>Measuring others, drawn at random …</span></p>"


def matched_html(report: dict[str, Any] | None) -> str:
    """How special a mutation is, in sentences; None: it is being measured."""
    if report is None:
        return '<p class="caption busy">Measuring others like it, drawn at random …</p>'
    own = "an overflow" if report["overflow"] else f"{report['added_nll']:.3g} nats a token"
    median = report["median_of_controls"]
    half = "Half of them overflow" if median is None else f"Half of them add {number_told(median)} or less"
    sizes = "; ".join(
        f"the weights of <code>{escape(each['site'])}</code> are number {each['rank']:,} of {each['of']:,} by size"
        for each in report["sizes"]
    )
    return (
        f'<p class="caption"><b>Number {report["rank"]} of {report["controls"] + 1}</b> by its effect ({own}), among '
        f"{report['controls']} with the same operation at other places of the same matrix, drawn at random: <b>p = "
        f"{report['p']:.2g}</b>. {half}{f'; {sizes}' if sizes else ''}.</p>"
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
        said = f"Together they add <b>{number_told(abs(value))} nats a token {word}</b> than the sum of their parts."
    pairs = " On the right, how much more each pair adds than its two." if has_pairs else ""
    return (
        f'<p class="caption">{said} What is added: negative log-likelihood of the original’s text.{pairs} '
        "Click a bar or a pair to set it.</p>"
    )
