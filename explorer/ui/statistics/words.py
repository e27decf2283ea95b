"""The table of all screens, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from explorer.domain.screened import USUAL, ordered, told
from explorer.domain.screens import StoredScreen, unit_told, what_told
from explorer.ui.words import sentence_html


def totals_html(rows: Sequence[tuple[StoredScreen, Mapping[str, Any]]]) -> str:
    """All screens in a table, in the study's terms."""
    operations = ordered({*USUAL, *(name for _, totals in rows for name in totals["by_operation"])})
    names = ("Experiment", "Model", "Mutants", *map(told, operations), "Distinct", "Controls not silent")
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(_row(screen, totals, operations) for screen, totals in rows)
    caption = "Non-silent mutants of every screen by operation; – where none was screened, or it is not known."
    return (
        f'<div class="totals"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{sentence_html(caption)}"
    )


def _row(screen: StoredScreen, totals: Mapping[str, Any], operations: Sequence[str]) -> str:
    background = f" on {screen.background}" if screen.background else ""
    by_operation = (totals["by_operation"].get(name) for name in operations)
    numbers = [totals["mutants"], *by_operation, totals["phenotypes"]]
    controls = "–" if not totals["controls"] else f"{totals['failed_controls']:,} of {totals['controls']:,}"
    cells = "".join(f"<td>{'–' if number is None else f'{number:,}'}</td>" for number in numbers)
    what = ", ".join(filter(None, [what_told(screen), unit_told(screen.plan)]))
    name = f"{escape(screen.title + background)} <small>{escape(what)}</small>"
    return f"<tr><td>{name}</td><td>{escape(screen.model)}</td>{cells}<td>{controls}</td></tr>"
