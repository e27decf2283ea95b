"""The style rules against texts written for them, and the confusion matrix that the docs show."""

import tomllib
from collections import Counter
from itertools import takewhile
from pathlib import Path

import pytest

from explorer.generation.style import STYLES, style_of
from tests.checkout import ROOT

_TEXTS: dict[str, list[str]] = tomllib.loads((Path(__file__).parent / "styles.toml").read_text(encoding="utf-8"))
_DOCS = ROOT / "docs" / "styles.md"


def confusion() -> list[list[str]]:
    """The table of docs/styles.md: a row for each written style, a column for each that the rules give."""
    head = ["written as", *STYLES]
    rows = [[style, *(str(Counter(map(style_of, _TEXTS[style]))[given]) for given in STYLES)] for style in STYLES]
    return [head, *rows]


def test_there_are_texts_of_every_style() -> None:
    assert set(_TEXTS) == set(STYLES)
    assert sum(map(len, _TEXTS.values())) >= 60
    assert min(map(len, _TEXTS.values())) >= 3


def test_most_texts_are_what_their_reader_says() -> None:
    wrong = [(style, text) for style, texts in _TEXTS.items() for text in texts if style_of(text) != style]
    assert len(wrong) <= 3, wrong


def test_the_docs_show_the_confusion_matrix() -> None:
    lines = _DOCS.read_text(encoding="utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("| written as"))
    table = [line for line in takewhile(lambda line: line.startswith("|"), lines[start:]) if "---" not in line]
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert shown == confusion(), "docs/styles.md is out of date: print confusion() and put it there"


@pytest.mark.parametrize("text", ["0", "a", "é", "\x00", "\n\n1.", "“", "𝔘" * 40])
def test_any_text_has_a_style(text: str) -> None:
    assert style_of(text) in STYLES


@pytest.mark.parametrize(("count", "style"), [(17, "prose"), (24, "prose"), (35, "prose"), (36, "loop")])
def test_from_half_of_its_triples_on_a_text_is_a_loop(count: int, style: str) -> None:
    words = 3 * "the fly that we saw on the wall of the room has red eyes and two wings "
    assert style_of(" ".join(words.split()[:count])) == style
