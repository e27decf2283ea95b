"""Experiment files: those that come along, and each way of getting one wrong."""

from pathlib import Path

import pytest

from explorer.domain.errors import ExperimentError
from explorer.files.experiments import read_experiment, read_experiments
from explorer.files.settings import Settings


def test_the_bundled_experiments() -> None:
    experiments = {experiment.name: experiment for experiment in read_experiments(Settings().experiments_folder)}
    assert {"drosophila", "python0", "python10", "java", "newton", "p53"} <= set(experiments)
    assert experiments["python0"].prompt == experiments["python10"].prompt
    assert experiments["python10"].decoding.seed == 10
    assert experiments["drosophila"].decoding.temperature == 0.7
    assert all(experiment.purpose for experiment in experiments.values())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('prompt = "a"\ncolour = 3', r"x\.toml, line 2: there is no key 'colour'"),
        ('prompt = "a"\n\n[decoding]\nheat = 3', "line 4: there is no key 'heat'"),
        ('prompt = "a"\nchat = "yes"', "line 2: 'chat' must be of type bool"),
        ('prompt = "a"\n[decoding]\ntop_p = 3.0', "Top-p must be above 0"),
        ("prompt = 3 4", "line 1"),
        ('title = "no prompt"', "'prompt' is missing"),
        ('prompt = " "', "prompt is empty"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExperimentError, match=words):
        read_experiment(path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="cannot be read"):
        read_experiment(tmp_path / "none.toml")


def test_a_small_file_gets_defaults(tmp_path: Path) -> None:
    path = tmp_path / "07-mine.toml"
    path.write_text('prompt = "Say something."', encoding="utf-8")
    experiment = read_experiment(path)
    assert (experiment.name, experiment.title, experiment.prompt.chat) == ("mine", "mine", True)
