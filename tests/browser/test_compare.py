"""The Compare tab, as a visitor uses it: compare, read, stop, take away, and vote without knowing whose text it is."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.page import Visitor

PATIENCE_MS = 120_000
GENOTYPES = "original\n11.down[507,1229]=0"
PROMPTS = "What is the capital of France?\nHow many days are in a week?"


def _open(visitor: Visitor, **form: object) -> None:
    """The tab with a form, by its link."""
    said = {"genotypes": GENOTYPES, "prompts": PROMPTS, "max_new_tokens": 12, **form}
    visitor.follow({f"compare_{name}": value for name, value in said.items()})
    expect(visitor.page.get_by_label("Genotypes, one a line")).to_have_value(str(said["genotypes"]))


def _run(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Run the comparison").click()
    expect(visitor.page.locator(".compare-progress")).to_contain_text("all answered", timeout=PATIENCE_MS)


def test_two_genotypes_are_compared_on_prompts_and_a_text_opens_in_explore(guest: Visitor) -> None:
    _open(guest)
    _run(guest)
    expect(guest.page.locator(".verdict").first).to_contain_text("B says something else than A to 2 of 2 prompts")
    expect(guest.page.locator(".view-differences .main-svg").first).to_be_visible()
    texts = guest.page.locator(".item-text")
    expect(texts).to_have_count(4)
    assert "Paris" in texts.nth(0).inner_text()
    mutated = texts.nth(1).inner_text()
    assert "compare_prompts=" in guest.page.url
    texts.nth(1).click()
    guest.wait_for_run()
    assert guest.page.get_by_label("Notation").input_value() == "11.down[507,1229]=0"
    assert guest.text("mutated").startswith(mutated[:20])
    expect(guest.page).not_to_have_url(re.compile("compare_"))


def test_questions_are_compared_and_their_numbers_taken_away(guest: Visitor, tmp_path: Path) -> None:
    _open(guest, ask="Questions", question_count=12)
    _run(guest)
    expect(guest.page.locator(".verdict").first).to_contain_text("of 12 questions right")
    with guest.page.expect_download() as coming:
        guest.page.get_by_role("button", name="Take away as JSON").click()
    path = tmp_path / "comparison.json"
    coming.value.save_as(path)
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["verdicts"] == [guest.page.locator(".verdict").first.inner_text()]
    lost = report["measures"][0]["table"]["only_first"]
    assert 0 < lost < 12
    guest.choose("Items shown", "A right, B wrong")
    expect(guest.page.locator(".item")).to_have_count(lost)


def test_a_long_run_is_stopped_and_keeps_what_is_there(guest: Visitor) -> None:
    _open(guest, source="Both kinds", count=151, max_new_tokens=16)
    guest.page.get_by_role("button", name="Run the comparison").click()
    expect(guest.page.locator(".compare-progress")).to_contain_text(
        re.compile("[1-9][0-9]* of 302 answers, about"), timeout=PATIENCE_MS
    )
    expect(guest.page.locator(".item").first).to_be_visible(timeout=PATIENCE_MS)
    guest.page.get_by_role("button", name="Stop").last.click()
    expect(guest.page.locator(".compare-progress")).to_contain_text("stopped", timeout=PATIENCE_MS)
    expect(guest.page.locator(".verdict").first).to_contain_text("B says something else than A", timeout=PATIENCE_MS)


def test_a_mistake_is_shown_with_a_caret(guest: Visitor) -> None:
    _open(guest, genotypes="original\n11.dwn*0")
    guest.page.get_by_role("button", name="Run the comparison").click()
    expect(guest.page.locator(".comparison .notice")).to_contain_text("11.dwn*0")
    guest.type("Genotypes, one a line", GENOTYPES).blur()
    expect(guest.page.locator(".lettered li")).to_have_count(2)


def test_a_blind_test_tells_its_labels_after_the_vote_only(guest: Visitor) -> None:
    _open(guest)
    guest.page.get_by_role("tab", name="Blind test").click()
    guest.choose("Question of the blind test", "Which is the mutant?")
    guest.page.get_by_role("button", name="Begin").click()
    cards = guest.page.locator(".blind-card")
    expect(cards).to_have_count(2, timeout=PATIENCE_MS)
    blind = guest.page.locator(".blind").inner_html()
    assert "original" not in blind
    assert "11.down" not in blind
    place = next(number for number in (0, 1) if not re.search("Paris|7 days", cards.nth(number).inner_text()))
    guest.page.get_by_role("button", name=f"{place + 1} is the mutant").click()
    expect(guest.page.locator(".comparison .verdict").last).to_contain_text("Right: you found the mutant.")
    expect(cards.nth(place).locator("code")).to_have_text("11.down[507,1229]=0")
    expect(guest.page.locator(".tally")).to_contain_text("The mutant was found 1 of 1 times")
    guest.page.get_by_role("button", name="Next pair").click()
    expect(cards.locator("code")).to_have_count(0, timeout=PATIENCE_MS)


def test_a_phone_shows_it_within_its_width(guest: Visitor) -> None:
    guest.page.set_viewport_size({"width": 390, "height": 844})
    _open(guest)
    _run(guest)
    expect(guest.page.locator(".item").first).to_be_visible()
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= 390
    for shown in (".verdict", ".measures", ".view-differences .figure", ".item"):
        box = guest.page.locator(shown).first.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
