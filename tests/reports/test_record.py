"""Reports of entries of the lab record: all is in them, nothing is asked of a network or taken for markup."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from explorer.domain.decoding import Decoding, Prompt, Turn
from explorer.domain.errors import ExplorerError
from explorer.domain.record import Entry, Run, Setup
from explorer.files.settings import Settings
from explorer.reports.record_file import report_of
from explorer.reports.record_html import html_report
from explorer.reports.record_markdown import markdown_report
from explorer.workspace.workspace import Workspace

EVIL = "<script>alert('1')</script> <img src=https://example.org/x.png onerror=x>"
SETUP = Setup(
    model="tiny", source="/models/tiny", fingerprint="ab12", device="cpu", dtype="float32", program="1", torch="2",
    transformers="5",
)  # fmt: skip
RUN = Run(
    kind="explore",
    genotypes=("11.down[507,1229]=0",),
    prompt=Prompt(text=EVIL),
    decoding=Decoding(),
    original="The cat\nsat",
    mutated=f"The cow ``` {EVIL}",
    metrics={"mean_kl": 0.123, "first_divergence": 1, "cosine": -0.5},
    detail={"change": EVIL},
)
ENTRIES = (
    Entry(number=3, time=datetime(2025, 3, 1, 12, tzinfo=UTC), setup=SETUP, run=RUN, tags=("fun",), note=EVIL),
    Entry(
        number=7, time=datetime(2025, 3, 2, 12, tzinfo=UTC), setup=replace(SETUP, model=EVIL),
        run=Run(kind="screen", metrics={"mutants": 96, "mean_kl": 2}, detail={
            "plan": {"matrices": "1.*", "unit": "block", "step": 96, "operations": ["max"]}, "title": EVIL}),
    ),
)  # fmt: skip
VOID = {"meta", "br", "img", "link"}


class _Read(HTMLParser):
    """The tags of a page, which have to be closed in their order, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(page: str) -> _Read:
    reader = _Read()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def _shares() -> pl.DataFrame:
    return pl.DataFrame(
        {"name": ["0.q", "1.q"], "layer": [0, 1], "kind": ["q", "q"], "share": [0.25, None]},
        schema_overrides={"share": pl.Float64},
    )


def test_the_page_has_everything() -> None:
    read = _read(html_report(ENTRIES, {7: _shares()}))
    for words in ("#3 11.down[507,1229]=0", "The cat\nsat", "ab12", "fun", EVIL, "parts at token 2", "mean KL 0.123",
                  "python -m explorer mutate", "1.* · step 96 · max", "mutants 96", "0.q: 25% non-silent",
                  "1.q: not screened"):  # fmt: skip
        assert words in read.text, words
    marks = [attributes for tag, attributes in read.seen if tag == "rect"]
    assert len(marks) == 2 + 2  # two bars of the metric that both have, two matrices
    assert {attributes["href"] for tag, attributes in read.seen if tag == "a"} == {"#entry-3", "#entry-7"}


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    page = html_report(ENTRIES, {7: _shares()})
    read = _read(page)
    names = {tag for tag, _ in read.seen}
    assert names.isdisjoint({"script", "img", "link", "iframe", "object", "video"})
    attributes = {name for _, attributes in read.seen for name in attributes}
    assert attributes.isdisjoint({"src", "onerror", "onload", "onclick"})
    assert not re.search(r"url\(|@import", page)
    policies = [attributes["content"] for tag, attributes in read.seen if "http-equiv" in attributes]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_markdown_keeps_texts_in_fences_that_they_cannot_leave() -> None:
    page = markdown_report(ENTRIES)
    parts = re.split(r"^(`{3,}.*)$", page, flags=re.M)
    outside, fence = "", None
    for part in parts:
        if re.match(r"`{3,}", part):
            fence = part.removesuffix("text") if fence is None else None if part == fence else fence
        elif fence is None:
            outside += part
    assert fence is None
    assert not re.search(r"(?<!\\)<", outside)
    assert "The cow ``` <script>" in page
    assert "| Mean KL | 0.123 |" in page
    assert "| First divergence | token 2 |" in page
    assert "## 3. 11.down\\[507,1229\\]=0" in page
    assert "python -m explorer mutate '11.down[507,1229]=0'" in page


def test_a_report_of_nothing_and_of_another_form_gets_a_sentence(tmp_path: Path) -> None:
    workspace = Workspace(settings=Settings(database=tmp_path / "own.duckdb"))
    with pytest.raises(ExplorerError, match="no such entry"):
        report_of(workspace, [], "md")
    with pytest.raises(ExplorerError, match=r"not in \.pdf"):
        report_of(workspace, ENTRIES, "pdf")


def test_what_went_with_a_prompt_is_told_and_asked_again() -> None:
    turns = (Turn("user", "Hi"), Turn("assistant", EVIL))
    prompt = Prompt(text="What?", system="Be | brief.", thinking=True, prefill="It", turns=turns)
    entries = [replace(ENTRIES[0], run=replace(RUN, prompt=prompt))]
    page = markdown_report(entries)
    assert "| System prompt | Be \\| brief. |" in page
    assert "| Beginning of the answer | It |" in page
    assert "| Earlier turns | 2, the last: " in page
    assert "--thinking --system 'Be | brief.' --prefill It --turns '[{" in page
    assert EVIL not in html_report(entries, {})
