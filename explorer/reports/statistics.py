"""Statistics as a report: for JSON, and as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from explorer.atlas.pictures.asked import Picture
from explorer.domain.screens import StoredScreen

MOST_ROWS = 40

View = Literal[
    "overview", "map", "copa", "axes", "correlation", "kinds", "layers", "stripes", "scatter", "overlap",
    "cosine", "divergence", "scores", "styles", "distinct", "estimates", "malignant", "malignant_map",
    "sheet_layers", "sheet_screens", "side_by_side", "site_correlations", "distinct_by_layer", "first_words",
    "word_matrices", "word_map", "cosine_by_first_word",
]  # fmt: skip
"""What can be asked outside the page."""

_PICTURES: dict[View, str] = {
    "map": "nsm_map",
    "correlation": "correlations",
    "kinds": "by_kind",
    "layers": "by_layer",
    "styles": "styles_by_kind",
    "estimates": "agreement",
}
"""The names of their pictures, where these have others."""


def picture_of(view: View) -> str:
    """The name of its picture in `atlas.pictures.drawing.PICTURES`."""
    return _PICTURES.get(view, view)


def statistics_report(screen: StoredScreen, picture: Picture) -> dict[str, Any]:
    """The numbers of a picture of a screen."""
    return {
        "screen": screen.screen,
        "experiment": screen.experiment,
        "model": screen.model,
        "sentence": picture.sentence,
        "numbers": picture.numbers,
        "row_count": len(picture.data),
        "rows": picture.data.to_dicts(),
    }


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
