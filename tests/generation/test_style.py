"""The style rules against texts written for them, and the confusion matrix that the docs show."""

import tomllib
from collections import Counter
from itertools import takewhile
from pathlib import Path

import pytest

from explorer.generation.style import STYLES, style_of
from tests.checkout import ROOT

_PARTS: dict[str, dict[str, list[str]]] = {
    name: tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))
    for name in ("styles", "styles_rules", "styles_heldout")
}
_TEXTS = {style: [text for part in _PARTS.values() for text in part.get(style, [])] for style in STYLES}
_DOCS = ROOT / "docs" / "styles.md"


def confusion() -> list[list[str]]:
    """The table of docs/styles.md: a row for each written style, a column for each that the rules give."""
    head = ["written as", *STYLES]
    rows = [[style, *(str(Counter(map(style_of, _TEXTS[style]))[given]) for given in STYLES)] for style in STYLES]
    return [head, *rows]


def test_there_are_texts_of_every_style() -> None:
    assert set(_PARTS["styles"]) == set(STYLES)
    assert {name: sum(map(len, part.values())) for name, part in _PARTS.items()} == {
        "styles": 74, "styles_rules": 60, "styles_heldout": 60,
    }  # fmt: skip
    assert min(map(len, _TEXTS.values())) >= 3


@pytest.mark.parametrize(("name", "most"), [("styles", 0), ("styles_rules", 2), ("styles_heldout", 3)])
def test_most_texts_are_what_their_reader_says(name: str, most: int) -> None:
    wrong = [style for style, texts in _PARTS[name].items() for text in texts if style_of(text) != style]
    assert len(wrong) <= most, wrong  # the texts themselves stay unread


def test_the_docs_show_the_confusion_matrix() -> None:
    lines = _DOCS.read_text(encoding="utf-8").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("| written as"))
    table = [line for line in takewhile(lambda line: line.startswith("|"), lines[start:]) if "---" not in line]
    shown = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert shown == confusion(), "docs/styles.md is out of date: print confusion() and put it there"


def test_a_refrain_is_no_loop_and_a_loop_in_lines_is_no_poem() -> None:
    lines = [f"staring at the {thing}" for thing in ("wall", "sea", "bread", "door", "rain", "field", "moth", "lamp")]
    assert style_of("\n".join(lines)) == "poem"
    assert style_of("\n".join([lines[0], "staring"] * 6)) == "loop"
    assert style_of("staring staring\nthe old man is staring\nat the sea\nstaring staring\nat his hands") == "poem"


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("otta: hi there\njim: what do you want\notta: the eggs", "dialogue"),
        ("egg: the first stage\nlarva: the second stage\npupa: the third stage", "prose"),
        ("Q: who are you A: a fly Q: where do you live A: in the fruit", "dialogue"),
        ("- who is there?\n- only me.\n- come in then", "dialogue"),
        ("- the egg\n- the larva\n- the pupa", "list"),
        ("The the fly of of the a of wing it to the of red", "gibberish"),
    ],
)
def test_speakers_items_and_salads_are_told_apart(text: str, style: str) -> None:
    assert style_of(text) == style


@pytest.mark.parametrize("text", ["0", "a", "é", "\x00", "\n\n1.", "“", "𝔘" * 40])
def test_any_text_has_a_style(text: str) -> None:
    assert style_of(text) in STYLES


@pytest.mark.parametrize(("count", "style"), [(17, "prose"), (24, "prose"), (35, "prose"), (36, "loop")])
def test_from_half_of_its_triples_on_a_text_is_a_loop(count: int, style: str) -> None:
    words = 3 * "the fly that we saw on the wall of the room has red eyes and two wings "
    assert style_of(" ".join(words.split()[:count])) == style
