"""A comparison in words and numbers: its verdict, its table of measures, and all of it as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from explorer.domain.errors import ComparisonError
from explorer.statistics.comparison import (
    KL,
    LETTERS,
    OF_CLOZE,
    OF_LETTERS,
    OF_PROMPTS,
    PERPLEXITY,
    READABLE,
    Contrast,
    Measure,
    contrasts,
    paired,
)
from explorer.statistics.paired import Interval
from explorer.tasks.comparison import Compared, called

COLUMNS = ("", "Measure", "A", "It", "Difference", "95 % interval", "p", "Effect", "Items", "More needed")
"""Of the table of measures; the first is the genotype's letter."""
_BLANK = "\u00a0"
"""A blank at which no line is broken."""
ROUNDING = 1e-6
"""Nats that differ by less are the same in float32."""
MOST_ROWS = 60
"""Items that the command line prints."""


def contrasts_of(compared: Compared) -> tuple[Contrast, ...]:
    """Raises ComparisonError while there is no pair of answers."""
    comparison = compared.comparison
    measures: tuple[Measure, ...] = OF_PROMPTS
    if comparison.questions is not None:
        measures = OF_CLOZE if comparison.questions.form == "cloze" else OF_LETTERS
    return contrasts(compared.answers, measures, first_is_original=not comparison.genotypes[0])


def verdicts(compared: Compared, found: Sequence[Contrast]) -> list[str]:
    """A sentence for each genotype but the first."""
    places = sorted({contrast.genotype for contrast in found})
    of_places = [[each for each in found if each.genotype == place] for place in places]
    if compared.comparison.questions is not None:
        return [_of_questions(own) for own in of_places]
    return [_of_prompts(compared, own) for own in of_places]


def _of_questions(found: Sequence[Contrast]) -> str:
    """About right answers."""
    contrast = next(each for each in found if each.table is not None)
    table, letter = contrast.table, LETTERS[contrast.genotype]
    assert table is not None
    difference = table.only_second - table.only_first
    asked = f"{table.items:,} question{'' if table.items == 1 else 's'}"
    if not table.parted:
        return f"{letter} and A are right and wrong on the same of {asked}: nothing tells them apart."
    told = "as many" if difference == 0 else f"{abs(difference):,} {'more' if difference > 0 else 'fewer'}"
    than = "as" if difference == 0 else "than"
    evidence = f"{_interval_told(contrast.interval, table.items)}McNemar p {p_told(contrast.corrected_p, with_is=True)}"
    corrected = " after Holm's correction" if contrast.corrected_p != contrast.p else ""
    return f"{letter} answers {told} of {asked} right {than} A: {evidence}{corrected}.{_chance_told(contrast)}"


def _of_prompts(compared: Compared, found: Sequence[Contrast]) -> str:
    """About texts, the distance from the original, and perplexity."""
    place = found[0].genotype
    letter, pairs = LETTERS[place], paired(compared.answers, place)
    changed = int((pairs["text"] != pairs["text_second"]).sum())
    told = [f"{letter} says something else than A to {changed:,} of {len(pairs):,} prompts"]
    by_measure = {contrast.measure: contrast for contrast in found}
    if KL in by_measure:
        kl = by_measure[KL]
        interval = _interval_told(kl.interval).removesuffix(", ")
        told.append(
            f"its mean KL from the original is {number(kl.second)} nats a token"
            + (f", A's {number(kl.first)}" if compared.comparison.genotypes[0] else "")
            + (f" ({'difference: ' if compared.comparison.genotypes[0] else ''}{interval})" if interval else "")
        )
    if PERPLEXITY in by_measure:
        ratio = by_measure[PERPLEXITY]
        told.append(
            f"to the original its texts are {number(math.exp(ratio.difference))} times as perplexing as A's "
            f"(p {p_told(ratio.corrected_p, with_is=True)})"
        )
    destroyed = by_measure[READABLE].table if READABLE in by_measure else None
    if destroyed is not None and destroyed.only_first:
        verb = "is" if destroyed.only_first == 1 else "are"
        told.append(f"{destroyed.only_first:,} of them {verb} destroyed where A's are not")
    return "; ".join(told) + "."


def _chance_told(contrast: Contrast) -> str:
    """What follows from a difference that is not significant."""
    if contrast.is_significant:
        return ""
    further = contrast.further_items
    if not further:
        return " Chance alone may explain that."
    return f" Chance alone may explain that; if the difference is real, about {further:,} more items would show it."


def _interval_told(interval: Interval | None, items: int | None = None) -> str:
    """Of a difference, or of a difference of shares in whole items."""
    if interval is None:
        return ""
    low, high = (number(edge if items is None else round(edge * items)) for edge in (interval.low, interval.high))
    return f"95 % interval {low} to {high}, "


def table_rows(found: Sequence[Contrast]) -> list[list[str]]:
    """The cells of the table of measures, in the order of `COLUMNS`."""
    return [_cells(contrast) for contrast in found]


def _cells(contrast: Contrast) -> list[str]:
    share = contrast.table is not None
    values = [f"{100 * each:.1f}{_BLANK}%" if share else number(each) for each in (contrast.first, contrast.second)]
    interval = contrast.interval
    edges = "–" if interval is None else f"{_shown(interval.low, contrast)} to {_shown(interval.high, contrast)}"
    if share and contrast.bootstrap is not None:
        low, high = (number(100 * edge, sign=True) for edge in (contrast.bootstrap.low, contrast.bootstrap.high))
        edges += f"; bootstrap {low} to {high}"
    return [
        LETTERS[contrast.genotype],
        _titled(contrast),
        *values,
        _shown(contrast.difference, contrast),
        edges,
        p_told(contrast.corrected_p),
        "–" if contrast.effect is None else f"{'g' if share else 'd'}{_BLANK}={_BLANK}{number(contrast.effect)}",
        f"{contrast.items:,}" + (f" ({contrast.left_out:,} left out)" if contrast.left_out else ""),
        _further_told(contrast),
    ]


def _titled(contrast: Contrast) -> str:
    """The measure with the unit of its difference."""
    unit = "percentage points" if contrast.table else "" if contrast.measure.is_ratio else contrast.measure.unit
    return contrast.measure.title + (f", {unit}" if unit else "")


def _shown(difference: float, contrast: Contrast) -> str:
    """A difference in the measure's own terms: percentage points of a share, a factor, or the unit."""
    if contrast.measure.is_ratio:
        return f"×{_BLANK}{number(math.exp(difference))}"
    return number(100 * difference if contrast.table else difference, sign=True)


def _further_told(contrast: Contrast) -> str:
    if contrast.p is None:
        return "–"
    if contrast.is_significant:
        return "enough"
    return "no number shows it" if contrast.further_items is None else f"{contrast.further_items:,}"


def p_told(p: float | None, *, with_is: bool = False) -> str:
    """A p value in two digits; – where there is none."""
    if p is None:
        return "–"
    sign, value = ("<", "0.0001") if p < 0.0001 else ("=", f"{p:.2g}")  # noqa: PLR2004
    return f"{sign}{_BLANK}{value}" if with_is or sign == "<" else value


def number(value: float, *, sign: bool = False) -> str:
    """Three digits, with a minus that is as wide as a plus; what rounding leaves of nothing is 0."""
    value = 0.0 if abs(value) < ROUNDING else value
    return f"{value:{'+' if sign else ''}.3g}".replace("-", "−")


def comparison_report(compared: Compared) -> dict[str, Any]:
    """All of a comparison as plain data. Without pairs of answers it has no measures."""
    comparison = compared.comparison
    try:
        found = contrasts_of(compared)
    except ComparisonError:
        found = ()
    rows = compared.answers.to_dicts()
    return {
        "genotypes": [
            {"letter": LETTERS[place], "genotype": called(each)} for place, each in enumerate(comparison.genotypes)
        ],
        "asked": comparison.items,
        "answered": len({row["item"] for row in rows}),
        "is_complete": compared.is_complete,
        "questions": None if comparison.questions is None else comparison.questions.name,
        "shots": comparison.shots,
        "chat": None if comparison.questions is not None else comparison.prompts[0].chat,
        "decoding": None if comparison.questions is not None else asdict(comparison.decoding),
        "verdicts": verdicts(compared, found),
        "measures": [_plain(contrast) for contrast in found],
        "items": [row | {"genotype": LETTERS[row["genotype"]]} for row in rows],
    }


def _plain(contrast: Contrast) -> dict[str, Any]:
    plain = asdict(contrast)
    measure = plain.pop("measure")
    return {
        **plain,
        "genotype": LETTERS[contrast.genotype],
        "measure": measure["title"],
        "unit": "natural logarithms" if measure["is_ratio"] else measure["unit"],
        "mid_p": contrast.table.mid_p if contrast.table else None,
        "further_items": contrast.further_items,
        "cells": _cells(contrast),
    }


def comparison_lines(report: dict[str, Any]) -> Iterator[str]:
    """For people: who is compared, the verdict, the measures, and the first items."""
    for each in report["genotypes"]:
        yield f"{each['letter']}  {each['genotype']}"
    if not report["is_complete"]:
        yield f"Stopped: {report['answered']:,} of {report['asked']:,} items have been answered."
    yield ""
    yield from report["verdicts"]
    yield ""
    yield "\t".join(COLUMNS)
    yield from ("\t".join(measure["cells"]) for measure in report["measures"])
    yield ""
    for row in report["items"][:MOST_ROWS]:
        passed = "" if report["questions"] is None else f"[{'right' if row['passed'] else 'wrong'}] "
        yield f"{row['name']} {row['genotype']}: {passed}{' '.join(row['text'].split())}"
    if len(report["items"]) > MOST_ROWS:
        yield f"… and {len(report['items']) - MOST_ROWS:,} answers more; --json prints all."
