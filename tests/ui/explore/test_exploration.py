"""What a page remembers, and which run counts."""

import copy

from explorer.domain.genotype import ZERO
from explorer.domain.notation import format_genotype
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.selection import Selection
from explorer.ui.runs import Runs
from tests.tiny import tiny_model

_ANATOMY = tiny_model("llama").anatomy
_START = Exploration(source="tiny", selection=Selection(layer=1, row=3, column=5))


def _text(exploration: Exploration) -> str:
    return format_genotype(exploration.genotype(_ANATOMY))


def test_stacking_and_removing() -> None:
    exploration = _START.with_genotype(_ANATOMY.read("1.down[3,5]=0;0.q=max"), _ANATOMY)
    assert (exploration.selection.level, exploration.selection.part) == ("matrix", "q")
    assert _text(exploration) == "1.down[3,5]=0;0.q=max"
    stacked = exploration.stacked_up(_ANATOMY)
    assert _text(stacked) == "1.down[3,5]=0;0.q=max"
    assert stacked.operation is None
    assert _text(stacked.without(0, _ANATOMY)) == "0.q=max"
    assert _text(exploration.without(1, _ANATOMY)) == "1.down[3,5]=0"
    assert _text(exploration.without(0, _ANATOMY)) == "0.q=max"
    assert _text(exploration.reset()) == ""


def test_moving_the_controls_takes_the_operation_along() -> None:
    exploration = Exploration(source="tiny", selection=_START.selection, operation=ZERO)
    moved = exploration.pointed_at(Selection(level="row", layer=0, row=7, part="gate"), _ANATOMY)
    assert _text(moved) == "0.gate[7,:]=0"


def _begin(runs: Runs, visitor: str) -> int:
    runs.begin(visitor)
    ticket = runs.claim(visitor)
    assert ticket is not None
    return ticket


def test_only_the_newest_run_counts() -> None:
    runs = Runs()
    first, other = _begin(runs, "ada"), _begin(runs, "bob")
    assert not runs.is_over("ada", first)
    second = _begin(runs, "ada")
    assert runs.is_overtaken("ada", first)
    assert not runs.is_over("ada", second)
    assert not runs.is_over("bob", other)
    runs.stop("ada")
    assert runs.is_over("ada", second)
    assert not runs.is_overtaken("ada", second)
    assert not runs.is_over("ada", _begin(runs, "ada"))
    runs.forget("bob")
    assert runs.is_over("bob", other)
    assert copy.deepcopy(runs) is runs


def test_a_run_is_claimed_once() -> None:
    runs = Runs()
    assert runs.claim("ada") is None
    runs.begin("ada")
    runs.begin("ada")
    assert runs.claim("ada") is not None
    assert runs.claim("ada") is None
