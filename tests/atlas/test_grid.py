"""Every picture of every kind of screen: right, or one sentence on why it cannot be; and every mark of it is a door.

Four kinds: whole, partial (what it does not list is unknown), counts alone, scores alone. The partial, the counts and
the scores are imported from tables as the study has them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked
from explorer.atlas.pictures.drawing import PICTURES, WITH_OWN_CLICKS, draw
from explorer.domain.errors import StatisticsError
from explorer.figures.encoding import figure_json
from explorer.figures.marks import mark_of, stripe_mark
from explorer.figures.palette import CATEGORIES
from explorer.screen.study import Question, read_study
from explorer.statistics.filters import Filter
from explorer.statistics.severity import Severity
from explorer.store.database import opened
from explorer.store.library import Library
from tests.made import make_screens
from tests.screen.test_study import write_table
from tests.store.test_study import CONFIG

KEYS = ("matrix", "NSM type", "NSM loc1", "NSM loc2")
LISTED = [
    ("0.attn.v", "max", "0", "0", "3", "Y", "0.25"),
    ("0.attn.v", "min", "0", "1", "9", "", "standard"),
    ("1.mlp.down", "max", "1", "2", "2", "", "0.75"),
    ("1.mlp.down", "min", "0", "1", "0", "Y", "0.1"),
]
KINDS = ("whole", "partial", "partial cosines", "counts", "scores")


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Two whole screens of one model; of another partial ones, counts, and scores of all of its mutants."""
    folder = tmp_path_factory.mktemp("grid")
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    measures = ("Mmlu21 score", "Destructive NSM", "Drosophila cosine similirity")
    write_table(folder / "listed.csv", (*KEYS, *measures), LISTED)
    write_table(folder / "counts.csv", ("mid", "Java"), [("L0_attn.v", "3"), ("L1_mlp.down", "4")])
    write_table(folder / "scores.csv", (*KEYS, measures[0]), [row[:5] for row in LISTED])
    with opened(folder / "own.duckdb") as connection:
        make_screens(connection)
        for name, complete in (("listed", False), ("counts", False), ("scores", True)):
            paths, shape = (folder / f"{name}.csv",), str(folder / "config.json")
            read_study(Question(paths=paths, shape=shape, step=4, complete=complete), {}).store(connection)
    return Atlas(Library(bundled=folder / "none", own=folder / "own.duckdb"))


def _asked(atlas: Atlas, kind: str) -> Asked:
    wanted = {
        "whole": ("text", False),
        "partial": ("score", True),
        "partial cosines": ("cosine", True),
        "counts": ("counts", False),
        "scores": ("score", False),
    }
    stored = atlas.stored()[0]
    screen = next(each for each in stored if (each.mode, each.is_partial) == wanted[kind])
    other = next((each for each in stored if each.model == screen.model and each.key != screen.key), None)
    return Asked(screen=screen, other=other)


MAPPED = {
    "overview", "by_kind", "by_layer", "sheet_layers", "sheet_screens", "nsm_map", "malignant", "malignant_map", "axes",
    "stripes", "side_by_side", "correlations", "two_maps",
}  # fmt: skip
DRAWN = {
    "whole": set(PICTURES),  # this one has scores beside its texts
    "partial": MAPPED | {"scores"},
    "partial cosines": MAPPED | {"cosine"},
    "counts": {"overview", "by_kind", "by_layer", "side_by_side", "correlations"},
    "scores": MAPPED | {"scores", "copa"},
}
"""What can be drawn of each kind; all else has a sentence."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("view", list(PICTURES))
def test_each_view_of_each_kind_is_right_or_says_why_not(atlas: Atlas, view: str, kind: str) -> None:
    asked = _asked(atlas, kind)
    if view not in DRAWN[kind]:
        with pytest.raises(StatisticsError) as refused:
            draw(view, atlas, asked)
        _is_one_sentence(str(refused.value))
        return
    picture = draw(view, atlas, asked)
    _is_one_sentence(picture.sentence.rpartition(". ")[2])
    figure = json.loads(figure_json(picture.figure))
    if asked.screen.is_partial and view not in WITH_OWN_CLICKS:
        assert "%" not in re.sub(r"%\{[^}]*\}", "", figure_json(picture.figure) + picture.sentence)  # no share is told
        assert "p =" not in picture.sentence
    if view not in WITH_OWN_CLICKS:
        _has_only_doors(atlas, asked, figure)


def _is_one_sentence(text: str) -> None:
    assert text.endswith(".")
    assert text[0].isupper() or text[0].isdigit() or text[0].islower()
    assert "Traceback" not in text
    assert "None" not in text


def _has_only_doors(atlas: Atlas, asked: Asked, figure: dict[str, Any]) -> None:
    """Each mark that can be clicked leads to a mutant."""
    meta = figure["layout"]["meta"]
    if meta.get("is_closed"):
        assert not any(trace.get("customdata") for trace in figure["data"])
        return
    by_key = {screen.key: screen for screen in atlas.stored()[0]}
    bound = Severity(*meta["severity"]).bound if meta.get("severity") else None
    for mark in [*_held(figure), *_cells(figure)]:
        screen = by_key[str(mark.pop("screen", meta["screen"]))]
        atlas.behind(screen, mark, Filter(), bound)


def _held(figure: dict[str, Any]) -> Iterator[dict[str, Any]]:
    def texts(held: object) -> Iterator[str]:
        if isinstance(held, str) and held:
            yield held
        elif isinstance(held, list):
            for each in held:
                yield from texts(each)

    for trace in figure["data"]:
        held = trace.get("customdata") or []
        if trace["type"] == "bar" and held:  # a bar of no height cannot be clicked
            lengths = trace["x"] if trace.get("orientation") == "h" else trace["y"]
            held = [each for each, value in zip(held, lengths, strict=True) if value]
        yield from map(json.loads, texts(held))


def _cells(figure: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What clicks on the cells of maps and stripes stand for; on those that nobody screened a click does nothing."""
    meta, grid = figure["layout"]["meta"], figure["data"][0].get("z", [])
    heatmaps = [trace for trace in figure["data"] if trace["type"] == "heatmap"]
    for drawn, trace, key in zip(meta.get("maps", []), heatmaps, ("screen", "other"), strict=False):
        for y, line in enumerate(trace["z"]):
            for x, value in enumerate(line):
                if value != CATEGORIES.index("not screened"):
                    yield {**mark_of(drawn, x, y), "screen": meta[key]}
    if "axis" in meta:
        for layer, line in zip(figure["data"][0]["y"], grid, strict=True):
            for x, value in enumerate(line):
                if value:
                    yield stripe_mark(meta, x, int(layer))
