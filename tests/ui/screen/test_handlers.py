"""The Screen tab's handlers, without a browser, on a tiny model and a database of its own."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from explorer.files.settings import Settings
from explorer.store import maps
from explorer.store.database import opened
from explorer.store.parquet import export_screens
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.runs import Runs
from explorer.ui.screen.handlers import ScreenHandlers
from explorer.ui.screen.layout import NOTHING
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, event

ASKED = ("words", "1.down", "block", 8, ["max", "min"], "text", 1.0, 0, "")
TOML = 'prompt = "w5 w6 w7"\nchat = false\n[decoding]\nmax_new_tokens = 12\n'


@pytest.fixture
def own(workspace: Workspace, tmp_path: Path) -> ScreenHandlers:
    """The handlers of a page with one experiment, no bundled screen and a new database."""
    experiments = tmp_path / "experiments"
    experiments.mkdir()
    (experiments / "words.toml").write_text(TOML, encoding="utf-8")
    settings = Settings(
        experiments_folder=experiments,
        screens_folder=tmp_path / "bundled",
        database=tmp_path / "new" / "own.duckdb",
        keeps_record=False,  # the tests open the file beside the page
    )
    page = Workspace(source=workspace.source, device="cpu", settings=settings)
    return ScreenHandlers(Handlers(page, Runs()))


def _row(own: ScreenHandlers) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(own._queue())[0]
    return row


def _run(own: ScreenHandlers, start: Exploration, *asked: Any) -> dict[str, Any]:
    notice, _ = own.start(start, *(asked or ASKED))
    assert notice == ""
    for _ in range(9000):
        if (row := _row(own))["state"] not in ("waiting", "starting", "running"):
            return row
        time.sleep(0.01)
    raise AssertionError("the screen never ended")


def _drawn(outputs: list[Any]) -> dict[str, Any]:
    shown, summary, strip, matrix, caption, nsm = outputs[-6:]
    return {
        "choices": shown["choices"], "value": shown["value"], "summary": summary, "matrix": matrix,
        "caption": caption, "strip": json.loads(strip) if strip else None, "map": json.loads(nsm) if nsm else None,
    }  # fmt: skip


def test_without_any_screen_the_page_says_what_to_do(own: ScreenHandlers) -> None:
    drawn = _drawn(own.open(NOTHING, None, ""))
    assert (drawn["choices"], drawn["map"]) == ([], None)
    assert "start one" in drawn["summary"]
    assert own.tick(NOTHING, None, "") == [gr.skip()] * 8


def test_a_screen_runs_behind_and_its_map_fills_in(own: ScreenHandlers, start: Exploration) -> None:
    row = _run(own, start)
    assert (row["state"], row["done"], row["total"]) == ("done", 49, 49)
    assert "of 49 mutants" in row["told"]
    queue, seen, *outputs = own.tick(NOTHING, None, "")
    assert json.loads(queue)[0]["what"] == "1.down · step 8 · max, min"
    drawn = _drawn(outputs)
    assert drawn["value"] == "own:1"
    assert drawn["matrix"] == "1.down"
    assert "48 mutants" in drawn["summary"]
    assert len(drawn["map"]["data"][0]["z"]) == 4
    assert None not in [cell for line in drawn["map"]["data"][0]["z"] for cell in line]
    assert own.tick(seen, "own:1", "1.down") == [gr.skip()] * 8  # nothing new


def test_a_screen_that_begins_and_ends_between_two_looks_is_shown(own: ScreenHandlers, start: Exploration) -> None:
    _run(own, start)
    _, seen, *_ = own.open(NOTHING, "own:1", "")
    _run(own, start, "words", "0.q", *ASKED[2:])
    for looks in (own.tick, own.open):  # the tab was in sight, or another was
        drawn = _drawn(looks(seen, "own:1", "1.down"))
        assert (drawn["value"], drawn["matrix"]) == ("own:2", "0.q")
    _, seen, *_ = own.open(seen, "own:1", "1.down")
    assert _drawn(own.open(seen, "own:1", "1.down"))["value"] == "own:1"  # it has been shown: the choice stands


def test_a_click_opens_the_mutation_in_explore(own: ScreenHandlers, start: Exploration) -> None:
    _run(own, start, *ASKED[:-1], "0.o*0.5")
    drawn = _drawn(own.open(NOTHING, None, ""))
    click = event(x=1, y=0, axes=["x", "y"], meta=drawn["map"]["layout"]["meta"], customdata=None)
    behind, tabs, exploration, *rest = own.choose(start, ADA, click)
    assert tabs.selected == "explore"
    anatomy = own._handlers.model(start).anatomy
    genotypes = [anatomy.read(f"0.o*0.5; 1.down[0:8,8:16]={operation}") for operation in ("max", "min")]
    assert exploration.genotype(anatomy) in genotypes  # the stronger of them
    assert "1.down[0:8,8:16]" in behind
    assert rest[-ASKED_COUNT:][:2] == ["w5 w6 w7", "Raw text"]


def test_a_large_map_is_drawn_again_on_zoom(
    own: ScreenHandlers, start: Exploration, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(own, start)
    monkeypatch.setattr(maps, "MOST_CELLS", 6)
    meta = _drawn(own.open(NOTHING, None, ""))["map"]["layout"]["meta"]
    assert (meta["matrix"], meta["maps"][0]["cell"]) == ("1.down", 2)
    figure = json.loads(own.zoom("own:1", event(x=[-0.5, 1.5], y=[0.5, 2.5], meta=meta)))
    assert figure["layout"]["meta"]["window"] == [[1, 3], [0, 2]]
    assert figure["layout"]["meta"]["maps"][0]["cell"] == 1
    assert own.zoom("own:7", event(x=None, y=None, meta=meta)) == gr.skip()


def test_a_click_on_a_screen_of_another_model_is_refused(own: ScreenHandlers, start: Exploration) -> None:
    _run(own, start)
    with opened(own._screening.library.paths["own"]) as connection:
        connection.execute("UPDATE models SET name = 'other'")
    drawn = _drawn(own.open(NOTHING, None, ""))
    click = event(x=1, y=0, axes=["x", "y"], meta=drawn["map"]["layout"]["meta"], customdata=None)
    outputs = own.choose(start, ADA, click)
    assert "This screen is of other: load that model" in outputs[0]
    assert outputs[1] == gr.skip()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({1: "9.q"}, "names no matrix"),
        ({1: ""}, "is no pattern"),
        ({3: None}, "1 or more, not 0"),
        ({4: []}, "name operations, such as max"),
        ({8: "1.down[3"}, "^"),
    ],
)
def test_a_mistake_gets_a_sentence_and_starts_nothing(
    own: ScreenHandlers, start: Exploration, change: dict[int, Any], words: str
) -> None:
    asked = [change.get(place, value) for place, value in enumerate(ASKED)]
    notice, queue = own.start(start, *asked)
    assert words in notice
    assert json.loads(queue) == []
    (only,) = own.estimate(start, *asked)
    assert words in only


def test_an_estimate_is_measured(own: ScreenHandlers, start: Exploration) -> None:
    busy, told = own.estimate(start, *ASKED)
    assert "Measuring" in busy
    assert "<b>49 mutants</b> of 1 matrix" in told


def test_the_queue_is_steered(own: ScreenHandlers, start: Exploration) -> None:
    own.start(start, *ASKED)
    own.act(event(number=1, action="stop"))
    for _ in range(1000):
        if _row(own)["state"] in ("stopped", "done"):
            break
        time.sleep(0.01)
    again = _run(own, start)  # goes on where it was
    assert again["state"] == "done"
    with opened(own._screening.library.paths["own"], read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM screens").fetchall() == [(1,)]
        assert connection.execute("SELECT count(*) FROM mutants").fetchall() == [(49,)]


def test_the_bundled_screens_are_shown_and_a_broken_database_is_told(own: ScreenHandlers, start: Exploration) -> None:
    _run(own, start)
    paths = own._screening.library.paths
    with opened(paths["own"], read_only=True) as connection:
        export_screens(connection, (), paths["bundled"])
    drawn = _drawn(own.open(NOTHING, "bundled:1", ""))
    assert [value for _, value in drawn["choices"]] == ["own:1", "bundled:1"]
    assert drawn["value"] == "bundled:1"
    paths["own"].write_bytes(b"broken" * 100)
    drawn = _drawn(own.open(NOTHING, None, ""))
    assert "was left as it is" in drawn["summary"]
    assert [value for _, value in drawn["choices"]] == ["bundled:1"]
    failed = _run_failing(own, start)
    assert "was left as it is" in failed


def _run_failing(own: ScreenHandlers, start: Exploration) -> str:
    row = _run(own, replace(start), *ASKED)
    assert row["state"] == "failed"
    return str(row["fault"])


def test_another_matrix_of_the_screen(own: ScreenHandlers, start: Exploration) -> None:
    _run(own, start, "words", "*.q, 1.v", *ASKED[2:])
    drawn = _drawn(own.open_matrix("own:1", event(x=1, y="v")))
    assert drawn["matrix"] == "1.v"
    assert drawn["strip"]["data"][0]["y"] == ["q", "v"]
    assert _drawn(own.show("own:1", "nonsense"))["matrix"] in ("0.q", "1.q", "1.v")
