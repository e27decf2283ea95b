"""Multiple-choice questions in MMLU's layout: folders `dev`, `val` and `test` with a CSV file a subject.

Owns the format, which docs/tasks.md describes; how a question is put to a model is `prompts`' matter.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Question, QuestionForm, QuestionSet

EXAMPLES_SPLIT = "dev"
"""The folder of the questions that are shown, answered, before others."""

LISTS = ("test_right", "test_wrong")
"""The folders of questions that a model gets right, and wrong."""
BUNDLED = "facts"
"""The name of the questions that come along."""
_LETTERS = "ABCD"
_FIELDS = 2 + len(_LETTERS)


def read_questions(
    folder: Path,
    *,
    name: str,
    title: str,
    form: QuestionForm,
    split: str = "test",
    subjects: Sequence[str] | None = None,
) -> QuestionSet:
    """Read `folder/split/<subject>_<split>.csv` of the subjects named, by default of all, in alphabetical order.

    The examples come from `folder/dev`, where it has the subject. Raises TaskError with file and line.
    """
    files = _files(folder, split)
    if not files:
        raise TaskError(
            f"{folder / split} holds no file named <subject>_{split}.csv. Name a folder laid out as MMLU's."
        )
    chosen = tuple(dict.fromkeys(subjects or files))
    for subject in chosen:
        if subject not in files:
            raise TaskError(f"{folder / split} has no subject '{subject}'. Choose from: {', '.join(files)}.")
    return QuestionSet(
        name=name,
        title=title,
        form=form,
        questions=tuple(question for subject in chosen for question in _read(files[subject], subject)),
        examples=_examples(folder, chosen) if split != EXAMPLES_SPLIT else {},
    )


def bundled_questions(folder: Path, subjects: Sequence[str] | None = None) -> QuestionSet:
    """The questions that come along, or those of the folder that stands in for them. Raises TaskError."""
    return read_questions(folder, name=BUNDLED, title="Short facts", form="cloze", subjects=subjects)


def has_lists(folder: Path) -> bool:
    """Whether a folder lists the questions that a model gets right, and those that it gets wrong."""
    return all((folder / name).is_dir() for name in LISTS)


def listed_questions(folder: Path, subjects: Sequence[str] | None = None) -> QuestionSet:
    """The questions of `folder/test_right/<subject>_test.csv`, then those of `folder/test_wrong`, in their order.

    The examples come from `folder/dev`, where it has the subject. Raises TaskError with file and line.
    """
    lists = {name: _files(folder, name, ending="_test.csv") for name in LISTS}
    known = sorted(set().union(*lists.values()))
    chosen = tuple(dict.fromkeys(subjects or known))
    for subject in chosen:
        if subject not in known:
            raise TaskError(f"{folder} lists nothing of a subject '{subject}'. Choose from: {', '.join(known)}.")
    if not known:
        raise TaskError(f"{folder} holds no file named <subject>_test.csv in {' or '.join(LISTS)}.")
    questions = [
        replace(each, name=f"{name.removeprefix('test_')}-{each.name}")
        for name, files in lists.items()
        for subject in chosen
        if subject in files
        for each in _read(files[subject], subject)
    ]
    return QuestionSet(
        name=folder.name,
        title=f"Questions of {folder.name}",
        form="letter",
        questions=tuple(questions),
        examples=_examples(folder, chosen),
        is_listed=True,
    )


def _examples(folder: Path, subjects: Sequence[str]) -> dict[str, tuple[Question, ...]]:
    if not (folder / EXAMPLES_SPLIT).is_dir():
        return {}
    files = _files(folder, EXAMPLES_SPLIT)
    return {subject: _read(files[subject], subject) for subject in subjects if subject in files}


def _files(folder: Path, split: str, ending: str | None = None) -> dict[str, Path]:
    """By subject."""
    if not (folder / split).is_dir():
        raise TaskError(
            f"There is no folder {folder / split}. Name one laid out as MMLU's: with dev, test or val in it."
        )
    ending = ending or f"_{split}.csv"
    return {path.name.removesuffix(ending): path for path in sorted((folder / split).glob(f"?*{ending}"))}


def _read(path: Path, subject: str) -> tuple[Question, ...]:
    try:
        questions = tuple(
            _question(path, line, fields, f"{subject}-{number}", subject)
            for number, (line, fields) in enumerate(_rows(path), 1)
        )
    except (OSError, UnicodeDecodeError) as fault:
        raise TaskError(f"{path} cannot be read: {fault}. It must be a CSV file in UTF-8.") from fault
    if not questions:
        raise TaskError(f"{path} holds no question. Write one on each line, or remove the file.")
    return questions


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the line that it begins on: a field in quotes may hold several."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        line = 1
        try:
            for fields in reader:
                if fields:
                    yield line, fields
                line = reader.line_num + 1
        except csv.Error as fault:
            raise TaskError(f"{path}, line {line}: {fault}. It must be a CSV file, with quotes doubled.") from fault


def _question(path: Path, line: int, fields: list[str], name: str, subject: str) -> Question:
    if len(fields) != _FIELDS:
        raise TaskError(
            f"{path}, line {line}: this question has {len(fields)} fields. "
            f"It must have {_FIELDS}: question, four choices and the letter of the right one."
        )
    text, *choices, letter = (field.strip() for field in fields)
    if len(letter) != 1 or letter not in _LETTERS:
        raise TaskError(f"{path}, line {line}: the answer must be A, B, C or D, not '{letter}'.")
    if not text:
        raise TaskError(f"{path}, line {line}: the question is empty. Write it in the first field.")
    return Question(name=name, subject=subject, text=text, choices=tuple(choices), answer=_LETTERS.index(letter))
