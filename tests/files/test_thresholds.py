"""Thresholds: their file, and what is said when one is passed."""

import math
from pathlib import Path

import pytest

from explorer.domain.errors import WatchError
from explorer.domain.thresholds import Accuracy, Measured, Thresholds, passed
from explorer.files.settings import Settings
from explorer.files.thresholds import read_thresholds


def test_the_bundled_file() -> None:
    assert read_thresholds(Settings().thresholds) == Thresholds(control_ratio=2.0, mean_kl=1.0)


def test_what_is_said() -> None:
    limits = Thresholds(control_ratio=2, mean_kl=0.5, accuracy_drop=0.05)
    accuracy = Accuracy(task="capitals", original=0.8, mutated=0.5)
    assert passed(limits, Measured(control_ratio=31.2, mean_kl=math.inf, accuracy=accuracy)) == (
        "perplexity of the control text ×31.2 (limit ×2)",
        "mean KL ∞ nats (limit 0.5)",
        "accuracy in capitals 80% → 50% (limit −5%)",
    )
    assert passed(limits, Measured(control_ratio=12345, mean_kl=0.1)) == (
        "perplexity of the control text ×12,345 (limit ×2)",
    )


def test_what_is_not_passed_is_not_said() -> None:
    limits = Thresholds(control_ratio=2, mean_kl=0.5, accuracy_drop=0.05)
    better = Accuracy(task="capitals", original=0.5, mutated=0.8)
    assert passed(limits, Measured(control_ratio=2, mean_kl=0.5, accuracy=better)) == ()
    worst = Accuracy(task="capitals", original=1, mutated=0)
    assert passed(Thresholds(), Measured(control_ratio=math.inf, mean_kl=math.inf, accuracy=worst)) == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mean_kl = 1\nheat = 3", r"t\.toml, line 2: there is no threshold 'heat'"),
        ("\nmean_kl = -1", "line 2: 'mean_kl' must be a number of 0 or more"),
        ('control_ratio = "2"', "line 1: 'control_ratio' must be a number"),
        ("mean_kl = nan", "must be a number of 0 or more"),
        ("mean_kl 3", "line 1"),
    ],
)
def test_a_bad_file_gets_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(text)
    with pytest.raises(WatchError, match=words):
        read_thresholds(path)


def test_a_missing_file_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WatchError, match="cannot be read"):
        read_thresholds(tmp_path / "none.toml")
