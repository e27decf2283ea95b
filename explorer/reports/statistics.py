"""Statistics as lines of text."""

from collections.abc import Iterator
from typing import Any

MOST_ROWS = 40


def statistics_lines(report: dict[str, Any]) -> Iterator[str]:
    """The sentence and a table of the first rows."""
    yield f"{report['experiment']} on {report['model']}, screen {report['screen']}"
    yield report["sentence"]
    rows = report["rows"]
    if not rows:
        return
    yield "\t".join(rows[0])
    for row in rows[:MOST_ROWS]:
        yield "\t".join(_cell(value) for value in row.values())
    if len(rows) > MOST_ROWS:
        yield f"… and {len(rows) - MOST_ROWS:,} rows more; --json prints all."


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
