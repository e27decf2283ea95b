"""A conversation in the real page: several turns, another mutation between them, undone, linked, taken away."""

import json
from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser.page import Visitor

PATIENCE_MS = 60_000


def _say(visitor: Visitor, text: str, turns: int) -> None:
    visitor.page.get_by_label("Say something to both").fill(text)
    visitor.page.get_by_role("button", name="Send", exact=True).click()
    expect(visitor.page.locator(f".talk[data-turns='{turns}'][data-running='false']")).to_be_visible(
        timeout=PATIENCE_MS
    )


def _taken(visitor: Visitor) -> Any:
    """The conversation as it is taken away."""
    with visitor.page.expect_download() as taken:
        visitor.page.get_by_role("button", name="JSON", exact=True).last.click()
    return json.loads(taken.value.path().read_text(encoding="utf-8"))


def test_a_conversation_over_several_turns(browser: Browser, guest: Visitor) -> None:
    guest.follow({"max_new_tokens": 16})
    visitor, page = guest, guest.page
    page.get_by_role("tab", name="Talk").click()
    expect(page.locator(".talk-card h2")).to_contain_text("Talk to SmolLM2-135M-Instruct and to its mutant")
    expect(page.locator(".talk .no-picture")).to_be_visible()
    page.get_by_role("button", name="System prompt").last.click()
    placeholder = page.locator(".talk-card").get_by_label("System prompt").last.get_attribute("placeholder")
    assert placeholder is not None
    assert placeholder.startswith("The template's own: You are a helpful AI assistant named SmolLM")
    _say(visitor, "What is the capital of France?", 1)
    _say(visitor, "And how many people live there?", 2)
    turns = page.locator(".talk-turn")
    expect(turns).to_have_count(2)
    expect(turns.first.locator(".pair-card[data-side=original]")).to_contain_text("Paris")
    expect(page.locator(".talk-parting")).to_have_count(1)
    expect(page.locator(".talk-genotype")).to_have_count(1)  # it was the same in both turns

    page.get_by_role("tab", name="Explore").click()
    visitor.fill("Notation", "3.mlp*0.9")
    visitor.wait_for_run()
    page.get_by_role("tab", name="Talk").click()
    expect(page.locator(".talk-hint")).to_contain_text("3.mlp*0.9")
    _say(visitor, "Thank you.", 3)
    expect(page.locator(".talk-genotype")).to_have_count(2)
    third = turns.last.inner_text()

    page.get_by_role("button", name="Undo turn").click()
    expect(turns).to_have_count(2)
    expect(page.get_by_label("Say something to both")).to_have_value("Thank you.")
    _say(visitor, "Thank you.", 3)
    assert turns.last.inner_text() == third, "a turn that is asked again is answered again"

    said = _taken(visitor)
    assert [exchange["asked"] for exchange in said["exchanges"]][-1] == "Thank you."
    assert said["messages"]["mutated"][1]["role"] == "assistant"

    page.wait_for_function("location.search.includes('talk_said')")
    again = Visitor.coming(browser, page.url)
    again.page.goto(page.url)
    expect(again.page.locator(".talk-turn")).to_have_count(3, timeout=PATIENCE_MS)
    expect(again.page.locator(".talk-turn").first).to_contain_text("capital of France")

    page.get_by_role("button", name="New conversation").click()
    expect(turns).to_have_count(0)
    page.wait_for_function("!location.search.includes('talk_said')")
    page.get_by_role("button", name="Undo turn").click()
    expect(page.locator(".talk-card .notice")).to_contain_text("There is no turn to undo")
    page.get_by_role("tab", name="History").click()
    entry = page.locator(".record-entry", has_text="Thank you.").first  # the other visitor's runs are there too
    expect(entry).to_contain_text("Talk")
    entry.get_by_role("button", name="Reopen").click()
    expect(page.locator(".talk-turn")).to_have_count(3)
    expect(page.locator(".talk-turn").last).to_contain_text("Thank you.")
    again.page.close()
