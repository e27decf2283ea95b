"""Files of inputs: those that come along, both formats, and each way of getting one wrong."""

from pathlib import Path

import pytest

from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Input
from explorer.files.settings import Settings
from explorer.tasks.inputs import read_inputs


def test_the_bundled_inputs_are_as_many_as_the_study_has() -> None:
    inputs = read_inputs(Settings().inputs_file)
    kinds = [asked.kind for asked in inputs]
    assert (kinds.count("literary"), kinds.count("factual"), len(inputs)) == (101, 50, 151)


def test_the_bundled_inputs_are_short_and_distinct() -> None:
    texts = [asked.text for asked in read_inputs(Settings().inputs_file)]
    assert len({text.lower() for text in texts}) == len(texts)
    assert all(4 <= len(text.split()) <= 20 for text in texts)


def test_the_bundled_inputs_begin_variously() -> None:
    first_words = [asked.text.split()[0] for asked in read_inputs(Settings().inputs_file)]
    assert len(set(first_words)) > 60
    assert max(first_words.count(word) for word in set(first_words)) < len(first_words) / 8


def test_a_toml_file_has_a_list_for_each_kind(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('factual = ["Why?"]\nliterary = [\n  "Sing.",\n  " Tell: a tale ",\n]\n', encoding="utf-8")
    assert read_inputs(path) == (
        Input(kind="literary", text="Sing."),
        Input(kind="literary", text="Tell: a tale"),
        Input(kind="factual", text="Why?"),
    )


def test_a_text_file_has_an_input_a_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("\ufeffSing.\n\nfactual: Why: how?\r\nliterary:Tell.\nNote: rain.\n", encoding="utf-8")
    assert read_inputs(path) == (
        Input(kind="literary", text="Sing."),
        Input(kind="factual", text="Why: how?"),
        Input(kind="literary", text="Tell."),
        Input(kind="literary", text="Note: rain."),
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.toml", 'literary = ["a"]\nodd = ["b"]', r"x\.toml, line 2: there is no kind 'odd'"),
        ("x.toml", '\nfactual = "a"', "line 2: 'factual' must be a list of texts"),
        ("x.toml", 'literary = ["a", 3]', "line 1: 'literary' must be a list of texts"),
        ("x.toml", 'literary = [" "]', "none of them empty"),
        ("x.toml", "literary = [a]", r"x\.toml: .*line 1"),
        ("x.toml", 'literary = ["a"]\nfactual = [\n"b",\n"a",\n]', "line 4: this input is there already: 'a'"),
        ("x.toml", "literary = []", "holds no input"),
        ("x.txt", "\n \n", "holds no input"),
        ("x.txt", "a\nfactual: ", r"x\.txt, line 2: no input follows 'factual:'"),
        ("x.txt", "one\ntwo\nfactual: one", "line 3: this input is there already: 'one'"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TaskError, match=words):
        read_inputs(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"caf\xe9")
    with pytest.raises(TaskError, match="cannot be read"):
        read_inputs(tmp_path / "none.txt")
    with pytest.raises(TaskError, match="cannot be read"):
        read_inputs(tmp_path / "x.txt")
