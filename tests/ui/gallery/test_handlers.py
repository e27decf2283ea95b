"""The Gallery tab's handlers, without a browser, on screens worked out by hand and with no model loaded."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
import pytest

from explorer.files.settings import Settings
from explorer.store.database import opened
from explorer.store.parquet import export_screens
from explorer.ui.doors import OPENED_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.gallery.form import NAMES, Controls
from explorer.ui.gallery.handlers import DRAWN_COUNT, GalleryHandlers
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.made import BASELINE, make_screens
from tests.ui.visit import ADA, event

DRAWN = ("shown", "of", "styles", "kinds", "experiments", "operations", "notice", "told", "grid", "address")


def _page(folder: Path, source: str = "/nowhere") -> GalleryHandlers:
    settings = Settings(screens_folder=folder / "bundled", database=folder / "own.duckdb")
    return GalleryHandlers(Handlers(Workspace(source=source, device="cpu", settings=settings), Runs()))


@pytest.fixture
def own(tmp_path: Path) -> GalleryHandlers:
    """The handlers of a page with both screens."""
    with opened(tmp_path / "own.duckdb") as connection:
        make_screens(connection)
    return _page(tmp_path)


def _asked(**changes: Any) -> list[Any]:
    controls = replace(Controls(), **changes)
    return [getattr(controls, name) for name in NAMES]


def _drawn(outputs: list[Any]) -> dict[str, Any]:
    assert len(outputs) == DRAWN_COUNT
    return dict(zip(DRAWN, outputs, strict=True))


def _cards(message: str) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = json.loads(message)["cards"]
    return cards


def test_the_first_page_and_what_can_be_chosen(own: GalleryHandlers) -> None:
    drawn = _drawn(own.draw(*_asked()))
    assert [key for _, key in drawn["of"]["choices"]] == ["own", "own:1", "own:2"]
    assert drawn["of"]["value"] == "own"
    assert dict(drawn["styles"]["choices"])["poem 2"] == "poem"
    assert drawn["kinds"]["choices"] == ["v", "gate"]
    assert drawn["experiments"]["choices"] == [("A", "a"), ("B", "b")]
    assert "<b>7 phenotypes</b>, most shared first" in drawn["told"]
    first = _cards(drawn["grid"])[0]
    assert (first["text"], first["genotype"], first["mutants"]) == ("The sea is red.", "1.v[0:4,4:8]=max", 3)
    assert (first["common"], first["rest"], first["standard"]) == ("The sea is", " red.", " blue.")
    assert dict(parse_qsl(drawn["address"].removeprefix("?"))) == {"gallery_of": "own"}


def test_filters_are_kept_in_the_link_and_come_back_from_it(own: GalleryHandlers) -> None:
    changes = {
        "of": "own:1", "sort": "cosine-rising", "words": "of", "styles": ["poem"], "grouped": True,
        "operations": ["max"], "kinds": ["v"], "layers": "0", "destroyed": "no", "most_cosine": "0.5",
        "least_mutants": "1",
    }  # fmt: skip
    drawn = _drawn(own.draw(*_asked(**changes)))
    assert [card["text"] for card in _cards(drawn["grid"])] == ["waves <b>of</b> verse"]
    assert "<b>1 group of nearly equal texts</b>" in drawn["told"]
    said = dict(parse_qsl(drawn["address"].removeprefix("?")))
    assert said["gallery_styles"] == "poem"
    outputs = own.read_link(said)
    restored = dict(zip(NAMES, outputs[1 : 1 + len(NAMES)], strict=True))
    assert restored == dict(zip(NAMES, _asked(**(changes | {"experiments": []})), strict=True))
    assert _drawn(outputs[1 + len(NAMES) :])["grid"] == drawn["grid"]
    assert own.open_tab(outputs[1 + len(NAMES)]) == outputs[1 + len(NAMES) :]


def test_a_link_of_other_tabs_or_with_nonsense_changes_nothing(own: GalleryHandlers) -> None:
    outputs = own.read_link({"stats_screen": "own:1", "genotype": "x"})
    assert outputs == [gr.skip()] * (1 + len(NAMES) + DRAWN_COUNT)
    odd = {"gallery_of": "own:1", "gallery_sort": "x", "gallery_destroyed": "?", "gallery_operations": "burn"}
    outputs = own.read_link(odd)
    assert outputs[1 + NAMES.index("sort")] == "mutants-falling"
    assert outputs[1 + NAMES.index("operations")] == []
    drawn = _drawn(outputs[1 + len(NAMES) :])
    assert json.loads(drawn["grid"])["total"] == 4
    for told in (
        "gallery_sort=x, which is none of",
        "gallery_destroyed=?",
        "gallery_operations=burn, which are not all",
    ):
        assert told in drawn["notice"]
    assert _drawn(own.open_tab(outputs[1 + len(NAMES)]))["notice"] == drawn["notice"]  # opening the tab draws it again


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"layers": "many"}, "names no layers"), ({"least_cosine": "much"}, "&#x27;much&#x27; is no number"),
     ({"most_perplexity": "-1"}, "is no number from 0")],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_nothing_is_lost(
    own: GalleryHandlers, changes: dict[str, str], sentence: str
) -> None:
    drawn = _drawn(own.draw(*_asked(**changes)))
    assert sentence in drawn["notice"]
    assert drawn["grid"] == gr.skip()
    assert sentence in own.surprise(*_asked(**changes))[0]
    assert sentence in own.more(event(start=24), *_asked(**changes))[0]


def test_nothing_left_and_nothing_stored_are_told(own: GalleryHandlers, tmp_path: Path) -> None:
    drawn = _drawn(own.draw(*_asked(words="<script>")))
    assert "No text is left by the filters (with “&lt;script&gt;”)" in drawn["told"]
    assert _cards(drawn["grid"]) == []
    assert "No text is left" in own.surprise(*_asked(of="own", words="nowhere"))[0]
    empty = _drawn(_page(tmp_path / "none").draw(*_asked()))
    assert "No screen has kept its texts yet" in empty["told"]
    gone = _drawn(own.draw(*_asked(of="own:9")))
    assert "There are no texts of own:9 here" in gone["notice"]
    assert json.loads(gone["grid"])["total"] == 7


def test_both_databases_can_be_chosen(own: GalleryHandlers, tmp_path: Path) -> None:
    with opened(tmp_path / "own.duckdb", read_only=True) as connection:
        export_screens(connection, [1], tmp_path / "bundled")
    drawn = _drawn(own.draw(*_asked(of="bundled:1")))
    assert [key for _, key in drawn["of"]["choices"]] == ["own", "own:1", "own:2", "bundled:1"]
    assert {card["screen"] for card in _cards(drawn["grid"])} == {"bundled:1"}


def test_a_screen_without_texts_is_not_offered(own: GalleryHandlers, tmp_path: Path) -> None:
    with opened(tmp_path / "own.duckdb") as connection:
        connection.execute("DELETE FROM phenotypes WHERE screen = 2")
        connection.execute("UPDATE screens SET mode = 'divergence' WHERE screen = 2")
    assert [key for _, key in _drawn(own.draw(*_asked()))["of"]["choices"]] == ["own:1"]


def test_more_alike_and_surprise(own: GalleryHandlers) -> None:
    notice, message = own.more(event(start=5), *_asked(of="own"))
    assert notice == ""
    assert (json.loads(message)["start"], len(_cards(message))) == (5, 2)
    notice, message = own.alike(event(screen="own:1", cluster=2), *_asked(of="own"))
    assert [card["text"] for card in _cards(message)] == ["The sea is red."]
    assert "There is no screen 9" in own.alike(event(screen="own:9", cluster=2), *_asked())[0]
    notice, message = own.surprise(*_asked(of="own:1", styles=["loop"]))
    assert [card["text"] for card in _cards(message)] == ["The the the"]


def test_clear_keeps_what_is_looked_through_and_its_order(own: GalleryHandlers) -> None:
    outputs = own.clear(*_asked(of="own:2", sort="length-rising", words="foam", styles=["poem"], least_cosine="0.2"))
    values = dict(zip(NAMES, outputs[: len(NAMES)], strict=True))
    assert (values["of"], values["sort"], values["words"], values["styles"], values["least_cosine"]) == (
        "own:2", "length-rising", "", [], ""
    )  # fmt: skip
    assert json.loads(_drawn(outputs[len(NAMES) :])["grid"])["total"] == 3


def test_a_card_is_told_where_its_mutant_cannot_be_run(own: GalleryHandlers) -> None:
    card = next(card for card in _cards(_drawn(own.draw(*_asked()))["grid"]) if "verse" in card["text"])
    clicked = event(meta={"screen": card["screen"]}, customdata=card["mark"])
    outputs = own.open(Exploration(source="/nowhere"), ADA, clicked)
    assert len(outputs) == OPENED_COUNT
    assert "<code>0.v[0:4,4:8]=max</code>" in outputs[0]
    assert "waves &lt;b&gt;of&lt;/b&gt; verse" in outputs[0]
    assert 'role="alert"' in outputs[0]
    assert outputs[1] == gr.skip()


def test_another_tab_takes_the_address_back(own: GalleryHandlers) -> None:
    assert own.leave(event(value="Explore")) == "?"
    assert own.leave(event(value="Gallery")) == gr.skip()


def test_the_standard_output_stands_beside_each_text(own: GalleryHandlers) -> None:
    for card in _cards(_drawn(own.draw(*_asked()))["grid"]):
        assert card["common"] + card["standard"] == BASELINE
        assert card["common"] + card["rest"] == card["text"]


def test_words_that_are_shown_already_are_not_searched_again(own: GalleryHandlers) -> None:
    """Their box says that it changed when it comes onto the page: the styles of a link may not be there by then."""
    shown = _drawn(own.draw(*_asked(of="own:1", words="of", styles=["poem"])))["shown"]
    assert own.search(shown, *_asked(of="own:1", words="of")) == [gr.skip()] * DRAWN_COUNT
    searched = _drawn(own.search(shown, *_asked(of="own:1", words="sea", styles=["poem"])))
    assert searched["shown"].words == "sea"
