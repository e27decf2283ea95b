import pytest

from explorer.domain.genotype import ALL, Slice, unit_span


@pytest.mark.parametrize(
    ("place", "size", "length", "span"),
    [
        (0, 4, 4, ALL),
        (0, 5, 4, ALL),
        (0, 3, 4, Slice(0, 3)),
        (1, 3, 4, Slice(3, 4)),
        (2, 1, 4, Slice(2, 3)),
    ],
)
def test_the_span_of_a_unit(place: int, size: int, length: int, span: Slice) -> None:
    assert unit_span(place, size, length) == span
