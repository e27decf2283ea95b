"""`stats` as a user types it, of the bundled screens."""

import json
from typing import Any

from tests.commands.typed import typed


def _told(*arguments: str) -> dict[str, Any]:
    code, out, err = typed("stats", *arguments, "--json")
    assert (code, err) == (0, "")
    report: dict[str, Any] = json.loads(out)
    return report


def test_a_map_from_a_threshold_on() -> None:
    every, own, mildest = (
        _told("map", "--matrix", "11.down", *more)["sentence"]
        for more in ((), ("--severity", "mean_kl", "--threshold", "2"), ("--severity", "mean_kl"))
    )
    assert len({every, own, mildest}) == 3
    assert "KL ≥ 2" in own.replace("mean ", "")
    assert "0.01" in mildest


def test_what_a_cell_of_the_overview_tells() -> None:
    shares, phenotypes = (
        _told("overview", "--measure", measure)["sentence"] for measure in ("nonsilent", "phenotypes")
    )
    assert shares != phenotypes


def test_the_word_of_the_word_map() -> None:
    usual = _told("word_map")
    assert _told("word_map", "--word", "A")["sentence"] != usual["sentence"]


def test_limits_and_measures_that_there_are_not() -> None:
    code, _, err = typed("stats", "malignant", "--cosine", "2")
    assert (code, "less than or equal to 1" in err) == (2, True)
    code, _, err = typed("stats", "map", "--severity", "beauty")
    assert (code, "'beauty' is not one" in err) == (2, True)
