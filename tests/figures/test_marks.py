"""What is drawn around on a map."""

from typing import Any

import pytest

from explorer.figures.marks import encircled

PLAIN = {"layer": 3, "kind": "down", "cell": 1, "transposed": False}
BOX = ([0.6, 2.4, 2.4, 0.6], [0.6, 0.6, 3.4, 3.4])


@pytest.mark.parametrize(
    ("change", "blocks"),
    [
        ({}, [(range(1, 4), range(1, 3))]),
        ({"transposed": True}, [(range(1, 3), range(1, 4))]),
        ({"cell": 2}, []),  # the middles of its cells are at a half, and at two and a half
        ({"cell": 3}, [(range(3), range(3))]),
        ({"rows": [9, 4, 5, 6], "columns": [7, 0, 1]}, [(range(4, 7), range(0, 2))]),
        ({"rows": [0, 8], "columns": [0, 3]}, [(range(8, 9), range(3, 4))]),
    ],
)
def test_a_box_is_the_units_whose_middle_lies_in_it(change: dict[str, Any], blocks: list[tuple[range, range]]) -> None:
    assert encircled({**PLAIN, **change}, *BOX) == blocks


def test_a_loop_takes_what_lies_inside_and_nothing_beside() -> None:
    triangle = [-0.5, 4.2, -0.5], [-0.5, -0.5, 4.2]
    found = encircled(PLAIN, *triangle)
    cells = {(row, column) for rows, columns in found for row in rows for column in columns}
    assert cells == {(row, column) for row in range(5) for column in range(5) if row + column < 3.7}


def test_nothing_is_inside_a_box_between_two_cells() -> None:
    assert encircled(PLAIN, [0.1, 0.9, 0.9, 0.1], [0.1, 0.1, 0.9, 0.9]) == []
