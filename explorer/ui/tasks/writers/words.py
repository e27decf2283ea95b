"""The sentences, tables and rows of the sub-tab Writers: HTML, and JSON for its lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from explorer.domain.notation import format_genotype
from explorer.domain.parting import parting
from explorer.figures.palette import STYLE_COLOURS
from explorer.reports.comparison import p_told
from explorer.reports.tasks import NO_WORD, scan_report
from explorer.statistics.paired import ALPHA
from explorer.tasks.writers import Written
from explorer.ui.components.mutant_table import table_json
from explorer.ui.words import PAGE

CELL = 120
"""Letters of a text in the table of all."""

_SCAN_HEAD = ("Mutant", "RIHF", "begins", "original", "p", "q")


def writer_html(genotype: str, sentence: str, said: pl.DataFrame, place: int) -> str:
    """The RIHF word of a mutant, and how many answers rounding may have decided."""
    ties = int(said.filter(genotype=place)["near_tie"].sum())
    near = f" {ties:,} of its answers hold a near tie: rounding may have decided a token." if ties else ""
    return (
        f'<p class="verdict"><code>{escape(genotype)}</code></p><p class="tally">{escape(sentence)}</p>'
        f'<p class="caption">First words of its answers beside the original’s. Words in bold begin no more than '
        f"one of the original’s; click a bar to read its answers.{near}</p>"
    )


def groups_json(written: Written, chosen: int) -> str:
    """The mutants by RIHF word, as `components.mutant_table` takes them."""
    groups = [
        {
            "title": group["word"] if group["word"] == NO_WORD else f"“{group['word']}”",
            "rows": [_scan_row(row, chosen) for row in group["mutants"]],
        }
        for group in scan_report(written)["groups"]
    ]
    return table_json(_SCAN_HEAD, groups, "Show its first words, styles and answers", opens=True)


def _scan_row(row: Mapping[str, Any], chosen: int) -> dict[str, Any]:
    word = row["word"]
    cells = ["–"] * (len(_SCAN_HEAD) - 1)
    if word is not None:
        counts = [f"{row['mutant']} of {row['of']}", str(row["original"])]
        cells = [_short(word), *counts, p_told(row["p"]), p_told(row["q"])]
    is_sure = row["q"] is not None and row["q"] < ALPHA
    return {
        "genotype": row["genotype"], "place": row["place"], "cells": cells, "chosen": row["place"] == chosen,
        "sure": is_sure,
    }  # fmt: skip


def shared_html(written: Written) -> str:
    """Rows and columns that mutants of one word share across layers."""
    rows = scan_report(written)["shared"]
    caption = (
        "p: Fisher’s exact test, times the rare words it was chosen from; q: over the mutants (Benjamini–Hochberg)."
    )
    if not rows:
        told = "No mutants of one RIHF word share a row or a column in several layers."
        return f'<p class="caption">{caption} {told}</p>'
    names = ("RIHF", "Kind", "Shared", "Layers", "Mutants")
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(_shared_row(row) for row in rows)
    return (
        f'<p class="caption">{caption} Rows and columns that mutants of one word share in several layers:</p>'
        f'<div class="totals"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _shared_row(row: Mapping[str, Any]) -> str:
    layers = ", ".join(map(str, row["layers"]))
    cells = (_short(row["word"]), row["kind"], f"{row['axis']} {row['place']}", layers, f"{row['mutants']:,}")
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def texts_html(written: Written) -> str:
    """Every text: inputs down, the original and the mutants across, each cell in the colour of its style."""
    mutants = written.asked.genotypes[: written.finished]
    names = ("original", *map(format_genotype, mutants))
    said = {(row["item"], row["genotype"]): row for row in written.said.iter_rows(named=True)}
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr><th scope='row'>{escape(each.text)}</th>"
        + "".join(_text_cell(said[item, place]) for place in range(len(names)))
        + "</tr>"
        for item, each in enumerate(written.asked.inputs)
    )
    styles = set(written.said["style"])
    key = "".join(
        f"<span style='--style: {colour}'>{style}</span>" for style, colour in STYLE_COLOURS.items() if style in styles
    )
    return (
        f'<div class="style-key">{key}</div><div class="text-table" tabindex="0"><table><thead><tr><th>Input</th>{head}'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _text_cell(row: Mapping[str, Any]) -> str:
    text = row["text"].strip()
    shown = text if len(text) <= CELL else f"{text[:CELL].rstrip()} …"
    return (
        f"<td style='--style: {STYLE_COLOURS.get(row['style'], 'transparent')}' title='{escape(row['style'])}'>"
        f"{escape(shown) or '<i>nothing</i>'}</td>"
    )


def answers_json(pairs: pl.DataFrame, page: int, place: int) -> str:
    """One page of answers of `handlers.pairs_of`, as `components.item_list` takes them."""
    rows = pairs.slice(page * PAGE, PAGE).iter_rows(named=True)
    return json.dumps([_answer(row, place) for row in rows], ensure_ascii=False)


def _answer(row: Mapping[str, Any], place: int) -> dict[str, Any]:
    original, text = row["text_original"], row["text"]
    alike = parting(original, text)
    sides = [
        _side("Original", 0, original, "", row["style_original"], is_tied=row["near_tie_original"]),
        _side("Mutant", place, text[:alike], text[alike:], row["style"], is_tied=row["near_tie"]),
    ]
    return {"item": row["item"], "name": row["kind"], "asked": row["input"], "sides": sides}


def _side(letter: str, place: int, common: str, rest: str, style: str, *, is_tied: bool) -> dict[str, Any]:
    facts = f"{style} · near tie" if is_tied else style
    return {"letter": letter, "place": place, "common": common, "rest": rest, "facts": facts, "state": ""}


def _short(word: str) -> str:
    return word if len(word) <= 24 else f"{word[:24]}…"  # noqa: PLR2004
