"""The Explore tab's handlers, without a browser."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from explorer.domain.amounts import number_of
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.domain.record import Wanted
from explorer.files.recordings import Recordings
from explorer.reports.record import metrics_told
from explorer.ui.components.pair_panel import show_pair
from explorer.ui.explore.drawing import DRAWN_COUNT, SLIDER_PLACE, TOOL_PLACE
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import CHAT, RAW, Question
from explorer.ui.explore.handlers import RUN_COUNT, Handlers
from explorer.ui.explore.layout import ExploreTab, build
from explorer.ui.explore.moves import Moves
from explorer.ui.explore.selection import Selection
from explorer.ui.explore.tools import TOOLS
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, ASKED, AT_START, WANTED, event, genotype_of, last


def test_drawn_is_what_draw_updates(workspace: Workspace, handlers: Handlers, start: Exploration) -> None:
    with gr.Blocks():
        tab: ExploreTab = build(workspace)
    assert len(tab.drawn) == len(handlers.draw(start)) == DRAWN_COUNT


def test_each_operation(workspace: Workspace, handlers: Handlers, runs: Runs, start: Exploration) -> None:
    outcomes: dict[str, Callable[[], list[Any]]] = {
        "1.down[3,5]=0.25": lambda: Moves(handlers).slide(start, ADA, event(value=0.25), *AT_START),
        "1.down[3,5]=max": lambda: Moves(handlers).set_maximum(start, ADA, *AT_START),
        "1.down[3,5]=min": lambda: Moves(handlers).set_minimum(start, ADA, *AT_START),
        "1.down[3,5]=0": lambda: Moves(handlers).set_zero(start, ADA, *AT_START),
        "1.down[3,5]=99": lambda: Moves(handlers).set_value(start, "99", ADA, *AT_START),
        "1.down[3,5]=mean": lambda: Moves(handlers).set_mean(start, ADA, *AT_START),
        "": lambda: Moves(handlers).reset(start, ADA),
    }
    for text, act in outcomes.items():
        assert genotype_of(workspace, act()) == text
        assert runs.claim("ada") is not None


def test_an_operation_takes_what_the_selectors_show_by_now(
    workspace: Workspace, handlers: Handlers, start: Exploration
) -> None:
    """The event of a box that was just left may still be on its way."""
    outputs = Moves(handlers).set_zero(start, ADA, "weight", 1, "down", None, 0, 7, 8, 9, 10)
    assert genotype_of(workspace, outputs) == "1.down[7,9]=0"


def test_selecting_moves_the_mutation(workspace: Workspace, handlers: Handlers, runs: Runs, start: Exploration) -> None:
    outputs = Moves(handlers).select(ADA, start, "row", 0, "gate", None, 0, 7, 8, 5, 6)
    assert genotype_of(workspace, outputs) == "0.gate[7,:]=0"
    outputs = Moves(handlers).select(ADA, start, "weight", 0, "gate", None, 0, None, 8, 5000, 6)
    assert genotype_of(workspace, outputs) == "0.gate[3,31]=0"  # an emptied box keeps its number, a large one is cut
    in_head = Moves(handlers).select(ADA, start, "head", 0, "head", None, 2, 3, 4, 5, 6)
    assert genotype_of(workspace, in_head) == "0.head2=0"
    outputs = Moves(handlers).select(ADA, in_head[0], "matrix", 0, "head", None, 2, 3, 4, 5, 6)
    assert genotype_of(workspace, outputs) == "0.q=0"  # and not the language-model head
    unset = Moves(handlers).stack(start, ADA)[0]
    runs.claim("ada")
    Moves(handlers).select(ADA, unset, "row", 0, "gate", None, 0, 7, 8, 5, 6)
    assert runs.claim("ada") is None  # nothing to run


def test_stack_remove_and_notation(workspace: Workspace, handlers: Handlers, start: Exploration) -> None:
    stacked = Moves(handlers).stack(start, ADA)[0]
    both = Moves(handlers).set_maximum(stacked, ADA, *AT_START)
    assert genotype_of(workspace, both) == "1.down[3,5]=0;1.down[3,5]=max"
    assert genotype_of(workspace, Moves(handlers).remove(both[0], ADA, event(index=0))) == "1.down[3,5]=max"
    read = Moves(handlers).read_notation(start, "0.q.head2*0; norm=1", ADA)
    assert genotype_of(workspace, read) == "0.q.head2*0;norm=1"


def test_bad_input_keeps_everything(handlers: Handlers, runs: Runs, start: Exploration) -> None:
    for outputs, words in (
        (Moves(handlers).read_notation(start, "1.dwon=0", ADA), "no part &#x27;dwon&#x27;"),
        (Moves(handlers).read_notation(start, "9.q=0", ADA), "2 layers, 0 to 1"),
        (Moves(handlers).set_value(start, None, ADA, *AT_START), "Type a number"),
        (Moves(handlers).set_value(start, "much", ADA, *AT_START), "much is refused"),
        (Moves(handlers).set_value(start, "inf", ADA, *AT_START), "finite"),
        (Moves(handlers).set_value(start, "1e39", ADA, *AT_START), "numbers up to ±3.403e+38"),
    ):
        assert "__type__" in outputs[0]  # left as it was
        assert runs.claim("ada") is None
        assert words in outputs[-1]


def test_a_run_streams_texts_and_measures(handlers: Handlers, start: Exploration) -> None:
    exploration = Moves(handlers).read_notation(start, "0.down*-1", ADA)[0]
    updates = list(handlers.run(ADA, exploration, WANTED, *ASKED))
    assert updates[0][0].startswith("?genotype=0.down%2A-1&prompt=w5+w6+w7&chat=0&max_new_tokens=8&")
    assert all(update[1] == gr.skip() for update in updates)  # what a click or an address says stays beside its run
    _, _, change, pair, summary, trial = updates[-1]
    assert trial.genotype == "0.down*-1"
    assert trial.mutated == "".join(pair["value"]["mutated"]).removesuffix("∎")
    assert "0.down × −1" in change
    assert len(pair["value"]["original"]) == 8
    assert pair["value"]["running"] is False
    assert pair["readouts"]
    assert "token" in summary


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("", RAW, 8, 0.0, 1.0, 0), "prompt is empty"),
        (("w5", CHAT, 8, 0.0, 1.0, 0), "no chat template"),
        (("w5", RAW, 500, 0.0, 1.0, 0), "context holds 128"),
        (("w5", RAW, 8, 0.0, 1.0, -3), "seed must lie"),
    ],
)
def test_a_run_that_cannot_be_says_why(
    handlers: Handlers, start: Exploration, asked: tuple[Any, ...], words: str
) -> None:
    handlers.begin(ADA)
    outputs = last(handlers.run(ADA, start, WANTED, *asked))
    assert words in outputs[1]


def test_an_overtaken_run_leaves_the_page_alone(handlers: Handlers, start: Exploration) -> None:
    handlers.begin(ADA)
    old = handlers.run(ADA, start, WANTED, "w9 w8 w7", RAW, 100, 0.0, 1.0, 0)
    next(old)
    handlers.begin(ADA)
    assert all(update[3]["value"]["running"] for update in old)
    assert len(list(handlers.run(ADA, start, WANTED, *ASKED))) > 1


def test_stop_ends_a_run_within_one_token(handlers: Handlers, start: Exploration) -> None:
    handlers.begin(ADA)
    run = handlers.run(ADA, start, WANTED, "w9 w8 w7", RAW, 100, 0.0, 1.0, 0)
    next(run)
    handlers.stop(ADA)
    pair = last(run)[3]
    assert pair["value"]["notes"][0].endswith("stopped")
    assert len(pair["value"]["original"]) <= 3


def test_an_event_without_a_run_runs_nothing_even_after_stop(handlers: Handlers, start: Exploration) -> None:
    handlers.begin(ADA)
    last(handlers.run(ADA, start, WANTED, *ASKED))
    handlers.stop(ADA)
    Moves(handlers).read_notation(start, "1.dwon=0", ADA)
    (only,) = list(handlers.run(ADA, start, WANTED, *ASKED))
    assert all("__type__" in update for update in only)


def test_a_model_that_will_not_load_is_told_by_every_control() -> None:
    handlers = Handlers(Workspace(source="/nowhere"), Runs())
    lost = Exploration(source="/nowhere")
    with pytest.raises(ModelError):
        handlers.workspace.models.load().wait()
    for outputs in (
        Moves(handlers).set_zero(lost, ADA, *AT_START),
        Moves(handlers).reset(lost, ADA),
        Moves(handlers).read_notation(lost, "x=0", ADA),
    ):
        assert "There is no folder /nowhere" in outputs[-1]


def test_leaving_a_box_as_it_was_runs_nothing(handlers: Handlers, runs: Runs, start: Exploration) -> None:
    same = Moves(handlers).select(ADA, start, "weight", 1, "down", None, 0, 3, 4, 5, 6)
    assert runs.claim("ada") is None
    assert same[0] == start
    assert all("value" not in update for update in same[6:10])  # nothing is written over what is being typed
    cut = Moves(handlers).select(ADA, start, "weight", 1, "down", None, 0, 3, 4, 99, 6)
    assert cut[8]["value"] == 47


def test_the_dose_response_curve(workspace: Workspace, handlers: Handlers, start: Exploration) -> None:
    figure, caption, notice = handlers.dose_response(start, *ASKED)
    marks = json.loads(figure)["data"][0]
    assert len(marks["x"]) == len(marks["y"]) == 23
    assert "<code>1.down[3,5]</code> set to 23 values" in caption
    assert notice == ""
    assert (
        genotype_of(workspace, Moves(handlers).choose_dose(start, ADA, event(x=0.125), *AT_START))
        == "1.down[3,5]=0.125"
    )
    *_, notice = handlers.dose_response(start, "", *ASKED[1:])
    assert "prompt is empty" in notice


def test_a_curve_goes_when_another_site_is_chosen(handlers: Handlers, start: Exploration) -> None:
    stays = Moves(handlers).set_maximum(start, ADA, *AT_START)
    assert all("__type__" in update for update in stays[-4:-2])
    assert Moves(handlers).select(ADA, start, "row", 0, "gate", None, 0, 7, 8, 5, 6)[-4:-2] == ["", ""]


def test_run_takes_the_notation_that_was_typed(workspace: Workspace, handlers: Handlers, start: Exploration) -> None:
    assert genotype_of(workspace, Moves(handlers).read_notation(start, "1.down[3,5]=0", ADA)) == "1.down[3,5]=0"
    assert genotype_of(workspace, Moves(handlers).read_notation(start, "0.mlp*2", ADA)) == "0.mlp*2"


def test_experiments_fill_the_form(handlers: Handlers, runs: Runs, start: Exploration) -> None:
    filled = handlers.choose_experiment(start, "python10", ADA)
    prompt, mode, tokens, temperature, top_p, seed, top_k, length, plain, *extras, notice = filled
    assert prompt.startswith("The following is a python program")
    assert (mode, tokens["value"], temperature["value"], top_p["value"]) == (RAW, 64, 0.7, 1.0)
    assert (seed, top_k, length, plain, notice) == ("10", 50, 150, False, "")
    assert extras == ["", False, "", ""]
    assert runs.claim("ada") is not None


def test_a_token_that_ends_a_text_is_shown(workspace: Workspace, handlers: Handlers) -> None:
    model = workspace.models.get()
    for seed in range(40):
        decoding = Decoding(max_new_tokens=60, temperature=1.0, seed=seed)
        *_, update = workspace.pairs.stream(model, Prompt(text="w5 w6", chat=False), decoding, Genotype())
        if update.original_end == "stop":
            value = show_pair(update, 1)["value"]
            assert value["original"][-1] == "∎"
            assert value["notes"][0].endswith("ended by itself")
            return
    pytest.fail("no text ended by itself")


def test_a_recording_stands_for_its_run_until_it_is_run_again(
    workspace: Workspace, handlers: Handlers, runs: Runs, start: Exploration, tmp_path: Path, monkeypatch: Any
) -> None:
    model, question = workspace.models.get(), Question(*ASKED)  # type: ignore[arg-type]
    monkeypatch.setattr(type(workspace), "recordings", Recordings((tmp_path,)))
    ticket = handlers.begin(ADA)
    assert handlers.replay(ADA, start, ticket, *ASKED) == [gr.skip()] * RUN_COUNT  # nothing is recorded
    *_, live = handlers.run(ADA, start, ticket, *ASKED)

    workspace.rehearsal_in(tmp_path).record(model, "1.down[3,5]=0", question.asked(), question.decoding())
    ticket = handlers.begin(ADA)
    address, _, change, pair, summary, taken_away = handlers.replay(ADA, start, ticket, *ASKED)
    assert taken_away == ""  # until its own trial is there, nothing of the one before can be pinned
    assert (address, change) == (handlers._address(start, question), live[2])
    assert pair["value"] == live[3]["value"] | {"recorded": True, "run": ticket}
    (again,) = handlers.run(ADA, start, ticket, *ASKED)  # at once, whatever else the model is doing
    assert (again[3], again[4], again[5].mutated) == (pair, summary, live[5].mutated)
    workspace.record.settle()
    newest, before, *_ = workspace.record.page(Wanted()).entries
    assert [entry.run.detail.get("recorded") for entry in (newest, before)] == [True, None]
    assert (newest.run.genotype, newest.run.metrics) == (before.run.genotype, before.run.metrics)
    assert metrics_told(newest.run)[-1] == "shown from a recording"

    ticket = handlers.begin(ADA)  # run again
    assert last(handlers.run(ADA, start, ticket, *ASKED))[3]["value"]["recorded"] is False
    ticket = handlers.begin(ADA)
    assert handlers.replay(ADA, start, ticket - 1, *ASKED) == [gr.skip()] * RUN_COUNT  # it was overtaken
    handlers.replay(ADA, start, ticket, *ASKED)
    other = handlers.begin(ADA)  # before its run was claimed
    assert last(handlers.run(ADA, start, other, *ASKED))[3]["value"]["recorded"] is False
    assert runs.claim("ada") is None


@pytest.mark.parametrize(
    ("operation", "moved_to", "becomes", "unit"),
    [
        ("=round(4)", 2.4, "=round(2)", "bits"),
        ("=prune(0.5)", 0.25, "=prune(0.25)", "share"),
        ("=prune(2:4)", 9, "=prune(4:4)", "of 4"),
        ("=rank(5)", 3.2, "=rank(3)", "components"),
        ("=unrank(10%)", 20, "=unrank(20%)", "%"),
        ("+noise(0.5, seed 3)", 1, "+noise(1, seed 3)", "deviations"),
        ("=shuffle", 5.2, "=shuffle(seed 5)", "seed"),
        ("*2", -0.5, "*-0.5", "×"),
        ("+0.1", 0.25, "+0.25", "added"),
        ("=copy(0.down)", 0.9, "=copy(1.down)", "layer"),
        ("=mean", 0.25, "=0.25", ""),
    ],
)
def test_the_slider_moves_the_number_of_an_operation(
    workspace: Workspace, handlers: Handlers, operation: str, moved_to: float, becomes: str, unit: str
) -> None:
    anatomy = workspace.models.get().anatomy
    start = Exploration(source=workspace.source).with_genotype(anatomy.read(f"1.down{operation}"), anatomy)
    slider = handlers.draw(start)[SLIDER_PLACE]
    assert slider["unit"] == unit
    assert start.operation is not None
    if unit:
        assert slider["minimum"] <= number_of(start.operation) <= slider["maximum"]
        assert slider["value"] == number_of(start.operation)
    site = ("matrix", 1, "down", None, 0, None, None, None, None)
    outputs = Moves(handlers).slide(start, ADA, event(value=moved_to), *site)
    assert genotype_of(workspace, outputs) == f"1.down{becomes}"
    moved: Exploration = outputs[0]
    assert moved.operation is not None
    typed = Moves(handlers).set_value(start, str(number_of(moved.operation)), ADA, *site)
    assert genotype_of(workspace, typed) == f"1.down{becomes}"
    figure, caption, notice = handlers.dose_response(start, *ASKED)
    assert notice == ""
    if unit:
        assert f"({unit})" in caption
        values = json.loads(figure)["data"][0]["x"]
        assert values == sorted(set(values))
        assert (values[0], values[-1]) == (slider["minimum"], slider["maximum"])
        chosen = Moves(handlers).choose_dose(start, ADA, event(x=values[1]), *site)
        assert genotype_of(workspace, chosen) != "1.down=0"


@pytest.mark.parametrize(
    ("operation", "typed", "told"),
    [
        ("=round(4)", "9", "round takes a whole number from 1 to 8"),
        ("=round(4)", "2.5", "2.5 is refused: here a whole number is needed"),
        ("=prune(2:4)", "5", "Of every 4 columns no more can be pruned"),
        ("=rank(10%)", "101", "from 0 to 100"),
        ("=copy(0.down)", "7", "The model has 2 layers"),
        ("=shuffle", "-1", "Expected a whole number"),
    ],
)
def test_a_number_that_an_operation_cannot_have_is_refused_as_it_was_typed(
    workspace: Workspace, handlers: Handlers, operation: str, typed: str, told: str
) -> None:
    anatomy = workspace.models.get().anatomy
    start = Exploration(source=workspace.source).with_genotype(anatomy.read(f"1.down{operation}"), anatomy)
    outputs = Moves(handlers).set_value(start, typed, ADA, *WHOLE)
    assert told in outputs[-1]
    assert outputs[0] == gr.skip()


def test_more_than_the_slider_reaches_can_be_typed(workspace: Workspace, handlers: Handlers) -> None:
    anatomy = workspace.models.get().anatomy
    start = Exploration(source=workspace.source).with_genotype(anatomy.read("1.down*2"), anatomy)
    outputs = Moves(handlers).set_value(start, "× 30", ADA, *WHOLE)
    assert genotype_of(workspace, outputs) == "1.down*30"
    assert outputs[1 + SLIDER_PLACE]["maximum"] == 30


WHOLE = ("matrix", 1, "down", None, 0, None, None, None, None)


def test_each_tool_begins_with_a_number_of_its_own(workspace: Workspace, handlers: Handlers, runs: Runs) -> None:
    start = Exploration(source=workspace.source).pointed_at(
        Selection(level="matrix", layer=1), workspace.models.get().anatomy
    )
    begun = {
        "scale": ("1.down*2", []),
        "add": ("1.down+0", []),
        "noise": ("1.down+noise(0.5)", ["1.down=noise(1)"]),
        "round": ("1.down=round(3)", ["1.down=round(3, group 128)"]),
        "prune": ("1.down=prune(0.5)", ["1.down=prune(2:4)"]),
        "rank": ("1.down=rank(10%)", ["1.down=rank(16)", "1.down=unrank(1)"]),
        "shuffle": ("1.down=shuffle", []),
        "copy": ("1.down=copy(0.down)", []),
    }
    for name, (text, others) in begun.items():
        outputs = Moves(handlers).choose_tool(start, name, ADA, *WHOLE)
        assert genotype_of(workspace, outputs) == text
        assert runs.claim("ada") is not None
        tool, variants = outputs[1 + TOOL_PLACE], outputs[2 + TOOL_PLACE]
        assert tool["value"] == name
        assert variants["visible"] is bool(others)
        for place, other in enumerate(others, 1):
            changed = Moves(handlers).choose_variant(outputs[0], str(place), ADA, *WHOLE)
            assert genotype_of(workspace, changed) == other
            assert changed[2 + TOOL_PLACE]["value"] == str(place)
    back = Moves(handlers).choose_tool(outputs[0], "set", ADA, *WHOLE)
    assert genotype_of(workspace, back) == ""
    assert runs.claim("ada") is not None


def test_tools_that_look_at_many_weights_take_the_whole_matrix(
    workspace: Workspace, handlers: Handlers, start: Exploration
) -> None:
    outputs = Moves(handlers).choose_tool(start, "round", ADA, *AT_START)
    assert genotype_of(workspace, outputs) == "1.down=round(3)"
    assert outputs[1]["value"] == "matrix"
    flipped = Moves(handlers).choose_tool(start, "flip", ADA, *AT_START)
    assert genotype_of(workspace, flipped) == "1.down[3,5]=flip(30)"
    refused = Moves(handlers).choose_tool(outputs[0], "flip", ADA, *WHOLE)
    assert "A bit is flipped in a single weight" in refused[-1]
    in_norm = ("matrix", 1, "norm", None, 0, None, None, None, None)
    assert "No other layer has a site of this shape" in Moves(handlers).choose_tool(start, "copy", ADA, *in_norm)[-1]


def test_an_operation_that_cannot_be_done_elsewhere_is_left_behind(workspace: Workspace, handlers: Handlers) -> None:
    start = Exploration(source=workspace.source).pointed_at(
        Selection(level="matrix", layer=1), workspace.models.get().anatomy
    )
    copied = Moves(handlers).choose_tool(start, "copy", ADA, *WHOLE)[0]
    moves = {
        ("matrix", 1, "q", None, 0, None, None, None, None): "1.q=copy(0.q)",
        ("matrix", 1, "up", None, 0, None, None, None, None): "1.up=copy(0.up)",
        ("layer", 1, "down", None, 0, None, None, None, None): "1=copy(0)",
        ("matrix", 0, "down", None, 0, None, None, None, None): "0.down=copy(0.down)",
        ("matrix", 1, "norm", None, 0, None, None, None, None): "",
    }
    for values, text in moves.items():
        assert genotype_of(workspace, Moves(handlers).select(ADA, copied, *values)) == text
    single = start.pointed_at(Selection(level="weight", layer=1), workspace.models.get().anatomy)
    flipped = Moves(handlers).choose_tool(single, "flip", ADA, *AT_START)[0]
    assert genotype_of(workspace, Moves(handlers).select(ADA, flipped, *WHOLE)) == ""


def test_few_tools_are_shown_at_first(handlers: Handlers, runs: Runs, start: Exploration) -> None:
    shown = [label for label, _ in handlers.draw(start)[TOOL_PLACE]["choices"]]
    assert shown == ["Set", "Scale", "Round", "Prune", "Rank", "more …"]
    ticket = runs.newest("ada")
    outputs = Moves(handlers).choose_tool(start, "more", ADA, *AT_START)
    assert [name for _, name in outputs[1 + TOOL_PLACE]["choices"]] == [tool.name for tool in TOOLS]
    assert outputs[1 + TOOL_PLACE]["value"] == "set"
    assert runs.newest("ada") == ticket


def test_a_graft_waits_for_its_donor(
    workspace: Workspace, handlers: Handlers, runs: Runs, start: Exploration, tmp_path: Path
) -> None:
    workspace.models.get().causal_lm.save_pretrained(tmp_path)
    moves, ticket = Moves(handlers), runs.newest("ada")
    waiting = moves.choose_tool(start, "from", ADA, *WHOLE)
    assert genotype_of(workspace, waiting) == ""
    donor, slider = waiting[3 + TOOL_PLACE], waiting[1 + SLIDER_PLACE]
    assert (donor["visible"], "demo" in donor["choices"]) == (True, True)
    assert (slider["unit"], slider["maximum"], slider["value"]) == ("share", 1, None)
    assert runs.newest("ada") == ticket + 1  # the mutation of before has gone
    for refused in (
        moves.slide(waiting[0], ADA, event(value=0.5), *WHOLE),
        moves.set_value(waiting[0], "0.5", ADA, *WHOLE),
        moves.choose_donor(waiting[0], " ", ADA, *WHOLE),
    ):
        assert "Name the model to graft from first" in refused[-1]
    named = moves.choose_donor(waiting[0], str(tmp_path), ADA, *WHOLE)
    assert genotype_of(workspace, named) == f"1.down=from({tmp_path})"
    slid = moves.slide(named[0], ADA, event(value=0.25), *WHOLE)
    assert genotype_of(workspace, slid) == f"1.down~from({tmp_path})*0.25"
    other = moves.choose_donor(slid[0], "./gone", ADA, *WHOLE)
    assert genotype_of(workspace, other) == "1.down~from(./gone)*0.25"
    told = last(handlers.run(ADA, other[0], runs.newest("ada"), *ASKED))[1]
    assert "takes weights from ./gone, which is not here" in told
    adapter = moves.choose_tool(slid[0], "adapter", ADA, *WHOLE)
    assert adapter[3 + TOOL_PLACE]["label"] == "Adapter to add"


def test_a_hidden_control_holds_nothing_that_the_page_refuses(workspace: Workspace, handlers: Handlers) -> None:
    anatomy = workspace.models.get().anatomy
    exploration = Exploration(source=workspace.source)
    for text in ("1.head2=0", "1.down=0", "0.q.head3*2", "norm*2", "embed[3,:]=0"):
        exploration = exploration.with_genotype(anatomy.read(text), anatomy)
        _, layer, *_, head, _row, _stop, _column, _end = handlers.draw(exploration)[:9]
        for slider in (layer, head):
            assert 0 <= slider["value"] <= slider["maximum"], text
