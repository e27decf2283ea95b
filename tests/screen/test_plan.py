"""Which mutants a plan has."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.domain.errors import PlanError
from explorer.domain.screened import Unit
from explorer.screen.plan import (
    CONTROL,
    CONTROL_EVERY,
    Plan,
    Rectangle,
    as_stored,
    check_sites,
    matching,
    planned,
    planned_count,
    rectangle_of,
)
from tests.tiny import tiny_model

_LLAMA = tiny_model("llama").anatomy
_GPT2 = tiny_model("gpt2").anatomy
_MIXTURE = tiny_model("mixtral").anatomy


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ("*.down", ["0.down", "1.down"]),
        ("0-1.v, 1.q", ["0.v", "1.q", "1.v"]),
        ("1.*", [f"1.{kind}" for kind in ("q", "k", "v", "o", "gate", "up", "down")]),
    ],
)
def test_patterns(patterns: str, names: list[str]) -> None:
    assert [matrix.name for matrix in matching(_LLAMA, patterns)] == names


def test_patterns_of_a_mixture() -> None:
    assert [m.name for m in matching(_MIXTURE, "1.expert2.*, 0.expert0.down")] == [
        "0.expert0.down", "1.expert2.gate", "1.expert2.up", "1.expert2.down",
    ]  # fmt: skip


def test_vectors_are_meant_where_they_are_named() -> None:
    assert [m.name for m in matching(_GPT2, "1.*.bias")] == [
        f"1.{kind}.bias" for kind in ("q", "k", "v", "o", "up", "down", "attn_norm", "mlp_norm")
    ]
    assert [m.name for m in matching(_GPT2, "*.attn_norm, 0.q.bias")] == ["0.attn_norm", "0.q.bias", "1.attn_norm"]
    assert all(matrix.columns > 1 for matrix in matching(_GPT2, "*.*, 1.*"))


@pytest.mark.parametrize("patterns", ["", "down", "7.q", "*.norm", "1.attn_*", "2-5.down"])
def test_a_pattern_of_nothing_is_refused(patterns: str) -> None:
    with pytest.raises(PlanError, match=r"no pattern|names no matrix"):
        matching(_LLAMA, patterns)


def test_only_the_units_in_the_places_of_a_plan() -> None:
    matrices = matching(_LLAMA, "0.down, 1.down")
    first = matrices[0]
    assert (first.rows, first.columns) == (32, 48)
    plan = Plan(matrices="*.down", step=8, operations=("zero",), sites=("0.down[0:9,44:]", "0.down[31,:]"))
    taken = [(item.down, item.across) for item in planned(plan, first) if item.operation != "control"]
    assert taken == [(0, 5), (1, 5), *((3, across) for across in range(6))]  # one weight of a unit inside is enough
    assert planned_count(plan, first) == 8 + 1
    assert planned_count(plan, matrices[1]) == 0
    assert not list(planned(replace(plan, rate=0.5), matrices[1]))
    assert planned_count(replace(plan, rate=0.5), first) == 4 + 1
    check_sites(plan, matrices)
    with pytest.raises(PlanError, match=r"not in a matrix that is screened: these are 0\.down"):
        check_sites(replace(plan, sites=("1.q",)), matrices)
    with pytest.raises(PlanError, match=r"lies outside: 0\.down has 32 rows, 48 columns"):
        check_sites(replace(plan, sites=("0.down[40:50,:]",)), matrices)


@pytest.mark.parametrize(
    ("site", "rows", "columns"),
    [
        ("1.q[2:4,3:5]", (2, 4), (3, 5)),
        (" 1.q[7,:] ", (7, 8), (0, 2**40)),
        ("1.attn_norm[7]", (7, 8), (0, 2**40)),
        ("1.q[:, 9]", (0, 2**40), (9, 10)),
        ("1.q[:3,:]", (0, 3), (0, 2**40)),
        ("1.q", (0, 2**40), (0, 2**40)),
    ],
)
def test_places_as_rectangles(site: str, rows: tuple[int, int], columns: tuple[int, int]) -> None:
    assert rectangle_of(site) == Rectangle(site.strip().partition("[")[0], rows, columns)


@pytest.mark.parametrize(
    "site",
    [
        "",
        "q[1,2]",
        "*.q[1:2,:]",
        "1.q[1:2:3,:]",
        "1.q[-1,:]",
        "1.q[4:4,:]",
        "1.q[1,2,3]",
        "1.q[7]",
        "1.attn",
        "1.head2",
    ],
)
def test_what_is_no_place_is_refused(site: str) -> None:
    with pytest.raises(PlanError, match=r"no place of (a|one) matrix"):
        Plan(matrices="1.q", sites=(site,))


def test_a_plan_without_places_is_stored_as_before_there_were_any() -> None:
    assert "sites" not in as_stored(Plan(matrices="1.q"))
    assert as_stored(Plan(matrices="1.q", sites=("1.q[0,:]",)))["sites"] == ("1.q[0,:]",)


def test_wrong_plans_are_refused() -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"step": 0}, "1 or more"),
        ({"rate": 0.0}, "above 0"),
        ({"operations": ("max", "burn")}, "'burn' is no operation"),
        ({"operations": ()}, "name operations, such as max"),
    )
    for wrong, words in cases:
        with pytest.raises(PlanError, match=words):
            Plan(matrices="*.q", **wrong)


@given(st.sampled_from(["block", "row", "column", "weight"]), st.integers(1, 70), st.sampled_from([1.0, 0.3, 0.01]))
def test_units_cover_a_matrix_once_for_each_operation(unit: Unit, step: int, rate: float) -> None:
    plan = Plan(matrices="1.down", unit=unit, step=step, rate=rate, operations=("max", "zero"))
    (matrix,) = matching(_LLAMA, plan.matrices)
    items = list(planned(plan, matrix))
    assert len(items) == planned_count(plan, matrix)
    controls = [item for item in items if item.operation == "control"]
    assert len(controls) == -(-(len(items) - len(controls)) // CONTROL_EVERY)
    assert all(item.mutation.operation == CONTROL for item in controls)
    seen: Counter[tuple[int, int]] = Counter()
    for item in items:
        if item.operation == "max":
            (target,) = _LLAMA.targets(item.mutation.site)
            seen.update((row, column) for row in target.rows for column in target.columns)
    assert set(seen.values()) == {1}
    if rate == 1:
        assert len(seen) == matrix.size
    assert list(planned(plan, matrix)) == items


@pytest.mark.parametrize(("count", "places"), [(1, [0]), (100, [0]), (101, [0, 101]), (201, [0, 101, 202])])
def test_a_control_goes_before_every_hundred(count: int, places: list[int]) -> None:
    (matrix,) = matching(_LLAMA, "1.down")
    plan = Plan(matrices="1.down", unit="weight", rate=count / matrix.size, operations=("zero",))
    items = list(planned(plan, matrix))
    assert [place for place, item in enumerate(items) if item.operation == "control"] == places
    assert planned_count(plan, matrix) == len(items) == count + len(places)


def test_a_draw_differs_from_matrix_to_matrix_and_by_seed() -> None:
    first, second = matching(_LLAMA, "0-1.up")
    plan = Plan(matrices="0-1.up", unit="weight", rate=0.05, operations=("zero",))
    places = [{(item.down, item.across) for item in planned(plan, matrix)} for matrix in (first, second)]
    other = Plan(matrices="0-1.up", unit="weight", rate=0.05, operations=("zero",), seed=1)
    assert places[0] != places[1]
    assert places[0] != {(item.down, item.across) for item in planned(other, first)}
