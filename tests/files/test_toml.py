import pytest

from explorer.files.toml import line_of

_TEXT = """[first]
value = 1
[second]
value = 2
"""


@pytest.mark.parametrize(
    ("key", "start", "line"),
    [("value", 1, 2), ("value", 2, 2), ("value", 3, 4), ("value", 4, 4), ("second", 1, 3), ("other", 3, 3)],
)
def test_the_line_of_a_key(key: str, start: int, line: int) -> None:
    assert line_of(_TEXT, key, start) == line
