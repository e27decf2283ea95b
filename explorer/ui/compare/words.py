"""The sentences, tables and rows of comparisons: HTML, and JSON for the list of items."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import polars as pl

from explorer.domain.genotype import Genotype
from explorer.domain.parting import parting
from explorer.reports.comparison import COLUMNS, table_rows
from explorer.statistics.comparison import LETTERS, Contrast, Part
from explorer.tasks.comparison import called
from explorer.ui.words import PAGE


def genotypes_html(genotypes: Sequence[Genotype]) -> str:
    """Who is compared, by letter."""
    rows = "".join(
        f"<li><b>{LETTERS[place]}</b> <code>{escape(called(genotype))}</code>{'' if place else ' the reference'}</li>"
        for place, genotype in enumerate(genotypes)
    )
    return f'<ul class="lettered">{rows}</ul>'


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
