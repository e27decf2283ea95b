"""What the console shows in HTML: examples, the tables of a database, an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from explorer.store.console import Answer

EXAMPLES = [
    (
        "How many mutants of each operation change the text",
        "SELECT operation, count(*) AS mutants, count(first_divergence) AS nonsilent\n"
        "FROM mutants GROUP BY ALL ORDER BY ALL",
    ),
    (
        "The layers that matter most",
        "SELECT x.layer, avg((m.first_divergence IS NOT NULL)::INT) AS share_nonsilent\n"
        "FROM mutants m JOIN matrices x USING (screen, matrix)\nGROUP BY ALL ORDER BY x.layer",
    ),
    (
        "What kinds of text there are",
        "SELECT style, count(*) AS texts, sum(mutants) AS mutants\n"
        "FROM phenotypes WHERE style IS NOT NULL GROUP BY ALL ORDER BY texts DESC",
    ),
    (
        "The texts that the most mutants share",
        "SELECT mutants, style, cosine, text FROM phenotypes\nWHERE text <> '' ORDER BY mutants DESC LIMIT 20",
    ),
    (
        "The screens",
        "SELECT s.screen, e.title, s.mode, s.mutants FROM screens s JOIN experiments e USING (experiment)\n"
        "ORDER BY s.screen",
    ),
]
"""Title and query."""
MOST_SHOWN = 200
"""Rows of the table; a file has them all."""
_MOST_LETTERS = 300


def schema_html(tables: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The tables, each with its columns, folded up."""
    told = "".join(
        f"<details><summary><code>{escape(name)}</code></summary><ul>"
        + "".join(f"<li><code>{escape(column)}</code> <small>{escape(kind)}</small></li>" for column, kind in columns)
        + "</ul></details>"
        for name, columns in tables.items()
    )
    return f"<h3>Its tables</h3>{told}"


def told_html(answer: Answer, seconds: float) -> str:
    """How much there is of an answer."""
    count = len(answer.rows)
    rows = f"{count:,} row{'' if count == 1 else 's'}"
    cut = f": the first {rows} of more; a LIMIT or a GROUP BY asks for less" if answer.is_cut else f" of {rows}"
    shown = f"; {MOST_SHOWN} are shown, the files have all" if count > MOST_SHOWN else ""
    return f'<p class="caption">An answer{cut}, in {seconds:.2f} s{shown}.</p>'


def table_html(answer: Answer) -> str:
    """The first rows."""
    head = "".join(f"<th>{escape(name)}</th>" for name in answer.columns)
    rows = "".join(
        "<tr>" + "".join(f'<td dir="auto">{escape(_told(value))}</td>' for value in row) + "</tr>"
        for row in answer.rows[:MOST_SHOWN]
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="mutant-frame" tabindex="0">{table}</div>'


def _told(value: object) -> str:
    if value is None:
        return "–"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]} …"
