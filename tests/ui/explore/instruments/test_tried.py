"""Undo, what was tried, pins, and what is taken away."""

import json
import shlex
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from explorer.cli import app
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.tried import TriedHandlers
from explorer.ui.explore.moves import Moves
from explorer.ui.explore.trials import KEPT, Trial, as_json, as_markdown, command_line, python_code, remembered, row_of
from explorer.ui.links import Said, parse_query, read_link
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, ASKED, AT_START, WANTED, event, genotype_of, last


@pytest.fixture
def trial(handlers: Handlers, start: Exploration) -> Trial:
    """A finished run."""
    exploration = Moves(handlers).read_notation(start, "0.down*-1", ADA)[0]
    found: Trial = last(handlers.run(ADA, exploration, WANTED, *ASKED))[5]
    return found


def test_undo_and_redo(workspace: Workspace, handlers: Handlers, runs: Runs, start: Exploration) -> None:
    largest = Moves(handlers).set_maximum(start, ADA, *AT_START)[0]
    elsewhere = Moves(handlers).select(ADA, largest, "row", 1, "down", None, 0, 3, 4, 5, 6)[0]
    undone = Moves(handlers).undo(elsewhere, ADA)
    assert genotype_of(workspace, undone) == "1.down[3,5]=max"
    assert runs.claim("ada") is not None
    twice = Moves(handlers).undo(undone[0], ADA)
    assert genotype_of(workspace, twice) == "1.down[3,5]=0"
    assert Moves(handlers).undo(twice[0], ADA)[0] == twice[0]
    again = Moves(handlers).redo(Moves(handlers).redo(twice[0], ADA)[0], ADA)
    assert genotype_of(workspace, again) == "1.down[3,:]=max"
    branched = Moves(handlers).reset(undone[0], ADA)[0]
    assert branched.future == ()
    kept = Moves(handlers).stack(start, ADA)[0]
    pointed = Moves(handlers).select(ADA, kept, "row", 0, "gate", None, 0, 7, 8, 5, 6)[0]
    assert len(kept.past) == len(pointed.past) == 1  # to point elsewhere before anything is set is no step


def test_a_run_joins_what_was_tried_once(handlers: Handlers, trial: Trial) -> None:
    own = TriedHandlers(handlers)
    trials, rows, texts = own.record(trial, ())
    other = replace(trial, genotype="")
    trials = own.record(other, trials)[0]
    trials = own.record(trial, trials)[0]
    assert trials == (trial, other)
    assert json.loads(rows)[0]["genotype"] == "0.down*-1"
    assert set(json.loads(texts)) == {"notation", "address", "command", "python", "save", "markdown", "json"}
    assert own.record(None, trials)[0] == trials
    many: tuple[Trial, ...] = ()
    for seed in range(KEPT + 3):
        many = remembered(many, replace(trial, change=str(seed)))
    assert len(many) == KEPT


def test_returning_to_a_trial_restores_everything(
    workspace: Workspace, handlers: Handlers, start: Exploration, trial: Trial
) -> None:
    own = TriedHandlers(handlers)
    outputs = own.choose(start, (trial,), ADA, event(place=0))
    assert genotype_of(workspace, outputs) == "0.down*-1"
    assert (outputs[-13], outputs[-12], outputs[-11]["value"]) == ("w5 w6 w7", "Raw text", 8)
    refused = own.choose(start, (replace(trial, model="another"),), ADA, event(place=0))
    assert len(refused) == len(outputs)
    assert "load it first" in refused[-14]


def test_up_to_four_are_pinned(handlers: Handlers, trial: Trial) -> None:
    own = TriedHandlers(handlers)
    pins: tuple[Trial, ...] = ()
    for number in range(4):
        pins = own.pin_present(replace(trial, genotype=f"{number}*0"), pins)[0]
    assert len(pins) == 4
    assert "4 texts are pinned" in own.pin((trial,), pins, event(place=0))[3]
    assert "pinned already" in own.pin_present(pins[1], pins)[3]
    fewer = own.unpin(pins, event(place=1))
    assert [pin.genotype for pin in fewer[0]] == ["0*0", "2*0", "3*0"]
    assert len(json.loads(fewer[1])) == 3


def test_a_row_marks_where_the_texts_part(trial: Trial) -> None:
    row = row_of(replace(trial, original="The cat sat", mutated="The cow sat"))
    assert (row["common"], row["rest"]) == ("The c", "ow sat")


def test_the_address_restores_the_trial(trial: Trial) -> None:

    link = read_link(Said(parse_query(trial.address)))
    assert (link.genotype, link.prompt, link.chat, link.max_new_tokens) == ("0.down*-1", "w5 w6 w7", False, 8)


def test_the_command_line_and_the_python_code_repeat_the_trial(trial: Trial) -> None:
    _, _, _, *arguments = shlex.split(command_line(trial))
    report = json.loads(CliRunner().invoke(app, [*arguments, "--json", "--device", "cpu"]).stdout)
    assert (report["original"], report["mutated"]) == (trial.original, trial.mutated)
    names: dict[str, object] = {}
    code = python_code(trial).replace("compare(model", "found = compare(model")
    exec(code, names)  # the code is what is tested
    assert names["found"].mutated == trial.mutated  # type: ignore[attr-defined]


def test_what_is_downloaded(trial: Trial) -> None:
    told = json.loads(as_json(trial))
    assert (told["genotype"], told["prompt"]["text"], told["decoding"]["max_new_tokens"]) == (
        "0.down*-1",
        "w5 w6 w7",
        8,
    )
    text = as_markdown(replace(trial, prompt=replace(trial.prompt, text="a|b"), mutated="x\ny", mean_kl=None))
    assert "| Prompt | a\\|b (raw text) |" in text
    assert "> x\n> y" in text
    assert "| Mean KL | too large for a number |" in text
