"""Words in texts: one rule for what is asked and what is looked through, with and without an index."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.store import behaviour
from explorer.store.database import opened
from explorer.store.frames import frame
from explorer.store.gallery import Wanted, page
from explorer.store.search import Term, fold, terms_of
from tests.made import make_screens

TEXTS = [
    "Die GRÖSSE der See",
    "Cafe\u0301 au lait",
    "İstanbul’da deniz",
    "C++ and C# and c",
    "100% sure #1 **bold**",
    "A fire 🔥 burns",
    "हिन्दी में लिखा",
    "ภาษาไทยง่ายมาก",
    "我爱大海和诗",
    "日本語のテキスト",
    "ﬁnally, the end.",
    "don’t go",
    "x_1 = y_2",
    "ΟΔΥΣΣΕΥΣ",
    "می\u200cخواهم",
]
FOUND = {
    0: ["größe", "GRÖSSE", "grösse", "gro\u0308sse"],
    1: ["café", "CAFE\u0301"],
    2: ["istanbul", "İstanbul", "ISTANBUL"],
    3: ["c++", "C#"],
    4: ["100%", "%", "#1", "**", "**bold**"],
    5: ["🔥", "fire 🔥"],
    6: ["हिन्दी", "लिखा", "हि"],
    7: ["ไทย", "ภาษาไทย", "ง่าย"],
    8: ["大海", "诗"],
    9: ["テキスト", "本語"],
    10: ["finally", "end.", "(end)", "the, end"],
    11: ["don't", "don’t"],
    12: ["x_1"],
    13: ["οδυσσευς"],
    14: ["می\u200cخواهم"],
}
MISSED = ["c+++", "größer", "rösse", "🔥🔥", "大诗", "ndi", "cafeteria", "on't", "bold#", "हिन्दू", "100 %%"]


@pytest.fixture(params=[0, 1_000], ids=["indexed", "read"])
def texts(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database whose first screen says those texts."""
    monkeypatch.setattr(behaviour, "LEAST_INDEXED", request.param)
    with opened(tmp_path / "made.duckdb") as connection:
        make_screens(connection)
        (row,) = frame(connection, "SELECT * FROM phenotypes WHERE screen = 1 LIMIT 1").rows(named=True)
        connection.execute("DELETE FROM phenotypes WHERE screen = 1")
        for number, text in enumerate(TEXTS):
            new = {**row, "phenotype": number, "text": text, "mutants": 1, "length": len(text), "cluster": None}
            names = ", ".join(new)
            marks = ", ".join("?" * len(new))
            connection.execute(f"INSERT INTO phenotypes ({names}) VALUES ({marks})", list(new.values()))
        connection.execute("UPDATE phenotypes SET length = length(text) WHERE screen = 1")
        _index(connection)
        yield connection


def _index(connection: duckdb.DuckDBPyConnection) -> None:
    texts = frame(connection, "SELECT phenotype, text FROM phenotypes WHERE screen = 1 ORDER BY ALL")
    connection.execute("DELETE FROM words WHERE screen = 1")
    if behaviour.LEAST_INDEXED == 0:
        behaviour._store_words(connection, 1, texts)


def _found(connection: duckdb.DuckDBPyConnection, words: str) -> set[str]:
    return set(page(connection, [1], Wanted(words=words), size=100).cards["text"])


def test_what_is_there_is_found_however_it_is_written(texts: duckdb.DuckDBPyConnection) -> None:
    assert len(_found(texts, " ")) == len(TEXTS)
    for number, words in FOUND.items():
        assert [asked for asked in words if TEXTS[number] not in _found(texts, asked)] == []
    assert _found(texts, "C++") == {TEXTS[3]}
    assert _found(texts, "大海") == {TEXTS[8]}
    assert _found(texts, "%") == {TEXTS[4]}


def test_what_is_not_there_is_not_found_and_never_shows_all(texts: duckdb.DuckDBPyConnection) -> None:
    for asked in MISSED:
        assert _found(texts, asked) == set(), asked


@given(st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_a_filter_is_dropped_for_blanks_alone(asked: str) -> None:
    assert bool(terms_of(asked)) == bool(fold(asked).split())
    assert fold(fold(asked)) == fold(asked)


def test_terms() -> None:
    assert terms_of("Sea, sea! “Ocean” ...") == [
        Term("sea", True, True), Term("ocean", True, True), Term("...", False, False)
    ]  # fmt: skip
    assert terms_of("C++ 大海 don’t") == [
        Term("c++", False, True), Term("大海", False, False), Term("don't", False, True)
    ]  # fmt: skip
