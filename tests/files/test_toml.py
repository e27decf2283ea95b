from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.domain.errors import ExplorerError
from explorer.files.evolutions import read_evolutions
from explorer.files.experiments import read_experiments
from explorer.files.presets import read_presets
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


@pytest.mark.parametrize("read", [read_presets, read_experiments, read_evolutions])
def test_two_files_of_one_name_are_refused(read: Callable[[Path], object], tmp_path: Path) -> None:
    for name in ("03-tokyo.toml", "21-tokyo.toml"):
        (tmp_path / name).touch()
    with pytest.raises(ExplorerError, match=r"21-tokyo\.toml: 03-tokyo\.toml has the name 'tokyo' already\. Rename"):
        read(tmp_path)
