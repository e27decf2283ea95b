"""The console's handlers, without a browser: one question, locked, within its time, as table, chart and file."""

import base64
import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from explorer.figures.answer import answer_figure
from explorer.store.console import Answer, frame_of
from explorer.store.database import opened
from explorer.store.library import Library
from explorer.ui.links import parse_query
from explorer.ui.page import build_page
from explorer.ui.runs import Runs
from explorer.ui.serving import Serving, _has_console
from explorer.ui.statistics.console.handlers import ConsoleHandlers
from explorer.ui.statistics.console.words import EXAMPLES
from explorer.workspace.workspace import Workspace
from tests.made import make_screens
from tests.ui.visit import ADA, last


@pytest.fixture
def console(tmp_path: Path) -> ConsoleHandlers:
    """Of a database with made-up screens, and none that is bundled."""
    with opened(tmp_path / "own.duckdb") as connection:
        make_screens(connection)
    return ConsoleHandlers(Library(bundled=tmp_path / "none", own=tmp_path / "own.duckdb"), Runs())


def _ask(console: ConsoleHandlers, query: str, shelf: str = "own") -> list[Any]:
    console.begin(ADA)
    return last(console.ask(ADA, shelf, query))


@pytest.mark.parametrize("query", [query for _, query in EXAMPLES])
def test_every_example_is_answered(console: ConsoleHandlers, query: str) -> None:
    notice, told, _, table, _ = _ask(console, query)
    assert notice == ""
    assert "An answer of" in told
    assert table.count("<tr>") > 1


def test_an_answer_is_a_table_a_chart_a_file_and_a_link(console: ConsoleHandlers) -> None:
    query = "SELECT operation::VARCHAR AS o, count(*) AS n FROM mutants GROUP BY ALL ORDER BY ALL"
    console.begin(ADA)
    first, (notice, told, chart, table, _) = list(console.ask(ADA, "own", query))
    assert notice == ""
    assert "Drawn: n, for each o." in told
    (bars,) = json.loads(chart)["data"]
    assert bars["type"] == "bar"
    assert table.count("<td") == 2 * len(bars["x"])
    assert console.read_link(parse_query(first[-1])) == ["own", query]
    saved, notice = console.download("own", query, "csv")
    lines = base64.b64decode(json.loads(saved)["content"]).decode().splitlines()
    assert (lines[0], len(lines) - 1) == ("o,n", len(bars["x"]))
    assert json.loads(console.download("own", query, "parquet")[0])["name"] == "answer.parquet"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "There is no question in that"),
        ("SELECT 1; SELECT 2", "One question at a time"),
        ("DROP TABLE mutants", "Only questions are answered here"),
        ("SELECT * FROM read_csv('/etc/passwd')", "does not take the query"),
        ("SELECT nothing FROM mutants", "does not take the query"),
    ],
)
def test_what_is_no_question_is_told_and_shows_nothing(console: ConsoleHandlers, query: str, sentence: str) -> None:
    notice, told, chart, table, _ = _ask(console, query)
    assert sentence in notice
    assert (told, chart, table) == ("", "", "")
    assert sentence in console.download("own", query, "csv")[1]


def test_a_question_is_stopped_by_its_visitor(console: ConsoleHandlers) -> None:
    console.begin(ADA)
    answering = console.ask(ADA, "own", "SELECT count(*) FROM range(10000000) a, range(10000000) b")
    next(answering)
    console.stop(ADA)
    assert "The question was stopped." in next(answering)[0]


def test_what_it_says_is_never_read_as_html(console: ConsoleHandlers) -> None:
    notice, _, chart, table, _ = _ask(console, 'SELECT \'<b>x\' AS "<i>a", i AS "<i>n" FROM range(3) t(i)')
    assert notice == ""
    assert "<b>x" not in table + chart
    assert "<i>" not in table + chart


def test_its_tables_stand_beside_it_and_a_missing_database_is_told(console: ConsoleHandlers) -> None:
    schema = console.look("own")
    assert "<code>mutants</code>" in schema
    assert "<code>first_divergence</code>" in schema
    assert 'role="alert"' in console.look("bundled")


def test_any_values_make_a_frame_and_a_chart_or_a_sentence() -> None:
    answer = Answer(
        columns=("a", "a", "b", "c", "d"),
        rows=((1, 2.5, None, [1], 10**30), (2, None, "x", {"k": 1}, 1), (None, 1.0, "y", None, 2)),
        is_cut=False,
    )
    frame = frame_of(answer)
    assert frame.columns == ["a", "a_2", "b", "c", "d"]
    assert frame["c"].to_list() == ["[1]", "{'k': 1}", None]
    assert answer_figure(frame)[0] is not None
    assert answer_figure(frame_of(Answer(columns=("a",), rows=(), is_cut=False)))[0] is None


def test_it_is_closed_where_others_reach_the_page_unless_it_is_asked_for() -> None:
    assert _has_console(Serving())
    assert not _has_console(Serving(host="0.0.0.0", auth="a:b"))
    assert not _has_console(Serving(share=True, auth="a:b"))
    assert _has_console(Serving(share=True, auth="a:b", console=True))
    for has_console in (False, True):
        page = build_page(Workspace(source="/nowhere"), has_console=has_console)
        tabs = [each.label for each in page.blocks.values() if isinstance(each, gr.Tab)]
        assert ("Console" in tabs) == has_console
