"""The Tasks tab, as a visitor uses it: run mutants on a few inputs, read, open, take away; ask questions."""

import re
from pathlib import Path

import polars as pl
from playwright.sync_api import expect

from tests.browser.page import Visitor

PATIENCE_MS = 120_000
MUTANTS = "2.mlp*0; 9.mlp*0\n11.down[507,1229]=0"


def _open(visitor: Visitor, **form: object) -> None:
    """The tab with a form, by its link."""
    said = {"mutants": MUTANTS, "inputs": 4, "new_tokens": 6, **form}
    visitor.follow({f"tasks_{name}": value for name, value in said.items()})
    expect(visitor.page.get_by_label("Mutants, one a line")).to_have_value(str(said["mutants"]))


def _run(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Run the mutants").click()
    expect(visitor.page.locator(".task-tabs .compare-progress")).to_contain_text("all answered", timeout=PATIENCE_MS)


def test_mutants_are_run_looked_at_opened_and_taken_away(guest: Visitor, tmp_path: Path) -> None:
    _open(guest)
    _run(guest)
    verdict = guest.page.locator(".task-tabs .verdict code")
    expect(verdict).to_have_text("2.mlp*0;9.mlp*0")
    expect(guest.page.locator(".view-first-words .main-svg").first).to_be_visible()
    expect(guest.page.locator(".view-writing-styles .main-svg").first).to_be_visible()
    expect(guest.page.locator(".task-tabs .item")).to_have_count(4)
    guest.page.get_by_role("button", name="11.down[507,1229]=0", exact=True).click()
    expect(verdict).to_have_text("11.down[507,1229]=0")
    with guest.page.expect_download() as coming:
        guest.page.get_by_role("button", name="Answers as CSV").click()
    path = tmp_path / "answers.csv"
    coming.value.save_as(path)
    assert pl.read_csv(path)["genotype"].unique(maintain_order=True).to_list() == [
        "original", "2.mlp*0;9.mlp*0", "11.down[507,1229]=0",
    ]  # fmt: skip
    asked = guest.page.locator(".task-tabs .item-asked").nth(2).inner_text()
    guest.page.locator(".task-tabs .item").nth(2).locator(".item-side").last.click()
    guest.wait_for_run()
    assert guest.page.get_by_label("Notation").input_value() == "11.down[507,1229]=0"
    assert asked.endswith(guest.page.get_by_label("Prompt", exact=True).input_value())
    expect(guest.page).not_to_have_url(re.compile("tasks_"))


def test_a_mutant_of_the_groups_opens_in_explore(guest: Visitor) -> None:
    _open(guest, inputs=2, new_tokens=2)
    _run(guest)
    guest.page.locator(".mutants").get_by_role("button", name="Open in Explore").first.click()
    guest.wait_for_run()
    assert guest.page.get_by_label("Notation").input_value() in ("2.mlp*0;9.mlp*0", "11.down[507,1229]=0")


def test_a_mistake_is_shown_with_a_caret(guest: Visitor) -> None:
    _open(guest, mutants="11.dwn*0")
    guest.page.get_by_role("button", name="Run the mutants").click()
    expect(guest.page.locator(".task-tabs .notice")).to_contain_text("11.dwn*0")


def test_right_answers_by_subject_and_mutants_of_a_screen_on_a_task(guest: Visitor) -> None:
    _open(guest)
    guest.page.get_by_role("tab", name="Questions", exact=True).click()
    guest.type("number input for Questions, drawn evenly", "10").press("Tab")
    guest.page.get_by_role("button", name="Ask the original and Explore’s genotype").click()
    expect(guest.page.locator(".view-accuracy .main-svg").first).to_be_visible(timeout=PATIENCE_MS)
    expect(guest.page.locator(".task-tabs .tally", has_text="By likelihood the original answers")).to_be_visible()
    expect(guest.page.get_by_text("answer more of the screen's questions right than the standard")).to_be_visible()
    guest.page.get_by_role("button", name="14.down[192:288,1152:1248]=max").click()
    guest.wait_for_run()
    assert guest.page.get_by_label("Notation").input_value() == "14.down[192:288,1152:1248]=max"


def test_a_phone_shows_it_within_its_width(guest: Visitor) -> None:
    guest.page.set_viewport_size({"width": 390, "height": 844})
    _open(guest, inputs=2, new_tokens=4)
    _run(guest)
    for part in (".mutant-group", ".view-first-words .figure", ".task-tabs .item"):
        box = guest.page.locator(part).first.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
