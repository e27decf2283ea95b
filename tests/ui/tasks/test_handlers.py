"""The Tasks tab's handlers, without a browser, on a tiny model and a database of its own."""

import base64
import html
import json
import re
import time
from dataclasses import fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import polars as pl
import pytest

from explorer.figures.palette import STYLE_COLOURS
from explorer.files.settings import Settings
from explorer.screen.order import Order
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT, RAW
from explorer.ui.explore.handlers import Handlers
from explorer.ui.links import parse_query
from explorer.ui.runs import Runs
from explorer.ui.screen.handlers import ScreenHandlers
from explorer.ui.screen.layout import NOTHING
from explorer.ui.tasks.questions.handlers import LISTED, ExaminingHandlers
from explorer.ui.tasks.writers.form import ALL_STYLES, ANY, Form
from explorer.ui.tasks.writers.handlers import NAMES, Shown, WritingHandlers
from explorer.workspace.workspace import Workspace
from tests.ui.visit import ADA, event, genotype_of

LOUD = "1.down*-3"
FORM = Form(mutants=f"{LOUD}\n\n0.q*0", inputs=9, new_tokens=5, asked_as=RAW)
TASK = ("task-facts", "0.down,1.q", "block", 16, ["max", "min"], "text", 1.0, 0, "", 3, 9, 0, "likelihood")
"""What the Screen tab asks for."""


def _write_questions(folder: Path) -> None:
    (folder / "test").mkdir(parents=True)
    for subject in ("logic", "words"):
        rows = [
            f"w{5 + number} w{90 - number},{','.join(f'w{(7 * number + 11 * place) % 90 + 5}' for place in range(4))},"
            f"{'ABCD'[number % 4]}"
            for number in range(20)
        ]
        (folder / "test" / f"{subject}_test.csv").write_text("\n".join(rows), encoding="utf-8")


@pytest.fixture
def page(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A page with inputs and questions in the tiny model's words, and a database of its own."""
    _write_questions(tmp_path / "questions")
    inputs = tmp_path / "inputs.txt"
    kinds = ("literary", "factual")
    lines = [f"{kinds[number % 2]}: w{number + 5} w{40 - number}" for number in range(30)]
    inputs.write_text("\n".join(lines), encoding="utf-8")
    settings = Settings(
        inputs_file=inputs, questions_folder=tmp_path / "questions", database=tmp_path / "own.duckdb",
        screens_folder=tmp_path / "none",
    )  # fmt: skip
    made = Workspace(source=workspace.source, device="cpu", settings=settings)
    made.models.get()
    return made


@pytest.fixture
def handlers(page: Workspace) -> Handlers:
    """Those of the tab Explore."""
    return Handlers(page, Runs())


@pytest.fixture
def own(handlers: Handlers) -> WritingHandlers:
    """Those of Writers."""
    return WritingHandlers(handlers, Runs())


@pytest.fixture
def examining(handlers: Handlers) -> ExaminingHandlers:
    """Those of Questions."""
    return ExaminingHandlers(handlers, Runs(), Runs())


def _values(form: Form) -> list[Any]:
    return [getattr(form, field.name) for field in fields(Form)]


def _changed(names: tuple[str, ...], outputs: list[Any]) -> dict[str, Any]:
    return {name: value for name, value in zip(names, outputs, strict=True) if value != gr.skip()}


def _run(own: WritingHandlers, start: Exploration, form: Form = FORM) -> dict[str, Any]:
    """All that the page shows in the end."""
    own.begin(ADA)
    shown: dict[str, Any] = {}
    for outputs in own.run(ADA, start, *_values(form)):
        shown |= _changed(NAMES, outputs)
    return shown


# ---------------------------------------------------------------------------------------------- writers


def test_a_run_shows_words_styles_groups_and_answers(own: WritingHandlers, page: Workspace, start: Exploration) -> None:
    shown = _run(own, start)
    assert "27 of 27 answers · all answered" in shown["progress"]
    assert f"<code>{LOUD}</code>" in shown["verdict"]
    counts = [sum(trace["x"]) for trace in json.loads(shown["words"])["data"][:2]]
    assert all(0 < count <= 9 for count in counts)
    bars = json.loads(shown["styles"])["data"]
    assert sum(sum(trace["customdata"]) for trace in bars) == 18
    groups = json.loads(shown["groups"])["groups"]
    rows = [row for group in groups for row in group["rows"]]
    assert {row["genotype"]: row["chosen"] for row in rows} == {LOUD: True, "0.q*0": False}
    answers = json.loads(shown["answers"])
    assert len(answers) == 9
    assert [side["place"] for side in answers[0]["sides"]] == [0, 1]
    assert shown["group_card"]["visible"]
    page.record.settle()
    (entry,) = page.record.entries([1])
    assert (entry.run.kind, entry.run.genotypes) == ("rihf", (LOUD, "0.q*0"))
    assert entry.run.link == FORM.address()


def test_every_text_is_in_a_table_of_mutants_and_inputs_by_its_style(own: WritingHandlers, start: Exploration) -> None:
    shown = _run(own, start)
    assert shown["text_card"]["visible"]
    head, *rows = re.findall(r"<tr>.*?</tr>", shown["texts"], re.DOTALL)
    assert re.findall(r"<th scope='col'>(.*?)</th>", head) == ["original", LOUD, "0.q*0"]
    said = shown["shown"].written.said
    cells = [re.findall(r"<td style='--style: (#?\w+)' title='([\w ]+)'>(.*?)</td>", row) for row in rows]
    assert [len(row) for row in cells] == [3] * 9
    for item, row in enumerate(cells):
        for place, (colour, style, text) in enumerate(row):
            (answer,) = said.filter(item=item, genotype=place).iter_rows(named=True)
            assert (style, colour) == (answer["style"], STYLE_COLOURS.get(style, "transparent"))
            assert html.unescape(text).removesuffix(" …") in answer["text"] or text == "<i>nothing</i>"
    key = re.findall(r"<span style='--style: #\w+'>([\w ]+)</span>", shown["texts"])
    assert set(key) == set(said["style"]) - {"empty"}


def test_one_mutant_needs_no_groups(own: WritingHandlers, start: Exploration) -> None:
    shown = _run(own, start, replace(FORM, mutants=LOUD, inputs=4, kind="Factual"))
    assert shown["group_card"]["visible"] is False
    assert {row["name"] for row in json.loads(shown["answers"])} == {"factual"}


def test_another_mutant_is_shown_and_its_answers_filtered(own: WritingHandlers, start: Exploration) -> None:
    shown: Shown = _run(own, start)["shown"]
    other = _changed(NAMES, own.choose(event(place=2), shown))
    assert "<code>0.q*0</code>" in other["verdict"]
    assert other["chosen"] == 2
    word = other["of_word"]["choices"][0][1]
    chosen, rows, told, page = own.choose_word(event(customdata=word), shown, 2, ANY)
    count = shown.written.said.filter(genotype=2, word=word).height
    assert (chosen, page, len(json.loads(rows))) == (word, 0, count)
    assert f"of {count}." in told
    literary, _, _ = own.answers(shown, 2, "literary", None, 99)
    assert {row["name"] for row in json.loads(literary)} == {"literary"}
    assert own.answers(None, 1, ANY, None, 0) == ["", "", 0]


def test_answers_are_paged_on_the_server(own: WritingHandlers, start: Exploration) -> None:
    shown: Shown = _run(own, start, replace(FORM, mutants=LOUD, inputs=30, new_tokens=2))["shown"]
    first, _, _ = own.answers(shown, 1, ANY, None, 0)
    last, told, page = own.answers(shown, 1, ANY, None, 7)
    assert (len(json.loads(first)), len(json.loads(last)), page) == (20, 10, 1)
    assert "Items 21–30 of 30" in told


def test_a_stopped_run_says_that_there_is_nothing(own: WritingHandlers, start: Exploration) -> None:
    own.begin(ADA)
    steps = own.run(ADA, start, *_values(FORM))
    next(steps)
    own.stop(ADA)
    outputs = list(steps)
    assert outputs == [] or "nothing to compare yet" in _changed(NAMES, outputs[-1])["notice"]
    assert list(own.run(ADA, start, *_values(FORM))) == [[gr.skip()] * len(NAMES)]  # no ticket


def test_a_text_and_a_mutant_open_in_explore(own: WritingHandlers, page: Workspace, start: Exploration) -> None:
    shown: Shown = _run(own, start)["shown"]
    notice, address, tabs, *restored = own.open_answer(event(item=4, place=1), ADA, start, shown)
    assert (notice, address, tabs.selected) == ("", "?", "explore")
    assert genotype_of(page, restored) == LOUD
    assert shown.written.asked.inputs[4].text in restored
    _, _, _, *restored = own.open_answer(event(item=4, place=0), ADA, start, shown)
    assert genotype_of(page, restored) == ""
    _, _, _, *restored = own.open_mutant(event(place=2, genotype="0.q*0"), ADA, start, shown)
    assert genotype_of(page, restored) == "0.q*0"
    other = replace(start, source="another")
    assert "another model" in own.open_answer(event(item=1, place=1), ADA, other, shown)[0]


def test_the_files_have_all_answers(own: WritingHandlers, start: Exploration) -> None:
    shown = _run(own, start)["shown"]
    for kind, read in (("csv", pl.read_csv), ("parquet", pl.read_parquet)):
        content = base64.b64decode(json.loads(own.download(shown, kind)[0])["content"])
        frame = read(BytesIO(content))
        assert frame["genotype"].unique(maintain_order=True).to_list() == ["original", LOUD, "0.q*0"]
        assert frame.height == 27
    assert "run the mutants first" in own.download(None, "csv")[1]


def test_mistakes_are_told(own: WritingHandlers, start: Exploration) -> None:
    assert "^" in own.check(start, "1.dwn*0")
    assert "Name a mutant" in own.check(start, " \n")
    assert "At most 40" in own.check(start, "\n".join(f"1.down[{n},0]*0" for n in range(32)) + "\n" + "\n".join(
        f"0.down[{n},0]*0" for n in range(32)
    ))  # fmt: skip
    assert own.check(start, LOUD) == ""
    assert "^" in _run(own, start, replace(FORM, mutants="1.dwn*0"))["notice"]


def test_the_mutant_of_explore_and_those_of_a_screen_are_taken(
    own: WritingHandlers, handlers: Handlers, start: Exploration
) -> None:
    assert own.take(start, LOUD) == [f"{LOUD}\n1.down[3,5]=0", ""]
    assert own.take(start, "1.down[3,5]=0")[0] == "1.down[3,5]=0"
    assert "shows the original" in own.take(start.reset(), LOUD)[1]
    assert own.open(start, None)["choices"] == []
    assert "no screen of this model" in own.fill(None, ALL_STYLES, 4)[1]
    _screen(handlers, start, "capital", *TASK[1:])
    (choice,) = own.open(start, None)["choices"]
    assert choice[1] == "own:1"
    lines, notice = own.fill("own:1", ALL_STYLES, 3)
    assert notice == ""
    assert 1 <= len(lines.splitlines()) <= 3
    assert own.check(start, lines) == ""
    assert "choose another screen or style" in own.fill("own:1", "code", 3)[1]


def test_the_address_restores_the_form(own: WritingHandlers) -> None:
    form = Form(mutants="0.q*0\n1.q*0", kind="Literary", inputs=7.0, new_tokens=9.0, asked_as=RAW)
    tabs, *values, notice = own.read_link(parse_query(form.address()))
    assert (tabs.selected, Form(*values), notice) == ("tasks", form, "")
    assert own.read_link({"compare_genotypes": "x"}) == [gr.skip()] * (2 + len(values))
    _, *values, notice = own.read_link({"tasks_mutants": "0.q*0", "tasks_kind": "odd", "tasks_inputs": "many"})
    assert Form(*values) == Form(mutants="0.q*0")
    assert "tasks_kind=odd, which is none of Literary, Factual, Both: Both is shown instead" in notice
    assert "tasks_inputs=many, which is no whole number from 2 to 151" in notice
    assert own.leave(event(value="Screen")) == "?"


# -------------------------------------------------------------------------------------------- questions


def _screen(handlers: Handlers, start: Exploration, *asked: Any) -> None:
    """Run a screen to its end."""
    screens = ScreenHandlers(handlers)
    notice, _ = screens.start(start, *asked)
    assert notice == ""
    for _ in range(9000):
        (entry, *_rest) = handlers.workspace.queue.entries(Order)
        if entry.state not in ("waiting", "starting", "running"):
            assert entry.state == "done", entry.fault
            handlers.workspace.record.settle()
            return
        time.sleep(0.01)
    raise AssertionError("the screen never ended")


def test_without_a_screen_on_a_task_the_page_says_how_to_get_one(examining: ExaminingHandlers) -> None:
    shown = _changed(LISTED, examining.open(None, None))
    assert "Short facts: 14 right, 7 wrong" in shown["told"]
    assert shown["to_screen"]["visible"]
    tabs, experiment = examining.to_screen()
    assert (tabs.selected, experiment) == ("screen", "task-facts")


def test_mutants_that_seem_better_are_listed_asked_again_and_opened(
    examining: ExaminingHandlers, handlers: Handlers, start: Exploration
) -> None:
    _screen(handlers, start, *TASK)
    shown = _changed(LISTED, examining.open(None, None))
    rows = json.loads(shown["better"])["groups"][0]["rows"]
    assert "more of the screen&#x27;s questions right than the standard" in shown["told"]
    assert all(int(row["cells"][1]) > int(row["cells"][2]) for row in rows)
    listed = shown["shown"]
    again: dict[str, Any] = {}
    examining.begin_again(ADA)
    for outputs in examining.ask_again(ADA, start, listed, 2):
        again |= _changed(LISTED, outputs)
    table = json.loads(again["better"])
    assert table["head"][-4:] == ["Fresh gained", "Fresh lost", "Fresh p", "Fresh q"]
    assert all(len(row["cells"]) == 9 for row in table["groups"][0]["rows"])
    assert f"Of {min(2, len(rows))} asked again, on 28 questions" in again["told"]
    handlers.workspace.record.settle()
    assert handlers.workspace.record.entries([2])[0].run.kind == "questions"
    notice, tabs, *restored = examining.open_mutant(event(genotype=rows[0]["genotype"]), ADA, start, listed)
    assert (notice, tabs.selected) == ("", "explore")
    assert genotype_of(handlers.workspace, restored) == rows[0]["genotype"]
    assert _changed(LISTED, examining.open("own:1", listed)).keys() == {"task_screen"}  # what is there stays


def test_a_retest_that_is_stopped_counts_nothing(
    examining: ExaminingHandlers, handlers: Handlers, start: Exploration
) -> None:
    _screen(handlers, start, *TASK)
    listed = _changed(LISTED, examining.open(None, None))["shown"]
    examining.begin_again(ADA)
    steps = examining.ask_again(ADA, start, listed, 2)
    next(steps)
    examining.stop_again(ADA)
    outputs = list(steps)
    assert outputs == [] or "nothing is counted" in _changed(LISTED, outputs[-1])["notice"]
    listed = replace(listed, screen=replace(listed.screen, model="another"))
    examining.begin_again(ADA)
    *_, last = examining.ask_again(ADA, start, listed, 2)
    assert "That screen is of another" in _changed(LISTED, last)["notice"]


def test_right_answers_by_subject(examining: ExaminingHandlers, page: Workspace, start: Exploration) -> None:
    loud = start.with_genotype(page.models.get().anatomy.read(LOUD), page.models.get().anatomy)
    examining.begin(ADA)
    *_, (notice, progress, sentence, figure) = examining.run(ADA, loud, "facts", 40, 0)
    assert notice == ""
    assert "80 of 80 answers · all asked" in progress
    assert "By likelihood the original answers" in sentence
    drawn = json.loads(figure)
    assert drawn["data"][1]["y"] == ["logic", "words", "all"]
    assert len(drawn["data"]) == 5
    assert drawn["layout"]["shapes"][0]["x0"] == 0.25
    examining.begin(ADA)
    *_, (_, progress, _, figure) = examining.run(ADA, start.reset(), "facts", 10, 0)
    assert "10 of 10 answers" in progress  # the original alone
    assert len(json.loads(figure)["data"]) == 2
    examining.begin(ADA)
    *_, (notice, *_) = examining.run(ADA, start, "facts", 10, 3)
    assert "has 0 examples" in notice


# ------------------------------------------------------------------------------------ the Screen tab


def test_the_screen_tab_reads_well_for_a_task(handlers: Handlers, start: Exploration) -> None:
    screens = ScreenHandlers(handlers)
    assert [update["visible"] for update in screens.choose_experiment("task-facts")] == [True, False]
    assert [update["visible"] for update in screens.choose_experiment("capital")] == [False, True]
    _screen(handlers, start, *TASK)
    *_, shown, summary, _, matrix, caption, figure = screens.open(NOTHING, None, "")
    assert "Short facts: 3 right, 9 wrong" in shown["choices"][0][0]
    assert "12 questions of Short facts: 3 that the standard gets right | 9 that it gets wrong" in summary
    assert "different combinations of answers" in summary
    assert "mutants change an answer" in caption
    drawn = json.loads(figure)
    assert any("is the first answered otherwise, " in text for line in drawn["data"][0]["text"] for text in line)
    click = event(x=0, y=0, axes=["x", "y"], meta=drawn["layout"]["meta"], customdata=None)
    behind, tabs, exploration, *rest = screens.choose(start, ADA, click)
    assert tabs.selected == "explore"
    assert matrix in behind
    if "silent: it answers all" not in behind:
        assert "score " in behind
        assert "the first that it answers otherwise" in behind
    assert exploration.operation is not None
    assert rest[1 - ASKED_COUNT] == RAW
    assert rest[2 - ASKED_COUNT]["value"] == 8
    questions = {question.text for question in handlers.workspace.behaviour.question_sets()[0].questions}
    assert rest[-ASKED_COUNT] in questions


def test_the_sample_and_its_mistakes(handlers: Handlers, start: Exploration) -> None:
    screens = ScreenHandlers(handlers)
    order = screens.order(start, *TASK)
    assert order.experiment.task is not None
    assert (order.experiment.task.right, order.experiment.task.wrong, order.mode) == (3, 9, "text")
    told = list(screens.estimate(start, *TASK[:9], 40, 9, 0, "likelihood"))
    assert "not for 40 and 9" in told[-1]
