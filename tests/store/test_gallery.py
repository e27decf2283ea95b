"""The gallery's questions, against what can be seen in `tests.made`."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from explorer.store import behaviour, summaries, writer
from explorer.store.database import opened
from explorer.store.doors import strongest
from explorer.store.gallery import (
    SORTS,
    Order,
    Page,
    Span,
    Wanted,
    kinds_of,
    members,
    page,
    screens_with_texts,
    style_counts,
    surprise,
)
from explorer.store.parquet import export_screens, looked_at
from tests.made import make_screen, make_screens

RED, VERSE, LOOP, SEA = "The sea is red.", "waves <b>of</b> verse", "The the the", "oh sea"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both screens, finished."""
    with opened(tmp_path / "made.duckdb") as connection:
        make_screens(connection)
        yield connection


def _texts(found: Page) -> list[str]:
    return found.cards["text"].to_list()


def _asked(connection: duckdb.DuckDBPyConnection, **wanted: object) -> set[str]:
    return set(_texts(page(connection, [1], Wanted(**wanted))))  # type: ignore[arg-type]


def test_the_most_shared_comes_first_with_its_strongest_mutant(made: duckdb.DuckDBPyConnection) -> None:
    found = page(made, [1], Wanted())
    assert found.total == 4
    first = found.cards.row(0, named=True)
    assert (first["text"], first["mutants"], first["members"]) == (RED, 3, 1)
    assert (first["layer"], first["kind"], first["down"], first["across"], first["operation"]) == (1, "v", 0, 1, "max")
    assert found.cards["mutants"].to_list() == [3, 1, 1, 1]


def test_the_mutant_of_a_card_is_the_one_that_its_door_opens(made: duckdb.DuckDBPyConnection) -> None:
    for row in page(made, [1, 2], Wanted()).cards.iter_rows(named=True):
        down, across = row["down"], row["across"]
        mark = {
            "layer": row["layer"], "kind": row["kind"], "operation": row["operation"],
            "top": down, "bottom": down + 1, "left": across, "right": across + 1,
        }  # fmt: skip
        behind = strongest(made, row["screen"], mark)
        assert behind["text"] == row["text"]
        assert strongest(made, row["screen"], {"style": row["style"], "layer": row["layer"]})["style"] == row["style"]


def test_a_card_shows_the_strongest_of_all_that_share_it(made: duckdb.DuckDBPyConnection) -> None:
    query = """
        SELECT DISTINCT ON (t.screen, t.phenotype) t.screen, t.phenotype, t.matrix, t.down, t.across, t.operation
        FROM mutants t WHERE t.phenotype IS NOT NULL
        ORDER BY t.screen, t.phenotype, t.overflow DESC, t.mean_kl DESC NULLS LAST,
                 t.matrix, t.down, t.across, t.operation
    """
    stored = "SELECT screen, phenotype, matrix, down, across, operation FROM phenotypes ORDER BY screen, phenotype"
    assert made.execute(stored).fetchall() == made.execute(query).fetchall()


def test_filters(made: duckdb.DuckDBPyConnection) -> None:
    assert _asked(made, styles=("poem",)) == {SEA, VERSE}
    assert _asked(made, styles=("poem", "loop")) == {LOOP, SEA, VERSE}
    assert _asked(made, operations=("min",)) == {LOOP, SEA}
    assert _asked(made, kinds=("gate",)) == {SEA}
    assert _asked(made, layers=(1,)) == {LOOP, RED}
    assert _asked(made, cosine=Span(0.2, 0.75)) == {LOOP, RED}
    assert _asked(made, cosine=Span(least=0.9)) == {SEA}
    assert _asked(made, perplexity=Span(most=2)) == set()
    assert _asked(made, least_mutants=2) == {RED}
    assert _asked(made, destructive=True) == {LOOP}
    assert _asked(made, destructive=False) == {SEA, RED, VERSE}
    assert _asked(made, experiments=("b",)) == set()
    assert len(page(made, [1, 2], Wanted(experiments=("b",))).cards) == 3
    made.execute("UPDATE phenotypes SET score = '14|2' WHERE text = ?", [SEA])
    assert _asked(made, least_score=14) == {SEA}
    assert _asked(made, least_score=15) == set()
    assert page(made, [1], Wanted(styles=("poem",), kinds=("gate",))).total == 1


def test_orders(made: duckdb.DuckDBPyConnection) -> None:
    made.execute("UPDATE phenotypes SET cosine = NULL WHERE text = ?", [RED])
    rising = page(made, [1], Wanted(), Order(sort="cosine", is_rising=True))
    assert _texts(rising) == [VERSE, LOOP, SEA, RED]  # what is unknown stands last, both ways
    assert _texts(page(made, [1], Wanted(), Order(sort="cosine"))) == [SEA, LOOP, VERSE, RED]
    assert _texts(page(made, [1], Wanted(), Order(sort="length")))[:2] == [VERSE, RED]
    assert _texts(page(made, [1], Wanted(), Order(sort="layer", is_rising=True))) == [VERSE, SEA, RED, LOOP]


def test_pages_follow_each_other(made: duckdb.DuckDBPyConnection) -> None:
    for sort in SORTS:
        for is_grouped in (False, True):
            order = Order(sort=sort, is_grouped=is_grouped)
            whole = page(made, [1, 2], Wanted(), order)
            assert whole.total == 7
            parts = [page(made, [1, 2], Wanted(), order, start=start, size=2) for start in range(0, 8, 2)]
            assert [text for part in parts for text in _texts(part)] == _texts(whole)
    beyond = page(made, [1], Wanted(), start=100)
    assert (len(beyond.cards), beyond.total) == (0, 4)


@pytest.mark.parametrize("least", [0, 1_000])
def test_words_are_found_with_and_without_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, least: int) -> None:
    monkeypatch.setattr(behaviour, "LEAST_INDEXED", least)
    with opened(tmp_path / "made.duckdb") as connection:
        make_screens(connection)
        assert (connection.execute("SELECT count(*) FROM words").fetchone() == (0,)) == (least > 0)
        assert _asked(connection, words="SEA") == {RED, SEA}
        assert _asked(connection, words="sea the") == {RED}
        assert _asked(connection, words="ver") == {VERSE}
        assert _asked(connection, words="erse") == set()
        assert _asked(connection, words="b") == {VERSE}
        assert _asked(connection, words="  ") == _asked(connection)  # nothing is looked for
        assert _asked(connection, words="🔥") == set()
        assert VERSE in _asked(connection, words="<b>")  # as it stands
        assert _asked(connection, words="th' OR 1=1") == set()
        assert _asked(connection, words="the", styles=("loop",)) == {LOOP}
        assert _texts(page(connection, [1, 2], Wanted(words="t"), Order(sort="cosine"))) == [RED, "tides", LOOP]


def test_groups_are_shown_by_their_most_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.store.alike.LEAST_ALIKE", 0.5)
    with opened(tmp_path / "made.duckdb") as connection:
        make_screens(connection)
        connection.execute("UPDATE phenotypes SET text = 'The sea is red, red.', length = 20 WHERE text = ?", [SEA])
        behaviour.describe(connection, 1)
        grouped = page(connection, [1], Wanted(), Order(is_grouped=True))
        assert (grouped.total, grouped.cards["members"].to_list()) == (3, [2, 1, 1])
        leader = grouped.cards.row(0, named=True)
        assert (leader["text"], leader["mutants"]) == (RED, 3)
        whole = members(connection, 1, leader["cluster"], Wanted(), 10)
        assert _texts(whole) == [RED, "The sea is red, red."]
        assert members(connection, 1, leader["cluster"], Wanted(), 1).total == 2
        poems = page(connection, [1], Wanted(styles=("poem",)), Order(is_grouped=True))
        assert sorted(_texts(poems)) == ["The sea is red, red.", VERSE]  # the leader is no poem
        assert poems.cards["members"].to_list() == [1, 1]
        # a filter that leaves everything groups as no filter does
        same = page(connection, [1], Wanted(cosine=Span(0, 1)), Order(is_grouped=True))
        assert same.cards.equals(grouped.cards)


def test_a_surprise_is_the_same_for_the_same_number_and_of_any_style(made: duckdb.DuckDBPyConnection) -> None:
    drawn = [_texts(surprise(made, [1], Wanted(), number))[0] for number in range(60)]
    assert drawn == [_texts(surprise(made, [1], Wanted(), number))[0] for number in range(60)]
    assert set(drawn) >= {RED, VERSE, LOOP}
    assert drawn.count(LOOP) > 10  # one text in four, one style in three
    assert drawn.count(VERSE) > drawn.count(SEA)  # it has less in common with the standard output
    assert _texts(surprise(made, [1], Wanted(kinds=("gate",)), 1)) == [SEA]
    assert _texts(surprise(made, [1], Wanted(words="nowhere"), 1)) == []


def test_what_can_be_chosen(made: duckdb.DuckDBPyConnection) -> None:
    assert style_counts(made, [1]) == {"poem": 2, "loop": 1, "prose": 1}
    assert kinds_of(made, [1]) == ["v", "gate"]
    assert screens_with_texts(made) == {1, 2}


def test_a_screen_under_way_shows_the_same_cards(made: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with opened(tmp_path / "other.duckdb") as other:
        make_screen(other, "a", finished=False)
        assert other.execute("SELECT count(mutants) FROM phenotypes").fetchone() == (0,)
        assert screens_with_texts(other) == {1}
        for wanted in (Wanted(), Wanted(words="sea"), Wanted(layers=(1,), least_mutants=2)):
            for sort in SORTS:
                one, stored = (page(each, [1], wanted, Order(sort=sort)) for each in (other, made))
                assert one.total == stored.total
                assert one.cards.equals(stored.cards)


def test_of_a_large_screen_under_way_what_was_counted_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (summaries, writer):
        monkeypatch.setattr(module, "MOST_RECOUNTED", 20)
    monkeypatch.setattr(writer, "PAUSE", -1.0)
    with opened(tmp_path / "large.duckdb") as connection:
        make_screen(connection, "a", finished=False)
        assert page(connection, [1], Wanted()).total == 4
        connection.execute("""
            INSERT INTO phenotypes BY NAME SELECT 1 AS screen, 99 AS phenotype, 'new' AS text, [1] AS tokens,
            'stop' AS ending, 0.5 AS cosine, 0 AS repetition, 'prose' AS style
        """)
        assert page(connection, [1], Wanted()).total == 4


def test_what_was_published_without_its_text_is_no_card(made: duckdb.DuckDBPyConnection) -> None:
    made.execute("UPDATE phenotypes SET text = '', style = NULL WHERE text = ?", [SEA])
    behaviour.describe(made, 1)
    assert _asked(made) == {LOOP, RED, VERSE}


def test_exported_screens_are_looked_through_in_place(made: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    export_screens(made, (), tmp_path / "out")
    views = looked_at(tmp_path / "out")
    for order in (Order(), Order(sort="layer", is_grouped=True)):
        for wanted in (Wanted(), Wanted(words="sea"), Wanted(styles=("poem",))):
            one, other = (page(each, [1, 2], wanted, order) for each in (views, made))
            assert one.cards.equals(other.cards)
            assert one.total == other.total
    views.close()
