"""The sentences, tables and rows of the Compare tab: HTML, and JSON for the list of items."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from explorer.parting import parting
from explorer.reports.comparison import COLUMNS, p_told, table_rows
from explorer.statistics.comparison import LETTERS, Contrast, Part
from explorer.tasks.comparison import called

if TYPE_CHECKING:
    import polars as pl

    from explorer.domain import Genotype
    from explorer.statistics.votes import Tally
    from explorer.tasks.blind import BlindTest

PAGE = 20
"""Items a page."""


def genotypes_html(genotypes: Sequence[Genotype]) -> str:
    """Who is compared, by letter."""
    rows = "".join(
        f"<li><b>{LETTERS[place]}</b> <code>{escape(called(genotype))}</code>{'' if place else ' the reference'}</li>"
        for place, genotype in enumerate(genotypes)
    )
    return f'<ul class="lettered">{rows}</ul>'


def progress_html(done: int, total: int, seconds: float, state: str = "") -> str:
    """How far a run is, and about how long it takes yet; or how it ended."""
    left = "" if not done or state else f", about {_seconds_told(seconds / done * (total - done))} left"
    return (
        f'<div class="compare-progress"><progress max="{max(1, total)}" value="{done}" aria-label="Answers"></progress>'
        f"<small>{done:,} of {total:,} answers{left}{f' · {escape(state)}' if state else ''}</small></div>"
    )


def _seconds_told(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"  # noqa: PLR2004


def verdict_html(sentences: Sequence[str]) -> str:
    """The verdict, a sentence a genotype."""
    return "".join(f'<p class="verdict">{escape(sentence)}</p>' for sentence in sentences)


def measures_html(found: Sequence[Contrast]) -> str:
    """The table of measures."""
    head = "".join(f"<th>{escape(name)}</th>" for name in COLUMNS)
    body = "".join(
        f"<tr{_significance(contrast)}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for contrast, cells in zip(found, table_rows(found), strict=True)
    )
    corrected = " p is corrected for the number of genotypes (Holm)." if len({c.genotype for c in found}) > 1 else ""
    caption = (
        "Paired differences from A. p: McNemar's exact test of what is passed or failed, else random sign flips; a "
        "distance from the original is not tested against the original itself. Effect: Cohen's g, or the "
        "standardised paired difference d. More needed: items for a power of 80 % if the difference is what was "
        f"observed.{corrected}"
    )
    return (
        f'<div class="totals measures"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="caption">{escape(caption)}</p>'
    )


def _significance(contrast: Contrast) -> str:
    return ' class="significant"' if contrast.is_significant else ""


def parts_of(*, asks_questions: bool, letter: str) -> list[tuple[str, Part]]:
    """The choices of the filter of items."""
    if asks_questions:
        return [
            ("All", "all"), ("Answers differ", "different"), (f"A right, {letter} wrong", "only_first"),
            (f"{letter} right, A wrong", "only_second"),
        ]  # fmt: skip
    return [
        ("All", "all"), ("Texts differ", "different"), (f"Only {letter} destroyed", "only_first"),
        ("Only A destroyed", "only_second"),
    ]  # fmt: skip


def items_json(pairs: pl.DataFrame, page: int, letter: str, place: int, *, asks_questions: bool) -> str:
    """One page of the items, as `components.item_list` takes them."""
    rows = pairs.slice(page * PAGE, PAGE).iter_rows(named=True)
    return json.dumps([_item(row, letter, place, asks_questions) for row in rows], ensure_ascii=False)


def _item(row: dict[str, Any], letter: str, place: int, asks_questions: bool) -> dict[str, Any]:
    alike = parting(row["text"], row["text_second"])
    common = row["text"][:alike]
    sides = [_side(row, "", "A", 0, row["text"], "", asks_questions)]
    sides.append(_side(row, "_second", letter, place, common, row["text_second"][alike:], asks_questions))
    return {"item": row["item"], "name": row["name"], "asked": row["asked"], "sides": sides}


def _side(
    row: dict[str, Any], ending: str, letter: str, place: int, common: str, rest: str, asks_questions: bool
) -> dict[str, Any]:
    if asks_questions:
        margin = row[f"margin{ending}"]
        facts = [
            "right" if row[f"passed{ending}"] else "wrong",
            "overflow" if margin is None else f"margin {margin:+.2f}",
        ]
    else:
        kl, perplexity = row[f"mean_kl{ending}"], row[f"perplexity{ending}"]
        facts = [
            str(row[f"style{ending}"]),
            "overflow" if row[f"overflow{ending}"] or kl is None else f"KL {0 if kl < 1e-6 else kl:.3g}",  # noqa: PLR2004
            *([] if perplexity is None else [f"perplexity {perplexity:.3g}"]),
        ]
    near = ["near tie"] if row[f"near_tie{ending}"] else []
    told = " · ".join([*facts, *near]).replace("-", "−")
    state = ("right" if row[f"passed{ending}"] else "wrong") if asks_questions else ""
    return {"letter": letter, "place": place, "common": common, "rest": rest, "facts": told, "state": state}


def page_within(page: int, count: int) -> int:
    """The page that is shown where another is asked for than there are."""
    return min(max(0, page), max(0, (count - 1) // PAGE))


def page_html(count: int, page: int) -> str:
    """Which items are shown, and what a click does."""
    if not count:
        return '<p class="caption">No item is like that.</p>'
    last = min(count, (page + 1) * PAGE)
    told = f"Items {page * PAGE + 1:,}–{last:,} of {count:,}. A click on a text opens it in Explore."
    return f'<p class="caption">{told}</p>'


def blind_html(test: BlindTest, *, fault: str = "") -> str:
    """The pair that is shown; its labels once it has been voted on."""
    if test.pair is None:
        told = "That was the last pair." if test.is_over else "Stopped: ask for the next pair."
        return f'<p class="no-picture">{told}{_identical_told(test)}</p>'
    asked = escape(test.comparison.prompt_of(test.pair.item).text)
    names = [called(genotype) for genotype in test.comparison.genotypes]
    labels = ["", ""] if test.voted is None else [names[test.pair.swapped], names[not test.pair.swapped]]
    cards = "".join(
        f'<section class="blind-card"><header><h3>{number}</h3>{_label(label, names[0])}</header>'
        f"<div>{escape(text)}</div></section>"
        for number, label, text in zip((1, 2), labels, test.pair.shown, strict=True)
    )
    return f'<p class="screen-prompt"><b>Asked</b>{asked}</p><div class="blind">{cards}</div>{_verdict(test)}{fault}'


def _label(label: str, reference: str) -> str:
    """Whose text it is; nothing before the vote."""
    state = ' class="reference"' if label == reference else ""
    return f"<code{state}>{escape(label)}</code>" if label else ""


def _verdict(test: BlindTest) -> str:
    """What the vote on the pair was."""
    if test.voted is None:
        return ""
    if test.mode == "mutant":
        told = {"second": "Right: you found the mutant.", "first": "No: that was the original."}
    else:
        first, second = (called(genotype) for genotype in test.comparison.genotypes)
        told = {"first": f"You chose the text of {first}.", "second": f"You chose the text of {second}."}
    return f'<p class="verdict">{escape(told.get(test.voted, "No choice."))}</p>'


def tally_html(test: BlindTest, counted: Tally) -> str:
    """The votes so far, and whether chance explains them."""
    if not test.votes:
        return f'<p class="caption">No vote yet.{_identical_told(test)}</p>'
    second = called(test.comparison.genotypes[1])
    if test.mode == "mutant":
        told = f"The mutant was found {counted.second:,} of {counted.decided:,} times"
    else:
        told = f"{second} was chosen {counted.second:,} of {counted.decided:,} times"
    interval = counted.interval
    if interval is not None:
        told += (
            f": {100 * interval.low:.0f} to {100 * interval.high:.0f} % (95 % interval, Clopper–Pearson), "
            f"p {p_told(counted.p, with_is=True)} (exact binomial test against one half)"
        )
    undecided = f" {counted.neither:,} without a choice." if counted.neither else ""
    return f'<p class="tally">{escape(told)}.{undecided}{_identical_told(test)}</p>'


def _identical_told(test: BlindTest) -> str:
    if not test.identical:
        return ""
    pairs = "1 pair was" if test.identical == 1 else f"{test.identical:,} pairs were"
    return f" {pairs} skipped: both texts are the same."
