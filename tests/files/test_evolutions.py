"""Evolutions as TOML files: what is read, and what is refused with its file and line."""

from pathlib import Path

import pytest

from explorer.domain.decoding import Decoding
from explorer.domain.errors import EvolutionError
from explorer.files.evolutions import read_evolution

WHOLE = """
title = "Mine"
targets = ["says: Tokyo", "damage"]
prompts = ["a", "b", "c\\nd", "e"]
"""


def test_a_file_says_all_that_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "3-mine.toml"
    path.write_text(WHOLE + "[decoding]\nmax_new_tokens = 5\ntemperature = 1\nseed = 4\n", encoding="utf-8")
    found = read_evolution(path)
    assert found.name == "mine"
    assert [target.name for target in found.evolution.targets] == ["says:Tokyo", "damage"]
    assert found.evolution.prompts == ("a", "b", "c\nd", "e")
    assert found.evolution.decoding == Decoding(max_new_tokens=5, temperature=1, seed=4)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("max_new_tokens = 2.5", "line 7: 'max_new_tokens' must be of type int"),
        ("max_new_tokens = true", "line 7: 'max_new_tokens' must be of type int"),
        ("seed = 0.5", "line 7: 'seed' must be of type int"),
        ("top_k = 2.5", "line 7: 'top_k' must be of type int"),
        ('temperature = "3"', "line 7: 'temperature' must be of type int or float"),
        ("bogus = 1", "line 7: there is no key 'bogus'"),
        ("max_new_tokens = 0", "must be 1 or more"),
    ],
)
def test_what_is_wrong_of_decoding_is_told_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"{WHOLE}\n[decoding]\n{line}\n", encoding="utf-8")
    with pytest.raises(EvolutionError, match=r"mine\.toml") as fault:
        read_evolution(path)
    assert said in str(fault.value)
