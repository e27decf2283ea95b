"""The table of all screens, as HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from explorer.domain.screens import StoredScreen, unit_told, what_told
from explorer.ui.words import sentence_html


def totals_html(rows: Sequence[tuple[StoredScreen, Mapping[str, Any]]]) -> str:
    """All screens in a table, in the study's terms."""
    names = ("Experiment", "Model", "Mutants", "max", "min", "zero", "Distinct", "Controls not silent")
    head = "".join(f"<th>{name}</th>" for name in names)
    body = "".join(_row(screen, told) for screen, told in rows)
    caption = "Non-silent mutants of every screen by operation; – where none was screened, or it is not known."
    return (
        f'<div class="totals"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"{sentence_html(caption)}"
    )


def _row(screen: StoredScreen, told: Mapping[str, Any]) -> str:
    background = f" on {screen.background}" if screen.background else ""
    numbers = [told[name] for name in ("mutants", "max", "min", "zero", "phenotypes")]
    controls = "–" if not told["controls"] else f"{told['failed_controls']:,} of {told['controls']:,}"
    cells = "".join(f"<td>{'–' if number is None else f'{number:,}'}</td>" for number in numbers)
    what = ", ".join(filter(None, [what_told(screen), unit_told(screen.plan)]))
    name = f"{escape(screen.title + background)} <small>{escape(what)}</small>"
    return f"<tr><td>{name}</td><td>{escape(screen.model)}</td>{cells}<td>{controls}</td></tr>"
