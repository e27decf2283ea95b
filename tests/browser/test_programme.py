"""A programme: put together in History, presented, and handed out as a file that runs offline."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from typer.testing import CliRunner

from explorer.cli import app
from tests.browser.page import PHONE, Visitor, serving

TALK = """
title = "A short talk"
[[steps]]
title = "By itself"
prompt = "What is the capital of France?"
say = "Nothing is changed."
decoding = { max_new_tokens = 12 }
[[steps]]
title = "One weight"
genotype = "11.down[507,1229]=0"
prompt = "What is the capital of France?"
say = "One of 134 million, <b>gone</b>."
look = ["dose", "map 11.down in week"]
decoding = { max_new_tokens = 12 }
"""
MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The talk as a file, written by the command."""
    folder = tmp_path_factory.mktemp("talk")
    (folder / "talk.toml").write_text(TALK, encoding="utf-8")
    made = folder / "talk.html"
    arguments = [
        "programme",
        str(folder / "talk.toml"),
        "--html",
        str(made),
        "--folder",
        str(folder / "kept"),
        "--json",
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert [step["first_divergence"] for step in report["steps"]] == [None, 0]
    assert report["bytes"] == made.stat().st_size < MOST_BYTES
    return made


@pytest.mark.parametrize("size", [(1440, 900), PHONE])
def test_the_file_runs_from_disk_with_the_network_cut(browser: Browser, page_file: Path, size: tuple[int, int]) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(page_file.as_uri())
    mutated = page.locator('[data-side="mutated"] .pair-text')
    expect(mutated).to_contain_text("The capital of France is Paris.")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#title")).to_have_text("One weight")
    expect(page.locator("#say")).to_have_text("One of 134 million, <b>gone</b>.")
    expect(mutated).to_contain_text("L'Ant")
    whole = mutated.inner_text()
    page.locator('[data-side="mutated"] .token').first.hover()
    expect(page.locator(".pair-popover")).to_contain_text("Mutated model")
    page.get_by_role("button", name="Replay").click()
    expect(page.locator(".pair-note").first).to_have_text("replayed …")
    expect(page.locator(".pair-note").first).to_contain_text("8 tokens", timeout=30_000)
    assert mutated.inner_text() == whole

    curve, drawn = page.locator(".figure").nth(0), page.locator(".figure").nth(1)
    expect(drawn.locator(".main-svg").first).to_be_visible()
    curve.focus()
    curve.press("End")
    curve.press("End")
    curve.press("Enter")
    expect(mutated).to_contain_text("The capital of France is Paris.")  # at its largest value the weight speaks
    drawn.focus()
    for key in ("ArrowRight", *["ArrowRight"] * 12, *["ArrowDown"] * 5):
        drawn.press(key)
    drawn.press("Enter")
    expect(page.locator(".behind code")).to_contain_text("11.down[480:576,1152:1248]=")
    expect(page.locator(".behind blockquote")).not_to_be_empty()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert asked == [page_file.as_uri()]
    assert complaints == []
    context.close()


def test_a_programme_is_shown_from_its_first_step_with_curve_map_and_words(browser: Browser, page_file: Path) -> None:
    with serving("--programme", str(page_file.with_name("talk.toml"))) as url:
        visitor = Visitor.opening(browser, url)
        page = visitor.page
        assert visitor.text("mutated") == visitor.text("original")
        page.keyboard.press("s")
        page.keyboard.press("n")
        expect(page.locator(".stage-notes")).to_have_text("Nothing is changed.")
        page.keyboard.press("PageDown")
        expect(page.locator(".stage-told")).to_have_text("2 of 2: One weight")
        visitor.wait_for_run()
        expect(page.locator(".stage-notes")).to_have_text("One of 134 million, <b>gone</b>.")
        page.keyboard.press("n")
        expect(page.locator(".curve .main-svg").first).to_be_visible(timeout=60_000)  # drawn by itself
        drawn = page.locator(".step-map .figure")
        expect(drawn).to_be_hidden()
        page.keyboard.press("m")
        expect(drawn.locator(".main-svg").first).to_be_visible()
        drawn.focus()
        for key in ("ArrowRight", *["ArrowRight"] * 12, *["ArrowDown"] * 5, "Enter"):
            drawn.press(key)
        visitor.wait_for_run()
        assert page.get_by_label("Notation").input_value().startswith("11.down[480:576,1152:1248]=")
        assert visitor.complaints == []
        page.close()


def test_runs_become_a_programme_that_is_presented(visitor: Visitor) -> None:
    page = visitor.page
    for name in ("Max", "Zero"):
        visitor.press(name)
    page.get_by_role("tab", name="History").click()
    add = page.locator(".record-add")
    expect(add.first).to_be_visible(timeout=60_000)
    before = page.locator(".step").count()
    for place in (1, 0):
        add.nth(place).click()
        expect(page.locator(".step")).to_have_count(before + (2 - place))
    title = page.get_by_label(f"Title of step {before + 2}")
    visitor.let_settle(title)
    title.fill("The weight is gone")
    title.press("Enter")
    title.blur()
    page.get_by_label(f"Move step {before + 2} up").click()
    expect(page.get_by_label(f"Title of step {before + 1}")).to_have_value("The weight is gone")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download TOML").click()
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert text.index("The weight is gone") < text.index("6.07")
    page.get_by_role("button", name="Present", exact=True).locator("visible=true").last.click()
    expect(page.locator("body.on-stage")).to_be_attached()
    expect(page.locator(".explore .presets button")).to_have_count(before + 2)
    for _ in range(before + 1):
        page.keyboard.press("PageDown")
    visitor.wait_for_run()
    assert page.get_by_label("Notation").input_value() == "11.down[507,1229]=0"
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="History").click()
    for _ in range(before + 2):
        page.get_by_label("Drop step 1", exact=True).click()
        page.wait_for_timeout(300)
    expect(page.locator(".step")).to_have_count(0)
