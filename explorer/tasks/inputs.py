"""The inputs that show how a mutant begins its texts, from a TOML file or a plain text file.

Owns both formats, which docs/tasks.md describes.
"""

import tomllib
from pathlib import Path
from typing import get_args

from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Input, InputKind
from explorer.files.toml import line_of

_KINDS: tuple[InputKind, ...] = get_args(InputKind)


def read_inputs(path: Path) -> tuple[Input, ...]:
    """Read a file: lists under the names of the kinds if it ends in `.toml`, else one input a line.

    Raises TaskError with file and line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise TaskError(f"{path} cannot be read: {fault}. Name a text file with an input on each line.") from fault
    numbered = _from_toml(path, text) if path.suffix.lower() == ".toml" else _from_lines(path, text)
    if not numbered:
        raise TaskError(f"{path} holds no input. Write one on each line.")
    _check_distinct(path, text, numbered)
    return tuple(numbered)


def _from_toml(path: Path, text: str) -> list[Input]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise TaskError(f"{path}: {fault}") from fault
    for key, value in table.items():
        if key not in _KINDS:
            raise TaskError(f"{path}, line {line_of(text, key)}: there is no kind '{key}'. Kinds: {', '.join(_KINDS)}.")
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise TaskError(f"{path}, line {line_of(text, key)}: '{key}' must be a list of texts, none of them empty.")
    return [Input(kind=kind, text=item.strip()) for kind in _KINDS for item in table.get(kind, ())]


def _from_lines(path: Path, text: str) -> list[Input]:
    lines = enumerate(text.splitlines(), 1)
    return [_from_line(path, number, line.strip()) for number, line in lines if line.strip()]


def _from_line(path: Path, number: int, line: str) -> Input:
    before, colon, after = line.partition(":")
    for kind in _KINDS:
        if colon and before == kind:
            if not after.strip():
                raise TaskError(f"{path}, line {number}: no input follows '{kind}:'. Write it on the same line.")
            return Input(kind=kind, text=after.strip())
    return Input(kind=_KINDS[0], text=line)


def _check_distinct(path: Path, text: str, inputs: list[Input]) -> None:
    """A text that is there twice would count twice."""
    texts = [asked.text for asked in inputs]
    repeated = next((asked for asked in texts if texts.count(asked) > 1), None)
    if repeated is not None:
        last = max((number for number, line in enumerate(text.splitlines(), 1) if repeated in line), default=1)
        raise TaskError(f"{path}, line {last}: this input is there already: '{repeated}'. Remove one of them.")
