"""Watch files: the format, and what counts as a change."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.domain.errors import WatchError
from explorer.domain.watch import TOLERANCE, Found, Outcome, judge
from explorer.files.watch import read_watch, update_watch

_RESULT = Outcome(
    original="a b c",
    mutated="a x",
    original_tokens=(1, 2, 3),
    mutated_tokens=(1, 9),
    first_divergence=1,
    mean_kl=0.5,
    perplexity=12.0,
    control_ratio=1.5,
)
_FOUND = Found(result=_RESULT, original_gaps=(1, 1, 1), mutated_gaps=(1, 0.0005), near_tie=1e-3)


def _statuses(found: Found, expected: Outcome | None = _RESULT) -> tuple[str, list[str], int]:
    verdict = judge(expected, found, TOLERANCE)
    return verdict.status, [each.what for each in verdict.differences], verdict.near_ties


def test_the_same_is_the_same() -> None:
    assert _statuses(_FOUND) == ("same", [], 0)
    close = replace(_RESULT, mean_kl=0.5002, perplexity=12.001, control_ratio=1.5001)
    assert _statuses(replace(_FOUND, result=close)) == ("same", [], 0)
    assert _statuses(_FOUND, expected=None) == ("new", [], 0)


def test_measures_may_differ_by_the_tolerance_alone() -> None:
    far = replace(_RESULT, mean_kl=0.51, control_ratio=math.inf)
    assert _statuses(replace(_FOUND, result=far)) == ("changed", ["mean kl", "control ratio"], 0)
    assert judge(_RESULT, replace(_FOUND, result=replace(_RESULT, mean_kl=0.51)), 0.1).status == "same"
    silent = replace(_RESULT, mean_kl=1e-9)
    assert _statuses(replace(_FOUND, result=replace(silent, mean_kl=3e-8)), silent) == ("same", [], 0)
    overflowing = replace(_RESULT, mean_kl=math.inf, perplexity=None)
    assert _statuses(replace(_FOUND, result=overflowing), overflowing) == ("same", [], 0)


def test_tokens_are_compared_exactly() -> None:
    earlier = replace(_RESULT, mutated="b x", mutated_tokens=(2, 9), first_divergence=0)
    assert _statuses(replace(_FOUND, result=earlier)) == ("changed", ["mutated text", "first divergence"], 0)
    longer = replace(_RESULT, original="a b", original_tokens=(1, 2))
    assert _statuses(replace(_FOUND, result=longer)) == ("changed", ["original text"], 0)


def test_a_near_tie_is_counted_and_is_no_change() -> None:
    other = replace(_RESULT, mutated="a y", mutated_tokens=(1, 8), perplexity=99.0)
    assert _statuses(replace(_FOUND, result=other)) == ("near tie", [], 1)
    worse = replace(other, mean_kl=3.0)  # it is measured over the original's tokens, which are the same
    assert _statuses(replace(_FOUND, result=worse)) == ("changed", ["mean kl"], 1)
    both = replace(worse, original="a b d", original_tokens=(1, 2, 4))
    assert _statuses(replace(_FOUND, result=both, original_gaps=(1, 1, 0))) == ("near tie", [], 2)


_FILE = """# kept
model = "demo"

[[run]]  # the first
genotype = "1.down*0"
prompt = "Hello"

[[run]]
genotype = "2.down*0"
prompt = "Hello again"
chat = false
max_new_tokens = 8
temperature = 0.5
seed = 3
"""


def test_update_writes_what_reading_gives_back(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(_FILE)
    read = read_watch(path)
    assert (read.model, [run.line for run in read.runs], read.made) == ("demo", [4, 8], {})
    assert (read.runs[0].chat, read.runs[1].chat, read.runs[1].decoding.seed) == (None, False, 3)
    odd = replace(_RESULT, first_divergence=None, perplexity=None, mean_kl=math.inf, mutated='"\n')
    for results in ((_RESULT, odd), (odd, _RESULT)):  # also where there are some already
        update_watch(read, results, {"torch": "2.13.0"})
        again = read_watch(path)
        assert tuple(run.expected for run in again.runs) == results
        assert again.made == {"torch": "2.13.0"}
    text = path.read_text()
    assert text.startswith("# kept\n")
    assert "[[run]]  # the first" in text
    assert [each.name for each in tmp_path.iterdir()] == ["w.toml"]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.toml"
    path.write_text(_FILE)
    read = read_watch(path)

    def fill(*_arguments: object, **_options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fill)
    with pytest.raises(WatchError, match=r"No space left .* as it was"):
        update_watch(read, (_RESULT, _RESULT), {})
    assert path.read_text() == _FILE
    assert [each.name for each in tmp_path.iterdir()] == ["w.toml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing is watched"),
        ("run = [{genotype = '1.q*0', prompt = 'x'}]", "nothing is watched"),
        ("models = 'x'", r"w\.toml, line 1: there is no key 'models'"),
        ("[[run]]\ngenotype = '1.q*0'", "line 1: this run has no prompt"),
        ("[[run]]\ngenotype = '1.q*0'\nprompt = 'x'\n\n[[run]]\nprompt = 3", "line 6: 'prompt' must be of type str"),
        ("[[run]]\ngenotype = '1.q'\nprompt = 'x'", "line 1: "),
        ("[[run]]\ngenotype = '1.q*0'\nprompt = ' '", "prompt is empty"),
        ("[[run]]\ngenotype = '1.q*0'\nprompt = 'x'\ntop_p = 3", "Top-p"),
        ("[[run]]\ngenotype = '1.q*0'\nprompt = 'x'\n[run.expected]\nmutated = 'x'", "'expected' has no original"),
        ("[[run]]\ngenotype = '1.q*0'\nprompt = 'x'\n[run.expected]\ncolour = 'x'", "line 5: there is no key 'colour'"),
        ("run 3", "line 1"),
    ],
)
def test_a_bad_file_gets_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "w.toml"
    path.write_text(text)
    with pytest.raises(WatchError, match=words):
        read_watch(path)
