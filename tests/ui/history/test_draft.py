"""The programme that is put together in History, without a browser."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.programme import Look, Programme, Step
from explorer.domain.record import Run
from explorer.files.programmes import read_programme
from explorer.files.settings import Settings
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import DRAFTED, Handlers
from explorer.ui.history.draft.handlers import MOST_STEPS, DraftHandlers
from explorer.ui.runs import Runs
from explorer.ui.stage.handlers import StageHandlers
from explorer.workspace.workspace import Workspace
from tests.tiny import saved_model
from tests.ui.visit import ADA, event, genotype_of

ASKED: dict[str, Any] = {"prompt": Prompt(text="w5 w6", chat=False), "decoding": Decoding(max_new_tokens=6)}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A tiny model, with a record of two runs and one that cannot be a step."""
    saved_model(tmp_path / "tiny")
    settings = Settings(
        database=tmp_path / "own.duckdb", programme=tmp_path / "talks" / "mine.toml", cache_folder=tmp_path / "cache",
        screens_folder=tmp_path / "none",
    )  # fmt: skip
    workspace = Workspace(source=str(tmp_path / "tiny"), device="cpu", settings=settings)
    for genotype in ("0.q*0", "1.down[3,5]=0"):
        workspace.record.keep(workspace.models.get(), Run(kind="explore", genotypes=(genotype,), **ASKED))
    workspace.record.keep(workspace.models.get(), Run(kind="screen", genotypes=()))
    workspace.record.settle()
    return workspace


@pytest.fixture
def own(workspace: Workspace) -> DraftHandlers:
    """The box."""
    return DraftHandlers(Handlers(workspace, Runs()))


def _steps(shown: str) -> list[str]:
    return [step["genotype"] for step in json.loads(shown)["steps"]]


def _edit(own: DraftHandlers, action: str, place: int, text: str = "") -> list[Any]:
    return own.edit(event(action=action, place=place, text=text))


def test_entries_become_steps_that_are_moved_named_told_and_dropped(own: DraftHandlers, workspace: Workspace) -> None:
    assert _steps(own.draw()[0]) == []
    for number in (1, 2, 1):
        box, shown, notice = own.enlist(event(number=number))
        assert (box, notice) == (gr.update(open=True), "")
    assert _steps(shown) == ["0.q*0", "1.down[3,5]=0", "0.q*0"]
    assert _steps(_edit(own, "down", 0)[0]) == ["1.down[3,5]=0", "0.q*0", "0.q*0"]
    assert _steps(_edit(own, "up", 0)[0])[0] == "1.down[3,5]=0"  # there is none above
    _edit(own, "title", 0, " First ")
    _edit(own, "say", 0, "Look.")
    shown = json.loads(_edit(own, "programme", 0, "My talk")[0])
    assert (shown["title"], shown["steps"][0]["title"], shown["steps"][0]["say"]) == ("My talk", "First", "Look.")
    assert _steps(_edit(own, "drop", 2)[0]) == ["1.down[3,5]=0", "0.q*0"]
    kept = read_programme(workspace.settings.programme)
    assert (kept.model, [step.genotype for step in kept.steps]) == (workspace.source, ["1.down[3,5]=0", "0.q*0"])
    assert "there no more" in _edit(own, "drop", 9)[1]
    for _ in range(2):
        _edit(own, "drop", 0)
    assert _steps(own.draw()[0]) == []


def test_what_cannot_be_a_step_is_told(own: DraftHandlers, workspace: Workspace) -> None:
    assert "has no prompt" in own.enlist(event(number=3))[2]
    assert "has been deleted" in own.enlist(event(number=99))[2]
    step = Step(name="", title="x", genotype="", **ASKED)
    workspace.draft.write(Programme(title="x", model="another", steps=(step,)))
    start = Exploration(source=workspace.source)
    assert "is of the model another: load it" in own.present(start)[2]
    assert "a programme has one model" in own.enlist(event(number=1))[2]
    workspace.draft.write(Programme(title="x", model=workspace.source, steps=(step,) * MOST_STEPS))
    assert f"{MOST_STEPS} steps at most" in own.enlist(event(number=1))[2]
    workspace.settings.programme.write_text("[[steps]\n", encoding="utf-8")
    for told in (own.enlist(event(number=1))[2], own.draw()[1], own.toml()[1], own.present(start)[2]):
        assert "mine.toml" in told


def test_a_file_that_cannot_be_written_is_told_and_stays(own: DraftHandlers, workspace: Workspace) -> None:
    workspace.settings.programme.parent.write_text("a file in the way", encoding="utf-8")
    assert "cannot be written" in own.enlist(event(number=1))[2]


def test_it_is_presented_step_by_step(own: DraftHandlers, workspace: Workspace) -> None:
    start = Exploration(source=workspace.source)
    assert "no step yet" in own.present(start)[2]
    own.enlist(event(number=2))
    bar, tabs, notice = own.present(start)
    assert (tabs.selected, notice) == ("explore", "")
    (row,) = json.loads(bar["value"])
    assert row["name"] == own.name_of(event(place=0))
    assert row["name"].startswith(DRAFTED)
    handlers = Handlers(workspace, Runs())
    assert genotype_of(workspace, handlers.choose_preset(start, ADA, event(name=row["name"]))) == "1.down[3,5]=0"
    _edit(own, "title", 0, "Another")  # what it was called is there no more
    gone = handlers.choose_preset(start, ADA, event(name=row["name"]))
    assert "there no more" in str(gone)


def test_it_is_taken_along_as_a_file_and_as_a_page(own: DraftHandlers, workspace: Workspace) -> None:
    start = Exploration(source=workspace.source)
    assert "no step yet" in list(own.html(start))[-1][1]
    for number in (1, 2):
        own.enlist(event(number=number))
    toml = json.loads(own.toml()[0])
    assert "1.down[3,5]=0" in base64.b64decode(toml["content"]).decode()
    *told, (saved, notice) = own.html(start)
    assert ["Recorded 1 of 2" in told[0][1], "Recorded 2 of 2" in told[1][1], notice] == [True, True, ""]
    page = base64.b64decode(json.loads(saved)["content"]).decode()
    assert page.startswith("<!doctype html>")
    assert "w5 w6" in page
    programme = workspace.draft.read()
    wrong = replace(programme.steps[0], genotype="9.q=0", title="Nowhere")
    workspace.draft.write(replace(programme, steps=(wrong,)))
    assert "The step “Nowhere”" in list(own.html(start))[-1][1]


def test_a_step_without_its_map_says_why(workspace: Workspace) -> None:
    step = Step(name="", title="x", genotype="0.q*0", looks=(Look("map"),), **ASKED)
    workspace.draft.write(Programme(title="x", model=workspace.source, steps=(step,)))
    stage = StageHandlers(Handlers(workspace, Runs()))
    figure, told = stage.choose(
        Exploration(source=workspace.source), event(name=f"{DRAFTED}{workspace.draft.read().steps[0].name}")
    )
    assert (figure, "has the matrix 0.q" in told) == ("", True)
    assert "there no more" in stage.choose(Exploration(source=workspace.source), event(name="nothing"))[1]
