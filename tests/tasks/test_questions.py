"""Folders of questions: those that come along, MMLU's layout, and each way of getting one wrong."""

from collections import Counter
from pathlib import Path

import pytest
import torch
from scipy.stats import binomtest
from torch.nn.utils.rnn import pad_sequence

from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Question, QuestionSet, Task
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.tasks.prompts import Put, put
from explorer.tasks.questions import bundled_questions, has_lists, listed_questions, read_questions
from explorer.tasks.sample import draw


@pytest.fixture(scope="module")
def bundled() -> QuestionSet:
    return bundled_questions(Settings().questions_folder)


def _write(folder: Path, split: str, subject: str, text: str) -> Path:
    path = folder / split / f"{subject}_{split}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def _read(folder: Path, split: str = "test", subjects: list[str] | None = None) -> QuestionSet:
    return read_questions(folder, name="x", title="X", form="letter", split=split, subjects=subjects)


def test_the_bundled_questions_are_many_and_distinct(bundled: QuestionSet) -> None:
    counts = Counter(question.subject for question in bundled.questions)
    examples = [example for shown in bundled.examples.values() for example in shown]
    texts = [question.text for question in (*bundled.questions, *examples)]
    assert len(bundled.questions) >= 200
    assert (len(counts), set(counts.values())) == (10, {24})
    assert {subject: len(shown) for subject, shown in bundled.examples.items()} == dict.fromkeys(counts, 5)
    assert len(set(texts)) == len(texts)
    assert len({question.name for question in bundled.questions}) == len(bundled.questions)


def test_the_right_choice_is_in_each_place_equally_often(bundled: QuestionSet) -> None:
    places = Counter((question.subject, question.answer) for question in bundled.questions)
    assert set(places.values()) == {6}


def test_choices_are_distinct_and_of_a_length(bundled: QuestionSet) -> None:
    for question in bundled.questions:
        assert len({choice.lower() for choice in question.choices}) == 4, question
        assert all(choice and choice == choice.strip() for choice in question.choices), question
        assert len({len(choice.split()) for choice in question.choices}) <= 2, question
    right = sum(len(question.choices[question.answer]) for question in bundled.questions)
    every = sum(len(choice) for question in bundled.questions for choice in question.choices)
    assert right / (every / 4) == pytest.approx(1, abs=0.1)


def test_mmlu_layout(tmp_path: Path) -> None:
    _write(tmp_path, "test", "us_history", 'When?,1,2,3,4,B\r\n"He said ""no"",\nthen?",a,"b, c",d,e,D\r\n')
    _write(tmp_path, "test", "algebra", "\ufeffHow many? , 1,2,3,4,A\n\n")
    _write(tmp_path, "dev", "us_history", "Who?,a,b,c,d,C\n")
    questions = _read(tmp_path)
    assert (questions.name, questions.title, questions.form) == ("x", "X", "letter")
    assert [question.name for question in questions.questions] == ["algebra-1", "us_history-1", "us_history-2"]
    assert questions.questions[0].choices == ("1", "2", "3", "4")
    assert questions.questions[2] == Question(
        name="us_history-2",
        subject="us_history",
        text='He said "no",\nthen?',
        choices=("a", "b, c", "d", "e"),
        answer=3,
    )
    assert {subject: len(shown) for subject, shown in questions.examples.items()} == {"us_history": 1}


def test_subjects_are_chosen_by_name(tmp_path: Path) -> None:
    for subject in ("a", "b", "c"):
        _write(tmp_path, "val", subject, "Q,1,2,3,4,A\n")
    assert [question.subject for question in _read(tmp_path, "val", ["c", "a", "c"]).questions] == ["c", "a"]
    with pytest.raises(TaskError, match=r"has no subject 'd'\. Choose from: a, b, c"):
        _read(tmp_path, "val", ["d"])


def test_lists_of_what_a_model_gets_right_and_wrong(tmp_path: Path) -> None:
    for name, subject, text in (
        ("test_right", "algebra", "Q1,1,2,3,4,A\nQ2,1,2,3,4,B\n"),
        ("test_wrong", "algebra", "Q3,1,2,3,4,C\n"),
        ("test_wrong", "law", "Q4,1,2,3,4,D\n"),
        ("dev", "algebra", "Q5,1,2,3,4,A\n"),
    ):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / f"{subject}_{'dev' if name == 'dev' else 'test'}.csv").write_text(text, encoding="utf-8")
    assert has_lists(tmp_path)
    assert not has_lists(tmp_path / "dev")
    listed = listed_questions(tmp_path)
    assert [each.name for each in listed.questions] == [
        "right-algebra-1", "right-algebra-2", "wrong-algebra-1", "wrong-law-1",
    ]  # fmt: skip
    assert list(listed.examples) == ["algebra"]
    assert [each.name for each in listed_questions(tmp_path, ["law"]).questions] == ["wrong-law-1"]
    with pytest.raises(TaskError, match=r"nothing of a subject 'art'\. Choose from: algebra, law"):
        listed_questions(tmp_path, ["art"])
    task = Task(questions=listed, right=1, wrong=1)
    drawn = draw(task, [True, True, False, False])
    assert [each.name for each in drawn.questions] == ["right-algebra-1", "wrong-algebra-1"]  # the first of each


def test_examples_are_not_shown_before_themselves(tmp_path: Path) -> None:
    _write(tmp_path, "dev", "a", "Q,1,2,3,4,A\n")
    assert _read(tmp_path, "dev").examples == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Q,1,2,3,4,A\nQ,1,2,3,4,E\n", r"a_test\.csv, line 2: the answer must be A, B, C or D, not 'E'"),
        ("Q,1,2,3,4,AB\n", "not 'AB'"),
        ("Q,1,2,3,4,\n", "not ''"),
        ('"Q\nq",1,2,3,4,A\nQ,1,2,3,A\n', "line 3: this question has 5 fields"),
        ("Q,1,2,3,4,5,A\n", "line 1: this question has 7 fields"),
        (" ,1,2,3,4,A\n", "line 1: the question is empty"),
        ("\n", "holds no question"),
        ('"' + "a" * 200_000 + '"\n', "line 1: field larger than field limit"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    _write(tmp_path, "test", "a", text)
    with pytest.raises(TaskError, match=words):
        _read(tmp_path)


def test_folders_that_hold_no_questions(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"There is no folder .*test"):
        _read(tmp_path)
    (tmp_path / "test").mkdir()
    with pytest.raises(TaskError, match=r"holds no file named <subject>_test\.csv"):
        _read(tmp_path)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    _write(tmp_path, "test", "a", "").write_bytes(b"caf\xe9,1,2,3,4,A\n")
    with pytest.raises(TaskError, match="must be a CSV file in UTF-8"):
        _read(tmp_path)


def test_the_demo_model_knows_the_answers_of_many(demo: LoadedModel, bundled: QuestionSet) -> None:
    asked = bundled.questions[::3]
    right = sum(_choice(demo, put(question, bundled)) == question.answer for question in asked)
    assert binomtest(right, len(asked), 0.25, alternative="greater").pvalue < 1e-6
    assert 0.6 < right / len(asked) < 0.95


def _choice(model: LoadedModel, asked: Put) -> int:
    """The continuation of the highest log-likelihood; all are read at once, in full."""
    before, *after = (
        model.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (asked.prompt, *asked.continuations)
    )
    rows = pad_sequence([torch.tensor(before + tokens) for tokens in after], batch_first=True)
    with torch.inference_mode():
        logits = model.causal_lm(rows).logits[:, len(before) - 1 : -1].log_softmax(-1)
    places = rows[:, len(before) :, None]
    gained = logits.gather(2, places)[..., 0]
    return max(range(len(after)), key=lambda row: float(gained[row, : len(after[row])].sum()))
