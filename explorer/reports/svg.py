"""Small pictures as SVG text, to stand in a page that needs no script: bars, and a screen at a glance.

They take ink and lines from the page's own colours (`currentColor`, `--line`), so that they follow its theme.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import polars as pl

ROW, LABEL, WIDTH = 22, 330, 760
"""Of a picture of bars, in pixels: the height of a bar, the room for its label, and all across."""
CELL = 22
"""The side of a matrix in the picture of a screen."""
MOST_LETTERS = 44
_OPEN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">'


class Bar(NamedTuple):
    """One bar."""

    label: str
    value: float
    told: str
    """The value in words."""
    colour: str


def bars_svg(bars: Sequence[Bar], title: str) -> str:
    """Horizontal bars from zero, one below the other."""
    top = max((abs(bar.value) for bar in bars), default=0.0) or 1.0
    room = WIDTH - LABEL - 90
    drawn = []
    for place, bar in enumerate(bars):
        y, length = place * ROW, max(1.0, room * abs(bar.value) / top)
        drawn.append(
            f'<text x="{LABEL - 10}" y="{y + 15}" text-anchor="end">{escape(_cut(bar.label))}</text>'
            f'<rect x="{LABEL}" y="{y + 4}" width="{length:.1f}" height="{ROW - 8}" rx="3" fill="{bar.colour}"/>'
            f'<text x="{LABEL + length + 8:.1f}" y="{y + 15}" class="value">{escape(bar.told)}</text>'
        )
    opened = _OPEN.format(width=WIDTH, height=ROW * len(bars) + 4, label=escape(title))
    return f"{opened}{''.join(drawn)}</svg>"


def shares_svg(shares: pl.DataFrame, title: str) -> str:
    """The share of non-silent mutants of each matrix of a screen: layers across, kinds down."""
    kinds = list(dict.fromkeys(shares["kind"]))
    layers = int(shares["layer"].max() or 0) + 1  # type: ignore[arg-type]
    left, height = 60, CELL * (len(kinds) + 1)
    drawn = [
        f'<text x="{left - 8}" y="{place * CELL + 15}" text-anchor="end">{escape(kind)}</text>'
        for place, kind in enumerate(kinds)
    ]
    drawn += [
        f'<text x="{left + layer * CELL + CELL / 2}" y="{height - 6}" text-anchor="middle">{layer}</text>'
        for layer in range(0, layers, 5)
    ]
    drawn += [_cell(row, left, kinds.index(row["kind"])) for row in shares.iter_rows(named=True)]
    opened = _OPEN.format(width=left + layers * CELL, height=height, label=escape(title))
    return f"{opened}{''.join(drawn)}</svg>"


def _cell(row: dict[str, object], left: int, down: int) -> str:
    share, layer = row["share"], int(str(row["layer"]))
    told = "not screened" if share is None else f"{float(str(share)):.0%} non-silent"
    strength = 0.0 if share is None else 0.08 + 0.92 * float(str(share))
    return (
        f'<rect x="{left + layer * CELL + 1}" y="{down * CELL + 1}" width="{CELL - 2}" height="{CELL - 2}" rx="3" '
        f'fill="#d55e00" fill-opacity="{strength:.2f}" stroke="var(--line)"><title>{escape(str(row["name"]))}: {told}'
        "</title></rect>"
    )


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
