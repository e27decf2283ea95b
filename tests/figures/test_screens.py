"""The strip of all matrices of a screen."""

import json

import polars as pl
import pytest

from explorer.figures.screens import shares_figure

MATRIX = {
    "name": "1.down", "layer": 1, "kind": "down", "rows": 10, "columns": 16, "unit_rows": 4, "unit_columns": 16,
    "mutants": 6, "nonsilent": 3, "share": 0.5,
}  # fmt: skip


def test_shares_of_all_matrices() -> None:
    rows = [{**MATRIX}, {**MATRIX, "name": "0.q", "layer": 0, "kind": "q", "mutants": 0, "share": None}]
    figure = json.loads(shares_figure(pl.DataFrame(rows), "1.down", meta={}).to_json())
    assert figure["data"][0]["y"] == ["down", "q"]
    assert figure["data"][0]["z"] == [[None, pytest.approx(0.5)], [None, None]]
    assert figure["layout"]["shapes"][0]["x0"] == 0.5
    unknown = [{**row, "share": None, "nonsilent": count} for row, count in zip(rows, (8, 2), strict=True)]
    counted = json.loads(shares_figure(pl.DataFrame(unknown), "1.down", meta={}).to_json())
    assert counted["data"][0]["z"] == [[None, 1.0], [0.25, None]]  # in shares of the most
