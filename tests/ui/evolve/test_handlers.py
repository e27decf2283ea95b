"""The Evolve tab's handlers, without a browser, on a tiny model and a database of its own."""

import base64
import io
import json
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import polars as pl
import pytest

from explorer.domain.decoding import Decoding
from explorer.domain.evolution import Evolution, EvolutionOrder, read_target
from explorer.domain.record import Wanted
from explorer.files.settings import Settings
from explorer.ui.evolve.handlers import ASKED as ASKED_CONTROLS
from explorer.ui.evolve.handlers import DRAWN, EvolveHandlers
from explorer.ui.evolve.layout import Seen, build
from explorer.ui.evolve.words import CHAT, RAW
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, event

PROMPTS = "\n".join(f"w{place} w5" for place in range(6))
BEGUN = Evolution(
    title="Tiny", targets=tuple(map(read_target, ("likely:w7", "says:w3", "mutations"))),
    prompts=tuple(PROMPTS.splitlines()), decoding=Decoding(max_new_tokens=6),
)  # fmt: skip
ASKED = (
    BEGUN, ["likely:w7", "says:w3", "mutations"], PROMPTS, RAW, 0, "*.*", ["block", "row", "weight"],
    "max, min, zero, *2", 8, 3, "", 24, 8, 6, 0,
)  # fmt: skip


@pytest.fixture
def own(workspace: Workspace, tmp_path: Path) -> EvolveHandlers:
    """The handlers of a page with a new database and no bundled screen."""
    settings = Settings(screens_folder=tmp_path / "bundled", database=tmp_path / "own.duckdb")
    return EvolveHandlers(Handlers(Workspace(source=workspace.source, device="cpu", settings=settings), Runs()))


def run(own: EvolveHandlers, start: Exploration, *asked: Any) -> None:
    """To its end."""
    notice, queue = own.start(start, *asked)
    assert notice == ""
    assert json.loads(queue)[0]["title"] == asked[0].title
    for _ in range(9000):
        (entry, *_rest) = own._queue.entries(EvolutionOrder)
        if entry.state not in ("waiting", "starting", "running"):
            assert entry.state == "done", entry.fault
            return
        time.sleep(0.01)
    raise AssertionError("it never ended")


def test_an_evolution_is_started_watched_opened_and_taken_away(own: EvolveHandlers, start: Exploration) -> None:
    before = own.open(Seen(), None)
    assert "Nothing has been evolved yet" in before[3]
    run(own, start, *ASKED)
    queue, seen, *drawn = own.tick(Seen(), None)
    assert "48 genotypes" in json.loads(queue)[0]["told"]
    assert own.tick(seen, None) == [gr.skip()] * (2 + DRAWN)
    chosen, summary, front, title, family, parquet = drawn
    assert chosen["choices"] == [("1 · Tiny · tiny", 1)]
    assert chosen["value"] == 1
    assert parquet["visible"]
    for words in ("held out", "best by chance", "24 genotypes were tried, and 24 by chance", "On what was held out"):
        assert words in summary
    assert "family" in title
    marks = [trace for trace in json.loads(front)["data"] if trace["mode"] != "lines"]
    assert sum(len(trace["x"]) for trace in marks[:2]) >= 12  # those that stayed in the race
    assert json.loads(family)["data"][1]["customdata"]
    genotype = marks[-1]["customdata"][0]
    notice, tabs, exploration, *_ = own.choose(start, 1, ADA, event(customdata=genotype, meta={"evolution": 1}))
    assert (notice, tabs.selected) == ("", "explore")
    anatomy = own._handlers.model(start).anatomy
    assert exploration.genotype(anatomy) == anatomy.read(genotype)
    saved, told = own.take(1)
    assert told == ""
    held = json.loads(saved)
    assert held["name"] == "evolution-1.zip"
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(held["content"]))) as archive:
        names = archive.namelist()
        rows = pl.read_parquet(io.BytesIO(archive.read("genotypes.parquet")))
    assert names == ["evolutions.parquet", "genotypes.parquet", "measurements.parquet"]
    assert rows.height == 48


def test_the_best_is_told_while_it_runs(own: EvolveHandlers, start: Exploration) -> None:
    order = own.order(start, *ASKED)
    with own._evolutions.running(order) as running:
        steps = running.progress
        progress = [next(steps) for _ in range(3)][-1]
    assert progress.text
    assert progress.prompt in PROMPTS
    assert progress.genotype
    assert own.draw(None)[1].startswith('<p class="caption">')


def test_a_preset_fills_in_every_control(own: EvolveHandlers) -> None:
    for preset in own._evolutions.presets():
        told, cards, *asked = own.choose_preset(event(name=preset.name))
        assert told == ""
        assert len(asked) == ASKED_CONTROLS
        assert json.loads(cards)["targets"] == [target.name for target in preset.evolution.targets]
        order = own.order(Exploration(source="demo"), *asked)
        assert order.evolution == preset.evolution
        assert asked[3] == (CHAT if preset.evolution.chat else RAW)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (1, [], "Name a target"),
        (1, ["style:sonnet"], "There is no style"),
        (1, ["says:"], "needs a word"),
        (2, "w5", "Half of the prompts"),
        (5, "down", "no pattern"),
        (5, "99.down", "names no matrix"),
        (6, [], "a unit and an operation"),
        (7, "maxx", "is no operation"),
        (10, "1.dwon=0", "A layer has no part"),
        (11, None, "not possible"),
        (13, None, "new tokens"),
    ],
)
def test_a_mistake_gets_a_sentence_and_queues_nothing(
    own: EvolveHandlers, start: Exploration, place: int, value: Any, words: str
) -> None:
    asked = [*ASKED[:place], value, *ASKED[place + 1 :]]
    notice, queue = own.start(start, *asked)
    assert words in notice
    assert json.loads(queue) == []


def test_the_same_is_not_queued_twice(own: EvolveHandlers, start: Exploration) -> None:
    own.start(start, *ASKED)
    notice, _ = own.start(start, *ASKED)
    assert "in the queue already" in notice
    own.act(event(action="stop", number=1))
    run(own, start, *ASKED)


def test_what_is_gone_or_of_another_model_is_told(own: EvolveHandlers, start: Exploration) -> None:
    assert "no longer there" in own.choose(start, 7, ADA, event(customdata="", meta={}))[0]
    assert "There is no" in own.take(7)[1]


@pytest.mark.parametrize("text", ["targets = [1]", "nonsense", None])
def test_a_file_that_cannot_be_read_is_told_in_the_page(workspace: Workspace, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    page = Workspace(source=workspace.source, device="cpu", settings=Settings(evolve_folder=tmp_path))
    with gr.Blocks():
        tab = build(page)
    assert ("mine.toml" in str(tab.told.value)) == (text is not None)
    assert tab.begun.value.title == "Your own"


def own_preset(workspace: Workspace, folder: Path, text: str) -> EvolveHandlers:
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    settings = Settings(evolve_folder=folder, database=folder / "own.duckdb", screens_folder=folder / "bundled")
    return EvolveHandlers(Handlers(Workspace(source=workspace.source, device="cpu", settings=settings), Runs()))


MINE = """
title = "Mine"
targets = ["likely:w7"]
prompts = ["w5 w6", "w7\\nw8", "w9", "w10"]
units = ["kvhead", "block"]
operations = ["zero"]
evaluations = 8
population = 4
[decoding]
max_new_tokens = 5
temperature = 0.7
top_k = 3
seed = 9
"""


def test_the_page_asks_what_the_file_says_and_tells_what_was_changed(workspace: Workspace, tmp_path: Path) -> None:
    own = own_preset(workspace, tmp_path, MINE)
    (preset,) = own._evolutions.presets()
    _, _, *asked = own.choose_preset(event(name="mine"))
    assert own.order(Exploration(source="demo"), *asked).evolution == preset.evolution
    changed = own.order(Exploration(source="demo"), asked[0], ["says:w3", "damage"], *asked[2:]).evolution
    assert (changed.title, changed.decoding) == ("says:w3, damage", preset.evolution.decoding)


def test_a_preset_that_is_gone_or_broken_by_now_is_told(workspace: Workspace, tmp_path: Path) -> None:
    own = own_preset(workspace, tmp_path, MINE)
    assert "there no more" in own.choose_preset(event(name="other"))[0]
    (tmp_path / "mine.toml").write_text("seed = 'x'", encoding="utf-8")
    told, *rest = own.choose_preset(event(name="mine"))
    assert "mine.toml, line 1" in told
    assert rest == [gr.skip()] * (1 + ASKED_CONTROLS)


def test_raw_text_is_told_where_the_model_takes_no_chats(
    workspace: Workspace, start: Exploration, tmp_path: Path
) -> None:
    own = own_preset(workspace, tmp_path, MINE)
    _, _, *asked = own.choose_preset(event(name="mine"))
    assert asked[3] == CHAT
    run(own, start, *asked)
    own._handlers.workspace.record.settle()
    (entry,) = own._handlers.workspace.record.page(Wanted(kinds=("evolution",))).entries
    kept = entry.run
    assert kept.prompt is not None
    assert not kept.prompt.chat
    _, _, exploration, *drawn = own.choose(start, 1, ADA, event(customdata="1.down=0", meta={}))
    assert exploration.genotype(own._handlers.model(start).anatomy)
    assert RAW in drawn


def test_the_evolution_that_was_chosen_stays(own: EvolveHandlers, start: Exploration) -> None:
    run(own, start, *ASKED)
    _, seen, *drawn = own.tick(Seen(), None)
    run(own, start, replace(BEGUN, seed=1), *ASKED[1:-1], 1)
    _, seen, *drawn = own.tick(seen, drawn[0]["value"])
    assert drawn[0]["value"] == 2  # that has begun since
    _, seen, *drawn = own.open(seen, 1)
    assert drawn[0]["value"] == 1


def test_a_database_that_is_a_folder_of_screens_has_no_evolutions(workspace: Workspace, tmp_path: Path) -> None:
    settings = Settings(database=tmp_path)
    page = Workspace(source=workspace.source, device="cpu", settings=settings)
    assert page.evolutions.stored() == []
