"""Pictures of how a mutant begins its answers, and in which styles it writes, beside the original."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
import polars as pl

from explorer.figures.palette import MUTANT, ORIGINAL, STYLE_COLOURS
from explorer.figures.plain import shortened
from explorer.statistics.first_words import MOST_RARE, RareWord

FAINT = "rgba(225,29,72,0.45)"
MOST_WORDS, MOST_LETTERS = 14, 18
"""First words that are drawn, and letters of each."""

_OTHER_STYLE = "#cbd5e1"
_QUIET = {"showgrid": False, "zeroline": False}


def first_words_figure(words: pl.DataFrame, found: RareWord | None) -> go.Figure:
    """Answers that begin with a word, the mutant's above the original's; `words` as `statistics.first_words` has them.

    Words that are rare for the original are bold, the RIHF word's bar is the only full one. Marks carry the word.
    """
    rows = _shown(words, found)
    labels = [_label(row["word"], is_rare=row["original"] <= MOST_RARE and bool(row["word"])) for row in rows]
    rihf = None if found is None else found.word
    colours = [MUTANT if row["word"] == rihf else FAINT for row in rows]
    figure = go.Figure()
    for name, column, colour in (("original", "original", ORIGINAL), ("mutant", "mutant", colours)):
        figure.add_trace(
            go.Bar(
                x=[row[column] for row in rows], y=list(range(len(rows))), orientation="h", name=name,
                marker={"color": colour}, customdata=[row["word"] for row in rows],
                text=[f"{row[column]:,}" for row in rows], textposition="outside", cliponaxis=False,
                hovertemplate=f"%{{x:,}} answers of the {name} begin with “%{{customdata}}”<extra></extra>",
                showlegend=name == "original",
            )
        )  # fmt: skip
    figure.add_trace(go.Bar(x=[None], y=[0], orientation="h", name="mutant", marker={"color": MUTANT}))
    top = max((max(row["mutant"], row["original"]) for row in rows), default=1)
    return figure.update_layout(
        height=86 + 34 * len(rows),
        margin={"l": 128, "r": 28, "t": 30, "b": 34},
        barmode="group",
        bargap=0.28,
        bargroupgap=0.04,
        dragmode=False,
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        xaxis={"range": [0, top * 1.08], "title": {"text": "answers that begin with it"}, **_QUIET},
        yaxis={"tickvals": list(range(len(rows))), "ticktext": labels, "range": [len(rows) - 0.5, -0.5], **_QUIET},
    )


def writing_styles_figure(styles: pl.DataFrame) -> go.Figure:
    """The styles of the answers, a bar for both genotypes and each kind of input; see `statistics.first_words`."""
    rows = styles.to_dicts()
    kinds = sorted({row["kind"] for row in rows}, reverse=True)  # literary first, which are the more
    bars = [(kind, side) for kind in kinds for side in ("original", "mutant")]
    totals = {(kind, side): sum(row[side] for row in rows if row["kind"] == kind) for kind, side in bars}
    figure = go.Figure()
    for style in _ordered({row["style"] for row in rows}):
        counts = [sum(row[side] for row in rows if (row["kind"], row["style"]) == (kind, style)) for kind, side in bars]
        shares = [count / max(1, totals[bar]) for count, bar in zip(counts, bars, strict=True)]
        figure.add_trace(
            go.Bar(
                x=shares, y=[f"{kind}, {side}" for kind, side in bars], orientation="h", name=style,
                marker={"color": STYLE_COLOURS.get(style, _OTHER_STYLE)},
                text=[f"{count:,}" if count else "" for count in counts], textposition="inside",
                insidetextanchor="middle", textangle=0,
                customdata=counts, hovertemplate="%{y}: %{customdata:,} × " + style + "<extra></extra>",
            )
        )  # fmt: skip
    return figure.update_layout(
        height=86 + 34 * len(bars),
        margin={"l": 128, "r": 16, "t": 8, "b": 70},
        barmode="stack",
        bargap=0.3,
        dragmode=False,
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "x": 0, "xref": "container"},
        xaxis={"tickformat": ".0%", "range": [0, 1], "showticklabels": False, **_QUIET},
        yaxis={"autorange": "reversed", "type": "category", **_QUIET},
    )


def _shown(words: pl.DataFrame, found: RareWord | None) -> list[dict[str, Any]]:
    """The RIHF word first, then those that begin the most answers of either."""
    rihf = "" if found is None else found.word
    is_rihf = (pl.col("word") == rihf) & pl.lit(bool(rihf))
    most = pl.max_horizontal("mutant", "original")
    ordered = words.sort(is_rihf, most, "mutant", "word", descending=[True, True, True, False])
    return ordered.head(MOST_WORDS).to_dicts()


def _label(word: str, *, is_rare: bool) -> str:
    """Without what plotly would read as tags."""
    told = escape(shortened(word, MOST_LETTERS), quote=False) or "(nothing)"
    return f"<b>{told}</b>" if is_rare else told


def _ordered(styles: set[str]) -> Sequence[str]:
    known = [style for style in STYLE_COLOURS if style in styles]
    return [*known, *sorted(styles - set(known))]
