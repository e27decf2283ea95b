"""The Statistics tab's handlers, without a browser, on screens worked out by hand and with no model loaded."""

import base64
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import gradio as gr
import polars as pl
import pytest

from explorer.files.settings import Settings
from explorer.store.database import opened
from explorer.store.parquet import export_screens
from explorer.ui.doors import OPENED_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.runs import Runs
from explorer.ui.statistics.form import TABS, VIEWS, Controls
from explorer.ui.statistics.handlers import LINKED_COUNT, StatisticsHandlers
from explorer.workspace.workspace import Workspace
from tests.made import make_screens
from tests.ui.visit import ADA, event

NAMES = (
    "shown", "model", "screen", "kinds", "matrix", "axes", "other", "word", "operations", "notice", "totals", "address",
)  # fmt: skip


def _page(folder: Path, source: str = "/nowhere") -> StatisticsHandlers:
    settings = Settings(screens_folder=folder / "bundled", database=folder / "own.duckdb")
    return StatisticsHandlers(Handlers(Workspace(source=source, device="cpu", settings=settings), Runs()))


@pytest.fixture
def own(tmp_path: Path) -> StatisticsHandlers:
    """The handlers of a page with both screens."""
    with opened(tmp_path / "own.duckdb") as connection:
        make_screens(connection)
    return _page(tmp_path)


def _asked(**changes: Any) -> list[Any]:
    controls = replace(Controls(), **changes)
    return [getattr(controls, name) for name in Controls.__slots__ if name != "told"]


def _drawn(outputs: list[Any]) -> dict[str, Any]:
    drawn: dict[str, Any] = dict(zip(NAMES, outputs, strict=False))
    pictures = outputs[len(NAMES) :]
    assert len(pictures) == 2 * len(VIEWS)
    drawn["figures"] = dict(zip(VIEWS, pictures[::2], strict=True))
    drawn["sentences"] = dict(zip(VIEWS, pictures[1::2], strict=True))
    return drawn


def test_only_the_open_tab_is_drawn_and_all_of_it(own: StatisticsHandlers) -> None:
    for name, views in TABS.items():
        drawn = _drawn(own.draw(*_asked(view=name, matrix="0.v")))
        for view in VIEWS:
            if view in views:
                assert json.loads(drawn["figures"][view])["data"]
                assert 'class="caption"' in drawn["sentences"][view]
            else:
                assert drawn["figures"][view] == gr.skip()
    drawn = _drawn(own.draw(*_asked()))
    assert [key for _, key in drawn["screen"]["choices"]] == ["own:1", "own:2"]
    assert drawn["matrix"]["value"] in drawn["matrix"]["choices"]
    assert drawn["kinds"]["choices"] == ["v", "gate"]
    assert drawn["other"]["value"] == "own:2"
    assert "<td>30</td><td>3</td><td>3</td><td>–</td><td>4</td><td>0 of 4</td>" in drawn["totals"]


def test_a_filter_changes_the_figures_and_is_kept_in_the_link(own: StatisticsHandlers) -> None:
    before = _drawn(own.draw(*_asked()))["figures"]["by_kind"]
    changes = {"operations": ["min"], "layers": "1, 0", "kinds": ["v"], "screen": "own:1", "matrix": "1.v"}
    drawn = _drawn(own.draw(*_asked(**changes)))
    assert drawn["figures"]["by_kind"] != before
    assert "2 in all" in drawn["sentences"]["by_kind"]
    said = dict(parse_qsl(drawn["address"].removeprefix("?")))
    assert said == {
        "stats_screen": "own:1", "stats_view": "Overview", "stats_operations": "min", "stats_layers": "0-1",
        "stats_kinds": "v", "stats_matrix": "1.v", "stats_measure": "nonsilent",
    }  # fmt: skip
    restored = own.read_link(said)
    assert restored[2:LINKED_COUNT] == [
        "Overview", "0-1", "nonsilent", "operation", "cosine", 0, None, 0.5, 8,
    ]  # fmt: skip
    assert _drawn(restored[LINKED_COUNT:])["operations"]["value"] == ["min"]
    assert _drawn(restored[LINKED_COUNT:])["figures"]["by_kind"] == drawn["figures"]["by_kind"]
    assert own.read_link({"genotype": "1.v=0"}) == [gr.skip()] * len(restored)
    cleared = own.clear(*_asked(**changes))
    assert cleared[0] == ""
    assert "6 in all" in _drawn(cleared[1:])["sentences"]["by_kind"]


def test_what_an_address_names_and_is_not_there_is_told(own: StatisticsHandlers) -> None:
    said = {"screen": "own:9", "model": "nobody", "matrix": "9.z", "view": "Rows and columns", "axes": "z rows"}
    outputs = own.read_link({f"stats_{name}": value for name, value in said.items()})
    told = _drawn(outputs[LINKED_COUNT:])["notice"]
    for name in ("screen=own:9", "model=nobody", "matrix=9.z", "axes=z rows"):
        assert f"The address says stats_{name}, " in told
    shown = outputs[LINKED_COUNT]
    for again in (own.open_tab(shown), own.look(event(value="Overview"), shown)[1:]):  # opening the tab draws it again
        assert _drawn(again)["notice"] == told
    changed = _drawn(own.draw(*_asked(view="Overview")))
    assert (changed["notice"], _drawn(own.open_tab(changed["shown"]))["notice"]) == ("", "")


def test_looking_at_another_tab_and_leaving(own: StatisticsHandlers) -> None:
    drawn = _drawn(own.draw(*_asked(matrix="1.v")))
    view, *outputs = own.look(event(value="COPA"), drawn["shown"])
    assert view == "COPA"
    assert json.loads(_drawn(outputs)["figures"]["copa"])["layout"]["meta"]["maps"][0]["layer"] == 1
    assert own.leave(event(value="Explore")) == "?"
    assert own.leave(event(value="Statistics")) == gr.skip()
    again = own.open_tab(_drawn(outputs)["shown"])
    assert [outputs[NAMES.index("shown")], again] == [Controls(matrix="1.v", view="COPA"), outputs]


def test_mistakes_and_lacks_get_a_sentence(own: StatisticsHandlers, tmp_path: Path) -> None:
    drawn = _drawn(own.draw(*_asked(layers="first")))
    assert "names no layers" in drawn["notice"]
    assert "6 in all" in drawn["sentences"]["by_kind"]
    drawn = _drawn(own.draw(*_asked(layers="9")))
    assert "clear one of them" in drawn["sentences"]["overview"]
    empty = tmp_path / "empty"
    empty.mkdir()
    drawn = _drawn(_page(empty).draw(*_asked()))
    assert "run one in the tab Screen" in drawn["sentences"]["overview"]


def test_the_data_of_a_picture_is_taken_away(own: StatisticsHandlers) -> None:
    for form, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        meta = {"view": "nsm_map", "screen": "own:1"}
        file, notice = own.take(event(format=form, meta=meta), *_asked(matrix="0.v", operations=["max"]))
        held = json.loads(file)
        assert notice == ""
        table = read(BytesIO(base64.b64decode(held["content"])))
        assert held["name"] == f"nsm_map.{form}"
        assert table["nonsilent"].sum() == 2
        assert table.filter(pl.col("down") == 0, pl.col("across") == 1)["text"].to_list() == ["waves <b>of</b> verse"]


def test_a_zoom_asks_for_its_window_and_takes_its_data(own: StatisticsHandlers) -> None:
    drawn = {"layer": 0, "kind": "v", "cell": 2, "transposed": False}
    zoom = event(x=[0.6, 1.4], y=[-0.5, 1.5], meta={"maps": [drawn]})
    figure, _ = own.zoom(zoom, *_asked(view="NSM map", matrix="0.v"))
    meta = json.loads(figure)["layout"]["meta"]
    assert meta["window"] == [[0, 2], [1, 2]]
    file, _ = own.take(event(format="csv", meta=meta), *_asked(matrix="0.v"))
    table = pl.read_csv(BytesIO(base64.b64decode(json.loads(file)["content"])))
    assert set(table["across"]) == {1}
    figure, told = own.zoom(zoom, *_asked(view="NSM map", layers="first"))
    assert (figure, "names no layers" in told) == ("", True)


def test_a_damaged_database_is_told_and_the_bundled_screens_stay(own: StatisticsHandlers, tmp_path: Path) -> None:
    with opened(tmp_path / "own.duckdb", read_only=True) as connection:
        export_screens(connection, [1], tmp_path / "bundled")
    whole = (tmp_path / "own.duckdb").read_bytes()
    (tmp_path / "own.duckdb").write_bytes(whole[: len(whole) // 2])
    drawn = _drawn(_page(tmp_path).draw(*_asked()))
    assert "own.duckdb" in drawn["notice"]
    assert [key for _, key in drawn["screen"]["choices"]] == ["bundled:1"]
    assert (tmp_path / "own.duckdb").read_bytes() == whole[: len(whole) // 2]


def test_a_correlation_chooses_its_two_screens(own: StatisticsHandlers) -> None:
    drawn = _drawn(own.compare(event(customdata="own:2 own:1", meta={}), *_asked(view="Compare", matrix="0.v")))
    assert (drawn["screen"]["value"], drawn["other"]["value"]) == ("own:2", "own:1")
    assert drawn["model"]["value"] == "all models"
    assert "of 30 mutations" in drawn["sentences"]["overlap"].lower()


def test_without_the_model_the_text_comes_from_the_database(own: StatisticsHandlers) -> None:
    figure = json.loads(_drawn(own.draw(*_asked(view="NSM map", matrix="0.v")))["figures"]["nsm_map"])
    click = event(x=1, y=0, customdata=None, axes=["x", "y"], meta=figure["layout"]["meta"])
    outputs = own.open(click, ADA, Exploration(source="/nowhere"), *_asked(matrix="0.v"))
    assert len(outputs) == OPENED_COUNT
    assert "<code>0.v[0:4,4:8]=max</code>" in outputs[0]
    assert "waves &lt;b&gt;of&lt;/b&gt; verse" in outputs[0]
    assert outputs[1] == gr.skip()


def test_with_the_model_a_mark_opens_in_explore(tmp_path: Path, workspace: Workspace, start: Exploration) -> None:
    with opened(tmp_path / "own.duckdb") as connection:
        make_screens(connection)
        connection.execute("UPDATE models SET name = ?", [workspace.models.get().name])
        connection.execute("UPDATE matrices SET kind = 'v', name = replace(name, 'gate', 'o') WHERE kind = 'gate'")
    page = _page(tmp_path, workspace.source)
    page._handlers.workspace.models.get()
    click = event(customdata='{"layer": 1, "top": 0, "bottom": 1}', meta={"screen": "own:1", "view": "overview"})
    behind, tabs, exploration, *rest = page.open(click, ADA, start, *_asked(operations=["min"]))
    assert tabs.selected == "explore"
    assert exploration.genotype(workspace.models.get().anatomy) == workspace.models.get().anatomy.read(
        "1.v[0:4,4:8]=min"
    )
    assert "The the the" in behind
    assert rest[-ASKED_COUNT:][:2] == ["Sea?", "Raw text"]


def test_a_mark_without_a_mutant_is_told(own: StatisticsHandlers) -> None:
    click = event(x=0, y=0, customdata=None, axes=["x", "y"], meta={"screen": "own:1", "view": "overlap"})
    outputs = own.open(click, ADA, Exploration(source="/nowhere"), *_asked())
    assert "No mutant is behind that mark" in outputs[0]
    gone = event(customdata="{}", meta={"screen": "own:9", "view": "overview"})
    assert "no screen own:9 any more" in own.open(gone, ADA, Exploration(source="/nowhere"), *_asked())[0]
