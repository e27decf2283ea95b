"""The Compare tab's handlers, without a browser."""

import base64
import json
from dataclasses import fields, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
import polars as pl
import pytest

from explorer.domain.genotype import Genotype
from explorer.domain.notation import parse_genotype
from explorer.domain.record import Wanted
from explorer.files.settings import Settings
from explorer.store.database import opened
from explorer.tasks.blind import Pressed
from explorer.ui.compare.blind.handlers import BlindHandlers, Sitting
from explorer.ui.compare.blind.words import BUTTONS
from explorer.ui.compare.form import PROMPTS, QUESTIONS, Form
from explorer.ui.compare.handlers import NAMES, CompareHandlers, Shown
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import RAW
from explorer.ui.explore.handlers import Handlers
from explorer.ui.links import parse_query
from explorer.ui.runs import Runs
from explorer.workspace.workspace import Workspace
from tests.answering import QUESTIONS as MADE
from tests.answering import Scripted, answer, score
from tests.ui.visit import ADA, event, genotype_of, last

FORM = Form(genotypes="original\n1.down*0", prompts="w5 w6\nw7 <b>\nw8", mode=RAW, max_new_tokens=6)


def _scripted() -> Scripted:
    def mutant(prompt: Any) -> Any:
        same = prompt.text == "w8"
        return answer("blue" if same else "<i>red</i>", mean_kl=0.0 if same else 0.5, perplexity=6.0, cosine=0.5)

    return Scripted(
        texts={
            "": lambda _: answer("blue", mean_kl=0.0, perplexity=3.0, cosine=1.0),
            "1.down*0": mutant,
            "0.q*0": mutant,
        },
        marks={
            "": lambda _: score(right=True, margin=2.0),
            "1.down*0": lambda asked: score(right=asked.answer == 0),
        },
    )


@pytest.fixture
def own(workspace: Workspace, tmp_path: Path) -> CompareHandlers:
    """The handlers of a page whose genotypes say what was written down, with a database of its own."""
    page = Workspace(source=workspace.source, device="cpu", settings=Settings(database=tmp_path / "own.duckdb"))
    page.models.get()
    return CompareHandlers(Handlers(page, Runs()), Runs(), _scripted())


@pytest.fixture
def blind(own: CompareHandlers) -> BlindHandlers:
    """Those of its blind test."""
    return BlindHandlers(own, Runs())


def _values(form: Form) -> list[Any]:
    return [getattr(form, field.name) for field in fields(Form)]


def _run(own: CompareHandlers, start: Exploration, form: Form = FORM) -> dict[str, Any]:
    """All that the page shows in the end."""
    own.begin(ADA)
    page: dict[str, Any] = {}
    for outputs in own.run(ADA, start, *_values(form)):
        page |= {name: value for name, value in zip(NAMES, outputs, strict=True) if value != gr.skip()}
    return page


def test_a_run_shows_verdict_measures_pictures_and_items(own: CompareHandlers, start: Exploration) -> None:
    page = _run(own, start)
    assert "B says something else than A to 2 of 3 prompts" in page["verdict"]
    assert "Perplexity under the original" in page["measures"]
    assert json.loads(page["differences"])["data"]
    assert page["discordance"] == ""  # no text is destroyed
    assert "6 of 6 answers · all answered" in page["progress"]
    items = json.loads(page["items"])
    assert [item["asked"] for item in items] == ["w5 w6", "w7 <b>", "w8"]
    assert [side["letter"] for side in items[0]["sides"]] == ["A", "B"]
    assert (items[0]["sides"][1]["common"], items[0]["sides"][1]["rest"]) == ("", "<i>red</i>")
    assert (items[2]["sides"][1]["common"], items[2]["sides"][1]["rest"]) == ("blue", "")
    assert page["notice"] == ""


def test_a_run_is_kept_in_the_lab_record(own: CompareHandlers, start: Exploration) -> None:
    _run(own, start)
    record = own.handlers.workspace.record
    record.settle()
    (entry,) = record.page(Wanted()).entries
    assert (entry.run.kind, entry.run.genotypes) == ("comparison", ("original", "1.down*0"))
    assert entry.run.link.startswith("?compare_genotypes=original")
    assert "B says something else than A to 2 of 3 prompts" in entry.run.detail["verdicts"][0]


def test_questions_are_compared_and_filtered(own: CompareHandlers, start: Exploration) -> None:
    page = _run(own, start, replace(FORM, ask=QUESTIONS, question_count=20))
    assert "B answers 10 fewer of 20 questions right than A" in page["verdict"]
    assert json.loads(page["discordance"])["data"][0]["text"] == ["10"]
    assert ("A right, B wrong", "only_first") in page["part"]["choices"]
    shown: Shown = page["compared"]
    for part, count in (("all", 20), ("different", 10), ("only_first", 10), ("only_second", 0)):
        rows, told, _ = own.items(shown, 1, part, 0)  # type: ignore[arg-type]
        assert len(json.loads(rows)) == count
        assert (f"of {count}." in told) == bool(count)
    wrong = json.loads(own.items(shown, 1, "only_first", 0)[0])[0]
    assert wrong["sides"][1]["state"] == "wrong"
    assert wrong["sides"][0]["facts"].startswith("right · margin ")


def test_items_are_paged_on_the_server(own: CompareHandlers, start: Exploration) -> None:
    prompts = "\n".join(f"w{number}" for number in range(5, 50))
    shown: Shown = _run(own, start, replace(FORM, prompts=prompts))["compared"]
    first, told, page = own.items(shown, 1, "all", 0)
    assert (len(json.loads(first)), page) == (20, 0)
    assert "Items 1–20 of 45" in told
    rows, told, page = own.items(shown, 1, "all", 7)
    assert (len(json.loads(rows)), page) == (5, 2)
    assert "Items 41–45 of 45" in told
    assert own.items(shown, 1, "all", -1)[2] == 0
    assert own.items(None, None, "all", 0) == ["", "", 0]


def test_a_stopped_run_shows_what_is_there(own: CompareHandlers, start: Exploration) -> None:
    prompts = "\n".join(f"w{number}" for number in range(5, 50))
    own.begin(ADA)
    page: dict[str, Any] = {}
    for step, outputs in enumerate(own.run(ADA, start, *_values(replace(FORM, prompts=prompts)))):
        page |= {name: value for name, value in zip(NAMES, outputs, strict=True) if value != gr.skip()}
        if step == 40:
            own.stop(ADA)
    assert "40 of 90 answers · stopped" in page["progress"]
    assert "of 16 prompts" in page["verdict"]


def test_a_run_that_nobody_waits_for_shows_nothing(own: CompareHandlers, start: Exploration) -> None:
    assert list(own.run(ADA, start, *_values(FORM))) == [[gr.skip()] * len(NAMES)]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (replace(FORM, genotypes="original\n1.dwn*0"), "1.dwn*0\n    ^"),
        (replace(FORM, genotypes="original\n77.q*0"), "77.q*0"),
        (replace(FORM, genotypes=""), "needs two genotypes"),
        (replace(FORM, prompts="  \n"), "Nothing is asked"),
        (replace(FORM, max_new_tokens=0), "1 or more"),
    ],
)
def test_what_cannot_be_run_is_told(own: CompareHandlers, start: Exploration, form: Form, words: str) -> None:
    page = _run(own, start, form)
    assert words in page["notice"]
    assert "verdict" not in page


def test_the_list_of_genotypes_is_checked_with_a_caret(own: CompareHandlers, start: Exploration) -> None:
    assert "<b>B</b> <code>1.down*0</code>" in own.check(start, " 1.down*0 \n")  # the original goes before one alone
    assert "^" in own.check(start, "original\n1.down*")
    longer, told = own.take(start, "original")
    assert longer == "original\n1.down[3,5]=0"
    assert "1.down[3,5]=0" in told
    assert own.take(start, longer)[0] == longer


def test_an_item_opens_in_explore(own: CompareHandlers, start: Exploration) -> None:
    shown = _run(own, start)["compared"]
    notice, address, tabs, *restored = own.open_item(event(item=1, place=1), ADA, start, shown)
    assert (notice, address) == ("", "?")
    assert tabs.selected == "explore"
    assert genotype_of(own.handlers.workspace, restored) == "1.down*0"
    assert "w7 <b>" in restored
    other = replace(start, source="another")
    assert "another model" in own.open_item(event(item=1, place=1), ADA, other, shown)[0]


def test_the_files_have_the_answers(own: CompareHandlers, start: Exploration) -> None:
    shown = _run(own, start)["compared"]

    def content(kind: str) -> bytes:
        return base64.b64decode(json.loads(own.download(shown, kind)[0])["content"])

    for frame in (pl.read_csv(content("csv")), pl.read_parquet(BytesIO(content("parquet")))):
        assert frame["genotype"].to_list() == ["original", "1.down*0"] * 3
        assert frame["letter"].to_list() == ["A", "B"] * 3
        assert frame["mean_kl"].to_list() == [0.0, 0.5, 0.0, 0.5, 0.0, 0.0]
    report = json.loads(content("json"))
    assert report["is_complete"]
    assert len(report["items"]) == 6
    assert "run the comparison first" in own.download(None, "csv")[1]


def test_the_address_restores_the_question(own: CompareHandlers) -> None:
    form = Form(
        genotypes="original\n0.q*0", ask=QUESTIONS, question_set="facts", question_count=17, shots=2, temperature=0.7
    )
    tabs, *values, notice = own.read_link(parse_query(form.address()))
    assert tabs.selected == "compare"
    assert (Form(*values), notice) == (form, "")
    assert set(map(str, own.read_link({"stats_screen": "own:1"}))) == {str(gr.skip())}
    broken = {"genotypes": "original", "ask": "nothing", "count": "many", "seed": "1e30"}
    _, *values, notice = own.read_link({f"compare_{name}": value for name, value in broken.items()})
    values = [blank if value == gr.skip() else value for value, blank in zip(values, _values(Form()), strict=True)]
    assert Form(*values) == Form(genotypes="original")
    assert [line.split(",")[0] for line in notice.partition(">")[2].splitlines()] == [
        "The address says compare_ask=nothing",
        "The address says compare_count=many",
        "The address says compare_seed=1e30",
    ]
    assert own.leave(event(value="Screen")) == "?"


# ------------------------------------------------------------------------------------------- the blind test


def _begin(blind: BlindHandlers, start: Exploration, mode: Any = "better", shown: Shown | None = None) -> list[Any]:
    return last(blind.begin(ADA, start, shown, mode, *_values(FORM)))


def _pressed_for(sitting: Sitting, choice: str) -> Pressed:
    """The button that votes for a genotype."""
    assert sitting.test.pair is not None
    return "one" if sitting.test.pair.choice("one") == choice else "two"


def test_nothing_that_the_page_gets_tells_whose_text_is_which(blind: BlindHandlers, start: Exploration) -> None:
    for outputs in blind.begin(ADA, start, None, "mutant", *_values(FORM)):
        for value in outputs[1:]:  # the first stays on the server
            assert "1.down" not in str(value)
            assert "original" not in str(value)
            assert "swapped" not in str(value)
    assert "&lt;i&gt;red&lt;/i&gt;" in outputs[2]


def test_labels_are_told_after_the_vote_and_the_vote_is_kept(
    own: CompareHandlers, blind: BlindHandlers, start: Exploration
) -> None:
    outputs = _begin(blind, start)
    sitting: Sitting = outputs[0]
    voted = blind.vote(sitting, " Ada ", _pressed_for(sitting, "second"))
    assert "<code>1.down*0</code>" in voted[2]
    assert "You chose the text of 1.down*0." in voted[2]
    assert "1.down*0 was chosen 1 of 1 times" in voted[7]
    assert voted[1] == ""
    with opened(own.handlers.workspace.settings.database, read_only=True) as connection:
        rows = connection.execute("SELECT visitor, first, second, choice, mode, swapped FROM votes").fetchall()
    assert sitting.test.pair is not None
    assert rows == [("Ada", "", "1.down*0", "second", "better", sitting.test.pair.swapped)]
    assert "next pair" in blind.vote(voted[0], "", "one")[1]


def test_the_test_ends_and_identical_texts_are_counted(blind: BlindHandlers, start: Exploration) -> None:
    outputs = _begin(blind, start, "mutant")
    assert [update["value"] for update in outputs[3:6]] == list(BUTTONS["mutant"])
    for _ in range(2):
        outputs = blind.vote(outputs[0], "", _pressed_for(outputs[0], "second"))
        assert "Right: you found the mutant." in outputs[2]
        if not outputs[0].test.is_over:
            outputs = last(blind.go_on(ADA, outputs[0], None))
    sitting: Sitting = outputs[0]
    assert sitting.test.votes == ("second", "second")
    assert sitting.test.identical == 1
    assert "The mutant was found 2 of 2 times: 16 to 100 %" in outputs[7]
    assert "1 pair was skipped" in outputs[7]
    assert outputs[6]["interactive"] is False


def test_texts_of_the_comparison_are_used_again(own: CompareHandlers, blind: BlindHandlers, start: Exploration) -> None:
    shown = _run(own, start)["compared"]
    answering: Any = own.answering
    answering.asked.clear()
    outputs = _begin(blind, start, shown=shown)
    assert answering.asked == []
    assert outputs[0].test.pair is not None


def test_a_vote_that_cannot_be_kept_still_counts(
    own: CompareHandlers, blind: BlindHandlers, start: Exploration
) -> None:
    own.handlers.workspace.settings.database.write_bytes(b"not a database" * 500)
    voted = blind.vote(_begin(blind, start)[0], "", "one")
    assert "The vote counts here, but it is not kept." in voted[1]
    assert len(voted[0].test.votes) == 1


def test_tests_that_cannot_begin_are_told(blind: BlindHandlers, start: Exploration) -> None:
    form = replace(FORM, genotypes="1.down*0\n0.q*0")
    assert "original first" in last(blind.begin(ADA, start, None, "mutant", *_values(form)))[1]
    asked = replace(FORM, ask=QUESTIONS)
    assert "choose Prompts" in last(blind.begin(ADA, start, None, "better", *_values(asked)))[1]
    assert "Begin a test" in last(blind.go_on(ADA, None, None))[1]
    assert "Begin a test" in blind.vote(None, "", "one")[1]


def test_prompts_come_from_the_inputs_too(own: CompareHandlers) -> None:
    model = own.handlers.workspace.models.get()
    for source, texts in (("Literary", ["w5 w6 w7", "w10 w11"]), ("Factual", ["w8 w9"]), ("Both kinds", ["w5 w6 w7"])):
        count = 1 if source == "Both kinds" else 24
        order = replace(FORM, source=source, count=count).order(model, own.answering)
        assert [prompt.text for prompt in order.prompts] == texts
    asked = replace(FORM, ask=QUESTIONS, question_count=4).order(model, own.answering)
    assert asked.questions is not None
    assert [each.name for each in asked.questions.questions] == [MADE.questions[place].name for place in (0, 5, 10, 15)]
    assert FORM.ask == PROMPTS
    assert asked.genotypes == (Genotype(), parse_genotype("1.down*0"))
