"""The numbers of targets, by hand."""

import pytest

from explorer.domain.evolution import read_target
from explorer.evolution.targets import of_answers

ORIGINAL = "The sky is blue because of the light."
ANSWERS = [ORIGINAL, "Honey tastes sweet.", "", "no no no no no no no no no no no no no no no no no no no no"]


@pytest.mark.parametrize(
    ("target", "items"),
    [
        ("says:sw[e]+t", [0, 1, 0, 0]),
        ("readable", [1, 1, 0, 0]),
        ("same", [1, 0, 0, 0]),
        ("cosine:far", [1, 0, 0, 0]),
        ("odd", [0, 1, 0, 0]),
        ("style:loop", [0, 0, 0, 1]),
    ],
)
def test_what_each_answer_counts(target: str, items: list[float]) -> None:
    assert of_answers(read_target(target), ANSWERS, [ORIGINAL] * len(ANSWERS)) == pytest.approx(items)


def test_a_line_break_is_written_in_one_line() -> None:
    target = read_target("likely:w7⏎w8")
    assert (target.text, target.name) == ("w7\nw8", "likely:w7⏎w8")
    assert read_target(target.name) == target
