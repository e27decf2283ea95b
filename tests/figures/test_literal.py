"""Names in figures are shown as they stand: plotly would read them as markup."""

import json

import polars as pl

from explorer.figures.encoding import figure_json
from explorer.figures.experiments import correlation_figure, overlap_figure, scatter_figure
from explorer.figures.plain import literal
from explorer.statistics.experiments import Coefficient, Correlation, Overlap

NAME = "<b>bold</b> & <a href=x>link</a>"


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def test_names_are_literal() -> None:
    points = pl.DataFrame({"layer": [0, 1], "x": [0.1, 0.2], "y": [0.2, 0.3]})
    figures = [
        correlation_figure(
            [NAME, "b"], ["own:1", "own:2"], [[Coefficient(1.0, 12), Coefficient(0.5, 12)]] * 2, meta={}
        ),
        scatter_figure(Correlation(points=points, r=0.5), (NAME, "b"), meta={}),
        overlap_figure(Overlap(screened=9, only_first=1, shared=2, only_second=3, examples={}), (NAME, "b"), meta={}),
    ]
    for figure in figures:
        texts = _texts(json.loads(figure_json(figure)))
        assert any(literal(NAME) in text for text in texts)
        assert not any("<b>bold" in text or "<a " in text for text in texts)
