"""The History tab's handlers, without a browser, on a tiny model and a database of its own."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.record import Run, Wanted
from explorer.figures.record import timeline_figure
from explorer.files.settings import Settings
from explorer.store.record import PAGE
from explorer.ui.explore.drawing import DRAWN_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.tried import TriedHandlers
from explorer.ui.explore.moves import Moves
from explorer.ui.history.form import ANY_TIME, NEWEST
from explorer.ui.history.handlers import HistoryHandlers
from explorer.ui.runs import Runs
from explorer.workspace.record import Recording
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, ASKED, WANTED, event, genotype_of, last

NOTHING: tuple[Any, ...] = ("", [], [], [], ANY_TIME, NEWEST, None, 0)
"""What is looked for on a page that was just opened."""


@pytest.fixture
def page(workspace: Workspace, tmp_path: Path) -> Handlers:
    """The handlers of a page with a new database."""
    settings = Settings(screens_folder=tmp_path / "bundled", database=tmp_path / "own.duckdb")
    made = Workspace(source=workspace.source, device="cpu", settings=settings)
    made.models.get()
    return Handlers(made, Runs())


@pytest.fixture
def own(page: Handlers) -> HistoryHandlers:
    """The tab's handlers."""
    return HistoryHandlers(page)


def _drawn(outputs: list[Any]) -> dict[str, Any]:
    names = ("kinds", "tags", "models", "sort", "metric", "page", "notice", "caption", "timeline", "list")
    drawn = dict(zip(names, outputs, strict=True))
    drawn["list"] = json.loads(drawn["list"]) if isinstance(drawn["list"], str) else None
    drawn["timeline"] = json.loads(drawn["timeline"]) if drawn["timeline"] else None
    return drawn


def _numbers(outputs: list[Any]) -> list[int]:
    return [entry["number"] for entry in _drawn(outputs)["list"]["entries"]]


def _run(page: Handlers, start: Exploration, genotype: str) -> None:
    exploration = Moves(page).read_notation(start, genotype, ADA)[0]
    last(page.run(ADA, exploration, WANTED, *ASKED))


def _record(page: Handlers) -> Recording:
    page.workspace.record.settle()
    return page.workspace.record


def _keep(page: Handlers, *runs: Run) -> None:
    for run in runs:
        page.workspace.record.keep(page.workspace.models.get(), run)
    page.workspace.record.settle()


def test_an_empty_record_says_what_to_do(own: HistoryHandlers) -> None:
    drawn = _drawn(own.open(*NOTHING))
    assert drawn["list"]["entries"] == []
    assert "run a mutation in Explore" in drawn["list"]["hint"]
    assert drawn["timeline"] is None


def test_finished_runs_of_mutants_are_kept(page: Handlers, own: HistoryHandlers, start: Exploration) -> None:
    _run(page, start, "0.down*-1")
    _run(page, start, "")  # the original alone is no experiment
    begun = page.run(ADA, Moves(page).read_notation(start, "1.down*-1", ADA)[0], WANTED, *ASKED)
    next(begun)
    page.stop(ADA)
    list(begun)  # stopped: it has no measures
    (entry,) = _record(page).page(Wanted()).entries
    assert entry.run.genotypes == ("0.down*-1",)
    assert entry.run.prompt == Prompt(text="w5 w6 w7", chat=False)
    assert entry.run.decoding == Decoding(max_new_tokens=8)
    assert {"mean_kl", "first_divergence", "share_changed", "cosine", "perplexity", "near_ties"} == set(
        entry.run.metrics
    )
    (row,) = _drawn(own.open(*NOTHING))["list"]["entries"]
    assert (row["kind"], row["title"], row["prompt"], row["is_here"]) == ("Explore", "0.down*-1", "w5 w6 w7", True)
    assert row["metrics"][0].startswith("parts at token")
    assert row["common"] + row["rest"] == (entry.run.mutated or "").strip().partition("\n")[0]
    assert row["link"].startswith("?")


def test_what_is_looked_for_is_shown(page: Handlers, own: HistoryHandlers) -> None:
    _keep(
        page,
        Run(kind="explore", genotypes=("1.mlp*0",), metrics={"mean_kl": 1.0}),
        Run(kind="comparison", genotypes=("1.mlp*0", "0.q*0"), metrics={"mean_kl": 2.0}),
        Run(kind="watch", genotypes=("0.k*0",), metrics={"loss": 3.0}),
    )
    assert _numbers(own.draw(*NOTHING)) == [3, 2, 1]
    assert _numbers(own.first("mlp", [], [], [], ANY_TIME, NEWEST, None, 0)) == [2, 1]
    assert _numbers(own.first("", ["watch"], [], [], "the last day", NEWEST, None, 0)) == [3]
    assert _numbers(own.first("", [], [], [], ANY_TIME, "mean_kl up", None, 0)) == [1, 2, 3]
    drawn = _drawn(own.first("nowhere", [], [], [], ANY_TIME, "gone down", "loss", 0))
    assert "No entry is like that" in drawn["list"]["hint"]
    assert drawn["sort"]["value"] == NEWEST
    assert drawn["timeline"] is None


def test_the_timeline_has_one_mark_a_run_and_finds_its_entry(page: Handlers, own: HistoryHandlers) -> None:
    runs = [Run(kind="explore", genotypes=(f"{place}*0",), metrics={"mean_kl": place}) for place in range(PAGE + 5)]
    _keep(page, *runs)
    drawn = _drawn(own.draw(*NOTHING))
    assert (drawn["metric"]["value"], drawn["list"]["pages"]) == ("mean_kl", 2)
    assert drawn["timeline"]["data"][0]["customdata"] == list(range(1, PAGE + 6))
    assert f"{PAGE + 5} entries" in drawn["caption"]
    found = _drawn(own.look_up(event(customdata=3), *NOTHING))
    assert (found["page"], found["list"]["page"], found["list"]["looked_at"]) == (1, 1, 3)
    assert 3 in [entry["number"] for entry in found["list"]["entries"]]
    assert found["timeline"]["data"][0]["marker"]["line"]["width"][2] == 3
    assert _drawn(own.turn(event(page=1), *NOTHING))["list"]["page"] == 1


def test_a_genotype_cannot_write_html_into_the_figure(page: Handlers) -> None:
    _keep(page, Run(kind="explore", genotypes=("<a href='x'>",), metrics={"mean_kl": 0.0}))
    rows = _record(page).timeline("mean_kl", Wanted())
    assert "&lt;a href" in timeline_figure(rows, "mean_kl").data[0].text[0]


def test_entries_are_tagged_noted_on_and_deleted(page: Handlers, own: HistoryHandlers) -> None:
    _keep(page, *[Run(kind="explore", genotypes=(f"{place}*0",)) for place in range(3)])
    drawn = _drawn(own.edit(event(action="tag", numbers=[1, 2], text=" fun, loud ,"), *NOTHING))
    assert [entry["tags"] for entry in drawn["list"]["entries"]] == [[], ["fun", "loud"], ["fun", "loud"]]
    assert drawn["tags"]["choices"] == ["fun", "loud"]
    drawn = _drawn(own.edit(event(action="untag", numbers=[1], text="fun"), *NOTHING))
    assert drawn["list"]["entries"][2]["tags"] == ["loud"]
    drawn = _drawn(own.edit(event(action="note", numbers=[3], text="look again\n"), *NOTHING))
    assert drawn["list"]["entries"][0]["note"] == "look again"
    assert _numbers(own.edit(event(action="delete", numbers=[1, 3], text=""), *NOTHING)) == [2]


def test_a_run_is_reopened_in_explore(page: Handlers, own: HistoryHandlers, start: Exploration) -> None:
    _run(page, start, "0.down*-1")
    _record(page)
    outputs = own.reopen(start, ADA, event(number=1))
    assert outputs[0] == ""
    assert genotype_of(page.workspace, outputs[2:]) == "0.down*-1"
    assert outputs[2 + 1 + DRAWN_COUNT] == "w5 w6 w7"
    elsewhere = own.reopen(replace(start, source="another"), ADA, event(number=1))
    assert "load it at the foot of the page" in elsewhere[0]
    assert len(elsewhere) == len(outputs)
    assert "has been deleted" in own.reopen(start, ADA, event(number=9))[0]


def test_a_screen_is_reopened_in_its_tab(page: Handlers, own: HistoryHandlers, start: Exploration) -> None:
    detail = {"screen": 1, "database": "/elsewhere.duckdb"}
    own_detail = {"screen": 7, "database": str(page.workspace.settings.database)}
    _keep(page, Run(kind="screen", detail=detail), Run(kind="screen", detail=own_detail))
    assert "EXPLORER_DATABASE=/elsewhere.duckdb" in own.reopen(start, ADA, event(number=1))[0]
    assert "no screen own:7 any more" in own.reopen(start, ADA, event(number=2))[0]


def test_a_report_of_the_chosen_or_of_all_that_are_shown(page: Handlers, own: HistoryHandlers) -> None:
    _keep(page, *[Run(kind="explore", genotypes=(f"{place}.mlp*0",)) for place in range(3)])
    for numbers, found in (([1], ["0.mlp*0"]), (None, ["2.mlp*0", "1.mlp*0", "0.mlp*0"])):
        saved, notice = own.take(event(format="html", numbers=numbers), *NOTHING)
        file = json.loads(saved)
        content = base64.b64decode(file["content"]).decode()
        assert (file["name"], notice) == ("history.html", "")
        assert [name for name in ("2.mlp*0", "1.mlp*0", "0.mlp*0") if f"<code>{name}</code>" in content] == found
    skipped, notice = own.take(event(format="md", numbers=[]), *NOTHING)
    assert skipped == gr.skip()
    assert "no such entry" in notice


def test_a_record_that_cannot_be_written_is_told_and_the_run_is_shown(
    workspace: Workspace, start: Exploration, tmp_path: Path
) -> None:
    (tmp_path / "own.duckdb").write_bytes(b"broken" * 100)
    settings = Settings(screens_folder=tmp_path / "bundled", database=tmp_path / "own.duckdb")
    page = Handlers(Workspace(source=workspace.source, device="cpu", settings=settings), Runs())
    page.workspace.models.get()
    outputs = last(page.run(ADA, Moves(page).read_notation(start, "0.down*-1", ADA)[0], WANTED, *ASKED))
    assert outputs[5].genotype == "0.down*-1"
    tried = TriedHandlers(page)
    assert "not kept in the History" in tried.tell_unkept()
    assert tried.tell_unkept() == gr.skip()
    assert "was left as it is" in _drawn_notice(HistoryHandlers(page).open(*NOTHING))


def _drawn_notice(outputs: list[Any]) -> str:
    return str(outputs[6])


def test_a_record_that_is_switched_off_says_so(workspace: Workspace, start: Exploration, tmp_path: Path) -> None:
    settings = Settings(screens_folder=tmp_path / "bundled", database=tmp_path / "own.duckdb", keeps_record=False)
    page = Handlers(Workspace(source=workspace.source, device="cpu", settings=settings), Runs())
    page.workspace.models.get()
    _run(page, start, "0.down*-1")
    assert "EXPLORER_RECORD is 0" in _drawn(HistoryHandlers(page).open(*NOTHING))["list"]["hint"]
    assert not settings.database.exists()
