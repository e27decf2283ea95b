"""Pictures of screens from small frames whose answers are worked out by hand."""

import json
from typing import Any

import polars as pl
import pytest

from explorer.figures.palette import CATEGORIES
from explorer.figures.screens import nsm_figure, shares_figure

MATRIX = {
    "name": "1.down", "layer": 1, "kind": "down", "rows": 10, "columns": 16, "unit_rows": 4, "unit_columns": 16,
    "mutants": 6, "share": 0.5,
}  # fmt: skip


def _mutant(down: int, operation: str, divergence: int | None, text: str | None = None) -> dict[str, Any]:
    return {
        "down": down, "across": 0, "operation": operation, "first_divergence": divergence,
        "mean_kl": None if divergence == 0 else 0.25, "added_nll": 0.1, "near_tie": False, "text": text,
        "style": None if text is None else "prose", "cosine": None, "perplexity": None,
    }  # fmt: skip


def _figure(rows: list[dict[str, Any]]) -> dict[str, Any]:
    schema = {"first_divergence": pl.UInt16, "mean_kl": pl.Float32, "text": pl.String, "style": pl.String}
    frame = pl.DataFrame(rows, schema_overrides=schema)
    figure: dict[str, Any] = json.loads(nsm_figure(MATRIX, frame, meta={"screen": "own:1"}).to_json())
    return figure


def test_a_map_tells_max_from_min_and_both_from_neither() -> None:
    figure = _figure(
        [
            _mutant(0, "max", 2, "<b>sea</b> " * 30),
            _mutant(0, "min", 0, ""),
            _mutant(1, "max", None),
            _mutant(1, "min", None),
            _mutant(2, "min", 5),
        ]
    )
    (map_,) = figure["data"]
    assert [CATEGORIES[line[0]] for line in map_["z"]] == ["max and min", "silent", "min"]
    assert map_["customdata"] == [["1.down[0:4,:]=max"], ["1.down[4:8,:]=max"], ["1.down[8:10,:]=min"]]
    first, second, third = (line[0] for line in map_["text"])
    assert "max: parts at token 2, KL 0.25, prose" in first
    assert "&lt;b&gt;sea" in first  # a model's text is no markup
    assert "…" in first
    assert "min: parts at token 0, overflow" in first
    assert "max: silent" in second
    assert third.endswith("min: parts at token 5, KL 0.25")
    assert figure["layout"]["meta"] == {"screen": "own:1"}


def test_what_was_not_screened_yet_is_empty_and_zero_has_a_colour_of_its_own() -> None:
    (map_,) = _figure([_mutant(1, "zero", 3), _mutant(1, "max", None)])["data"]
    assert map_["z"][0] == [None]
    assert CATEGORIES[map_["z"][1][0]] == "zero"
    assert map_["customdata"][1] == ["1.down[4:8,:]=0"]


def test_colours_rise_without_a_gap() -> None:
    scale = _figure([_mutant(1, "zero", 3)])["data"][0]["colorscale"]
    edges = [edge for edge, _ in scale]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (0, 1)
    assert len(scale) == 2 * len(CATEGORIES)


def test_shares_of_all_matrices() -> None:
    rows = [{**MATRIX}, {**MATRIX, "name": "0.q", "layer": 0, "kind": "q", "mutants": 0, "share": None}]
    figure = json.loads(shares_figure(pl.DataFrame(rows), "1.down", meta={}).to_json())
    assert figure["data"][0]["y"] == ["down", "q"]
    assert figure["data"][0]["z"] == [[None, pytest.approx(0.5)], [None, None]]
    assert figure["layout"]["shapes"][0]["x0"] == 0.5
