"""The instruments' handlers, without a browser."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.instruments.damage import DamageHandlers
from explorer.ui.explore.instruments.donors import DonorsHandlers
from explorer.ui.explore.instruments.heads import ASKED as ASKED_COUNT
from explorer.ui.explore.instruments.heads import PROMPT, QUESTIONS, HeadsHandlers
from explorer.ui.explore.instruments.matrix_map import WHOLE, MatrixMapHandlers
from explorer.ui.explore.instruments.search import COUNT, SearchHandlers
from explorer.ui.explore.instruments.spread import SpreadHandlers
from explorer.ui.explore.instruments.together import TogetherHandlers
from explorer.ui.explore.moves import Moves
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.tiny import saved_model, without_layers
from tests.ui.visit import ADA, ASKED, event, genotype_of, last

EMPTY = ("", *ASKED[1:])


def _figure(text: str) -> dict[str, Any]:
    figure: dict[str, Any] = json.loads(text)
    return figure


# ------------------------------------------------------------------------------------------- matrix map


def test_the_map_shows_the_chosen_matrix_and_outlines_the_site(
    workspace: Workspace, handlers: Handlers, start: Exploration
) -> None:
    strip, caption, figure, *_ = MatrixMapHandlers(handlers).draw(start, WHOLE)
    shown = _figure(figure)
    assert shown["layout"]["meta"] == {
        "matrix": "1.down", "rows": [0, 32], "columns": [0, 48], "cell": [1, 1], "model": start.source,
    }  # fmt: skip
    box = shown["layout"]["shapes"][0]
    assert (box["x0"], box["x1"], box["y0"], box["y1"]) == (4.5, 5.5, 2.5, 3.5)
    weight = workspace.weights.facts(
        workspace.models.get(), start.genotype(workspace.models.get().anatomy).mutations[0].site
    ).present
    assert shown["data"][0]["z"][3][5] == pytest.approx(weight, rel=1e-3)
    assert "Each cell is one weight" in caption
    assert _figure(strip)["data"][0]["y"] == ["q", "k", "v", "o", "gate", "up", "down"]


@pytest.mark.parametrize(
    ("levels", "genotype"),
    [
        ("1.down[3,5]=0", "1.down[7,9]=0"),
        ("1.down[3,:]=0", "1.down[7,:]=0"),
        ("1.down[:,5]=max", "1.down[:,9]=max"),
        ("1.down[0:4,0:8]*2", "1.down[4:8,8:16]*2"),
        ("1.down*0", "1.down[7,9]*0"),
        ("1.mlp*0", "1.down[7,9]*0"),
        ("1.q.head0*0", "1.down[7,9]*0"),
    ],
)
def test_a_click_chooses_according_to_the_level(
    workspace: Workspace, handlers: Handlers, start: Exploration, levels: str, genotype: str
) -> None:
    exploration = Moves(handlers).read_notation(start, levels, ADA)[0]
    own = MatrixMapHandlers(handlers)
    meta = {"matrix": "1.down", "rows": [0, 32], "columns": [0, 48], "cell": [1, 1], "model": start.source}
    if "head" in levels:
        meta["matrix"] = "1.q"
        genotype = "1.q.head0*0"
    clicked = own.choose_cell(exploration, ADA, event(x=9, y=7, meta=meta))
    assert genotype_of(workspace, clicked) == genotype


def test_a_click_on_a_pooled_cell_takes_its_strongest_weight(
    workspace: Workspace, handlers: Handlers, start: Exploration
) -> None:
    from explorer.model.weights import weight_of  # noqa: PLC0415

    model = workspace.models.get()
    weights = weight_of(model.causal_lm, model.anatomy.matrices["1.down"])[8:12, 12:16].abs()
    row, column = divmod(int(weights.argmax()), 4)
    meta = {"matrix": "1.down", "rows": [0, 32], "columns": [0, 48], "cell": [4, 4], "model": start.source}
    clicked = MatrixMapHandlers(handlers).choose_cell(start, ADA, event(x=13.5, y=9.5, meta=meta))
    assert genotype_of(workspace, clicked) == f"1.down[{8 + row},{12 + column}]=0"


def test_zooming_in_and_out(handlers: Handlers, start: Exploration) -> None:
    own = MatrixMapHandlers(handlers)
    meta = {"matrix": "1.down"}
    caption, figure, window, _ = own.zoom(start, event(x=[9.5, 20.2], y=[30, 10], meta=meta))
    assert _figure(figure)["layout"]["meta"]["rows"] == [10, 30]
    assert _figure(figure)["layout"]["meta"]["columns"] == [10, 21]
    assert "rows 10–29" in caption
    kept = _figure(own.draw(start, window)[2])["layout"]["meta"]
    assert (kept["rows"], kept["columns"]) == ([10, 30], [10, 21])  # a click on a weight does not zoom out
    elsewhere = Moves(handlers).read_notation(start, "1.up[3,5]=0", ADA)[0]
    assert _figure(own.draw(elsewhere, window)[2])["layout"]["meta"]["rows"] == [0, 48]
    assert _figure(own.zoom(start, event(x=[-90, -80], y=[900, 990], meta=meta))[1])["layout"]["meta"]["columns"] == [
        0,
        1,
    ]
    assert _figure(own.zoom(start, event(x=None, y=None, meta=meta))[1])["layout"]["meta"]["rows"] == [0, 32]


def test_the_strip_jumps_to_a_matrix(workspace: Workspace, handlers: Handlers, start: Exploration) -> None:
    jumped = MatrixMapHandlers(handlers).choose_matrix(start, ADA, event(x=0, y="gate"))
    assert genotype_of(workspace, jumped) == "0.gate[3,5]=0"


# ---------------------------------------------------------------------------------------- where to look


def test_what_matters_is_one_click_away(workspace: Workspace, handlers: Handlers, start: Exploration) -> None:
    own = SearchHandlers(handlers)
    working, measured, done = own.find(start, "max", "row", *ASKED)
    assert "Measuring" in working[1]
    assert "Measuring others" in measured[1]
    assert "drawn at random" in done[1]
    rows = json.loads(done[0])
    assert all(0 < row["p"] <= 1 and row["controls"] in (15, 20) for row in rows)
    assert [row | {"p": None, "controls": 0} for row in rows] == json.loads(measured[0])
    assert len(rows) == COUNT
    assert all(row["genotype"].endswith(",:]=max") for row in rows)
    chosen = own.choose_finding(start, ADA, event(genotype=rows[0]["genotype"]))
    assert genotype_of(workspace, chosen) == rows[0]["genotype"]
    *_, refused = own.find(start, "max", "row", *EMPTY)
    assert "prompt is empty" in refused[2]


def test_how_special_the_mutation_is_that_is_set(handlers: Handlers, start: Exploration) -> None:
    own = SearchHandlers(handlers)
    _, refused = own.special(start.reset(), *ASKED)
    assert "Nothing is mutated yet" in refused[1]
    working, told = own.special(start, *ASKED)
    assert "Measuring" in working[0]
    assert re.search(r"<b>Number \d+ of 101</b> by its effect .* are number [\d,]+ of 1,536 by size", told[0])


def test_the_sensitivity_map_opens_and_a_block_is_set(
    workspace: Workspace, handlers: Handlers, start: Exploration
) -> None:
    own = SearchHandlers(handlers)
    working, drawn, told = own.map(start, "zero", "", *ASKED)
    assert "One backward pass" in working[1]
    name, _, overview, blocks, notice = drawn
    assert _figure(overview)["data"][0]["y"] == ["q", "k", "v", "o", "gate", "up", "down"]
    assert _figure(blocks)["layout"]["meta"]["matrix"] == name
    assert "rank correlation of estimate and forward pass" in told[1]
    assert notice == ""
    _, opened, _ = own.open_matrix(start, "max", event(x=0, y="up"), *ASKED)
    meta = _figure(opened[3])["layout"]["meta"]
    assert (meta["matrix"], meta["operation"], meta["cell"]) == ("0.up", "max", [64, 64])
    chosen = own.choose_block(start, ADA, event(x=16, y=20, meta=meta))
    assert genotype_of(workspace, chosen) == "0.up=max"  # a tiny matrix is one block
    assert "picture is of the model" in own.choose_block(replace(start, source="another"), ADA, event(meta=meta))[-1]
    assert last(own.redraw(start, "min", "", "kept", *ASKED))[1] == "kept"
    assert "prompt is empty" in last(own.map(start, "zero", "", *EMPTY))[4]


def test_a_model_whose_layers_are_not_known_is_searched_but_has_no_map(tmp_path: Path) -> None:
    source = saved_model(tmp_path)
    workspace = Workspace(source=source, device="cpu")
    model = workspace.models.get()
    object.__setattr__(model, "anatomy", without_layers(model.anatomy))
    handlers, anatomy = Handlers(workspace, Runs()), model.anatomy
    start = Exploration(source=source).pointed_at(Exploration(source="").selection, anatomy)
    own = SearchHandlers(handlers)
    rows = json.loads(last(own.find(start, "zero", "row", *ASKED))[0])
    assert len(rows) == COUNT
    assert all(anatomy.read(row["genotype"]) for row in rows)
    assert "are not known, so there is no map" in last(own.map(start, "zero", "", *ASKED))[4]
    strip, _, figure, *_ = MatrixMapHandlers(handlers).draw(start, WHOLE)
    assert strip == ""
    assert _figure(figure)["layout"]["meta"]["matrix"] == "model.embed_tokens"
    assert "are not known" in SpreadHandlers(handlers).show(start, *ASKED)[3]


# ------------------------------------------------------------------------------------- spread, together


def test_how_it_spreads_and_what_each_layer_says(handlers: Handlers, start: Exploration) -> None:
    own = SpreadHandlers(handlers)
    mutated = Moves(handlers).read_notation(start, "1.down*-2", ADA)[0]
    figure, caption, lens, notice = own.show(mutated, *ASKED)
    shown = _figure(figure)
    assert len(shown["data"][0]["z"]) == 3
    assert "3 × 10" in caption
    assert lens.count("<tr") == 4
    assert notice == ""
    clicked = event(x=5, meta=shown["layout"]["meta"])
    read, _ = own.read_token(start, clicked)  # the mutation that the map is about
    assert "After token 5" in read
    assert "class=parted" in read
    assert "prompt is empty" in own.show(mutated, *EMPTY)[3]
    assert "draw it again" in own.read_token(replace(start, source="another"), clicked)[1]


def test_alone_and_together(workspace: Workspace, handlers: Handlers, start: Exploration) -> None:
    own = TogetherHandlers(handlers)
    bars, pairs, caption, notice = own.compare(start, "0.q*0; 1.down*2; 1.up*0", *ASKED)
    clicks = _figure(bars)["data"][0]["customdata"]
    assert clicks == ["0.q*0", "1.down*2", "1.up*0", "", "0.q*0;1.down*2;1.up*0"]
    assert _figure(pairs)["data"][0]["customdata"][2][0] == "0.q*0;1.up*0"
    assert "Together they add" in caption
    assert notice == ""
    assert genotype_of(workspace, own.choose(start, ADA, event(customdata="0.q*0;1.up*0"))) == "0.q*0;1.up*0"
    assert "not a mutation" in own.choose(start, ADA, event(customdata=""))[-1]
    assert "two mutations or more" in own.compare(start, "", *ASKED)[3]
    both = Moves(handlers).read_notation(start, "0.q*0; 1.down*2", ADA)[0]
    assert own.compare(both, "", *ASKED)[1] == ""  # two mutations are their only pair


# ---------------------------------------------------------------------------------------------------- heads


def test_every_head_is_knocked_out_and_a_click_takes_one_out(
    workspace: Workspace, handlers: Handlers, start: Exploration
) -> None:
    own, kept = HeadsHandlers(handlers), Moves(handlers).stack(start, ADA)[0]
    steps = list(own.map(kept, PROMPT, *ASKED))
    assert "busy" in steps[0][1]
    assert "heads so far" in steps[1][1]
    assert "of 8 change nothing of the answer" in steps[-1][1]
    figure = _figure(steps[-2][0])
    assert figure["layout"]["meta"] == {"model": kept.source, "stacked": genotype_of(workspace, [kept])}
    outputs = own.choose(kept, ADA, event(customdata="1.head3*0", meta=figure["layout"]["meta"]))
    assert genotype_of(workspace, outputs) == f"{genotype_of(workspace, [kept])};1.head3*0"
    assert "prompt is empty" in last(own.map(kept, PROMPT, *EMPTY))[-1]
    assert f"of {ASKED_COUNT} questions are answered right" in last(own.map(start, QUESTIONS, *ASKED))[1]


# ------------------------------------------------------------------------------------- damage and donors


def test_damage_is_mapped_as_it_grows_and_a_click_sets_it(
    workspace: Workspace, handlers: Handlers, start: Exploration
) -> None:
    own = DamageHandlers(handlers)
    steps = list(own.measure(start, "round2, prune50"))
    assert "of 28 measured" in steps[1][1]
    assert "Mean KL of each operation on one matrix" in steps[-2][1]
    held = steps[-1][2]
    assert held[0] == start.source
    figure = _figure(steps[-2][0])
    assert len(figure["data"]) == 2
    outputs = own.choose(start, ADA, event(customdata="1.down=round(2)", meta=figure["layout"]["meta"]))
    assert genotype_of(workspace, outputs) == "1.down=round(2)"
    assert "is no operation" in last(own.measure(start, "burn"))[-1]
    assert "Name what is done" in last(own.measure(start, " "))[-1]
    advised = last(own.advise(start, None, 4.0))
    assert '<table class="advice">' in advised[0]
    assert "nats a token" in advised[0]
    again = list(own.advise(start, (start.source, _table(own, start)), 1.0))
    assert "fewer than the fewest" in again[-1][-1]
    assert len(again) == 2  # nothing is measured again


def _table(own: DamageHandlers, start: Exploration) -> Any:
    return last(own.measure(start, "round2, round3"))[2][1]


def test_a_checkpoint_is_compared_and_its_matrices_grafted(
    workspace: Workspace, handlers: Handlers, start: Exploration, tmp_path: Path
) -> None:
    own, model = DonorsHandlers(handlers), workspace.models.get()
    model.causal_lm.save_pretrained(tmp_path)
    *_, (figure, caption, genotype, notice) = own.compare(start, str(tmp_path))
    assert "are the same" in caption
    assert (genotype, notice) == ("", "")
    refused = own.graft(start, genotype, ADA)
    assert "Compare the weights first" in refused[-1]
    meta = _figure(figure)["layout"]["meta"]
    outputs = own.choose(start, ADA, event(x=1, y="down", meta=meta))
    assert genotype_of(workspace, outputs) == f"1.down=from({tmp_path})"
    assert genotype_of(workspace, own.graft(start, "0.q=from(demo); 1.q=from(demo)", ADA)) == (
        "0.q=from(demo);1.q=from(demo)"
    )
    assert "Name a checkpoint" in last(own.compare(start, None))[-1]
    assert "which is not here" in last(own.compare(start, "./gone"))[-1]
    assert "demo" in own.offer()["choices"]
