"""Names of operations as they are typed, kept and told."""

import pytest

from explorer.domain.errors import PlanError
from explorer.domain.screened import opposed, ordered, read_name, read_operations, told


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("max", "max"), (" zero ", "zero"), ("=0", "zero"), ("=max", "max"), ("mean", "mean"),
        ("round4", "=round(4)"), ("round(4)", "=round(4)"), ("=round(4, group 32)", "=round(4)"),
        ("prune50", "=prune(0.5)"), ("prune12.5%", "=prune(0.125)"), ("prune2:4", "=prune(2:4)"),
        ("rank10%", "=rank(10%)"), ("rank16", "=rank(16)"), ("unrank1", "=unrank(1)"), ("noise0.5", "+noise(0.5)"),
        ("shuffle", "=shuffle"), ("shuffle3", "=shuffle(seed 3)"), ("flip30", "=flip(30)"), ("*0.5", "*0.5"),
        ("× -1", "*-1"), ("+0.1", "+0.1"), ("3", "=3"), ("~from(demo)*0.3", "~from(demo)*0.3"),
        ("copy(9.down)", "=copy(9.down)"),
    ],
)  # fmt: skip
def test_what_is_typed_has_one_name(typed: str, name: str) -> None:
    assert read_name(typed) == name
    assert read_name(name) == name


def test_a_list_is_cut_at_its_own_commas() -> None:
    assert read_operations("round4, zero,noise(0.1, seed 3), round4,,") == ("=round(4)", "zero", "=noise(0.1, seed 3)")
    assert read_operations("") == ()
    assert told("=round(4)") == "round(4)"
    assert told("*0.5") == "*0.5"
    assert told("=3") == "=3"


@pytest.mark.parametrize(
    "typed",
    ["prune1.2.3", "prune.", "prune", "burn", "round9", "prune150", "*", "round4 round3", "=", "rank", "max min"],
)
def test_what_is_none_is_told(typed: str) -> None:
    with pytest.raises(PlanError, match="is no operation"):
        read_name(typed)


def test_they_stand_in_one_order_and_some_oppose() -> None:
    names = ["=round(10)", "=round(4)", "min", "control", "max+min", None, "max", "=prune(0.5)", "+noise(0.5)"]
    assert ordered(names)[:2] == ["max", "min"]
    assert ordered(names)[2:] == ["+noise(0.5)", "=prune(0.5)", "=round(4)", "=round(10)"]
    assert opposed(["zero", "min", "max"]) == ("max", "min")
    assert opposed(["zero", "*-2", "*2"]) == ("*2", "*-2")
    assert opposed(["=rank(10%)", "=unrank(10%)"]) == ("=rank(10%)", "=unrank(10%)")
    assert opposed(["=rank(10%)", "=unrank(10)", "zero", "*1", "+0"]) is None
