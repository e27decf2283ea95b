"""At once, on stage, by key, and for an audience."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from explorer.files.presets import read_presets
from explorer.files.settings import Settings
from tests.browser.page import PHONE, Visitor

SMALL = """() => {
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const parent = node.parentElement;
        if (!node.textContent.trim() || ["STYLE", "SCRIPT"].includes(parent.tagName)) continue;
        if (!parent.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })) continue;
        const { width, height } = parent.getBoundingClientRect();
        const size = parseFloat(getComputedStyle(parent).fontSize);
        if (width > 2 && height > 2 && size < 28) found.add(`${node.textContent.trim().slice(0, 40)}: ${size}`);
    }
    return [...found];
}"""
"""What is written smaller than the last row can read."""
PRESETS = read_presets(Settings().presets_folder)
SEEN = ".prompt textarea, .change, .pair-text, .value-slider input"


def _on_stage(guest: Visitor, **said: object) -> Page:
    """The page as a speaker opens it."""
    guest.page.goto(f"{guest.home}?stage=1" + "".join(f"&{name}={value}" for name, value in said.items()))
    expect(guest.page.locator("body.on-stage")).to_be_attached()
    guest.wait_for_run()
    return guest.page


def _told(page: Page, sentence: str) -> None:
    expect(page.locator(".stage-told")).to_have_text(re.compile(sentence))


def test_the_page_opens_with_a_recorded_run_that_is_alive(guest: Visitor) -> None:
    guest.page.goto(guest.home, wait_until="commit")
    first = guest.page.locator("#first-picture")
    expect(first.locator('[data-side="mutated"] .token').first).to_be_visible()
    expect(first).to_contain_text("What is the capital of France?")
    expect(first).to_contain_text("recorded · run again")
    assert "token 1" in first.locator(".tile", has_text="First divergence").inner_text()
    expect(first).not_to_be_attached()
    guest.wait_for_run()
    again = guest.page.locator(".explore .pair-recorded")
    expect(again).to_be_visible()
    recorded = guest.text("mutated")
    assert recorded.startswith("L'Ant")
    assert guest.tile("Mean KL") == "2.59 nats"
    guest.page.locator('.explore .pair-card[data-side="mutated"] .token').first.hover()
    expect(guest.page.locator(".explore .pair-popover")).to_contain_text("Original model")
    again.click()
    guest.wait_for_run()
    expect(again).to_be_hidden()
    assert guest.text("mutated") == recorded
    guest.page.get_by_role("button", name="Suddenly French").click()
    guest.wait_for_run()
    expect(again).to_be_visible()
    assert guest.text("mutated").startswith("L'Étoile, la Cité")
    guest.fill("Notation", "28.down[507,678]=0.5")
    guest.wait_for_run()
    expect(again).to_be_hidden()


def test_by_keys_alone(guest: Visitor) -> None:
    page = _on_stage(guest)
    press = page.keyboard.press
    for selector in SEEN.split(", "):
        expect(page.locator(f".explore {selector}").first).to_be_visible()
    for selector in (".masthead", ".tiles", ".takeaway", ".explore .presets", ".instruments", ".notation", ".key-run"):
        assert page.locator(selector).locator("visible=true").count() == 0, selector
    assert page.evaluate(SMALL) == []
    first, second = f"1 of {len(PRESETS)}", f"2 of {len(PRESETS)}"
    for key, title in (("ArrowRight", f"{first}: One weight"), ("PageDown", f"{second}: A wrong"), ("PageUp", first)):
        press(key)
        _told(page, title)
        guest.wait_for_run()
        assert page.evaluate(SMALL) == []
    press("ArrowLeft")
    _told(page, "This is the first one")
    press(" ")
    guest.wait_for_run()
    expect(page.locator(".explore .pair-recorded")).to_be_hidden()  # it was run
    press("p")
    _told(page, "Pinned")
    press("d")
    expect(page.locator(".curve .main-svg").first).to_be_visible()
    assert page.evaluate(SMALL) == []
    press("r")
    _told(page, "The original")
    guest.wait_for_run()
    assert guest.text("mutated") == guest.text("original")
    press("?")
    expect(page.locator(".stage-keys")).to_be_visible()
    assert page.evaluate(SMALL) == []
    press("Escape")
    expect(page.locator(".stage-keys")).to_be_hidden()
    press("b")
    expect(page.locator(".stage-black")).to_be_visible()
    press(".")
    expect(page.locator(".stage-black")).to_be_hidden()
    is_dark = page.evaluate("document.body.classList.contains('dark')")
    press("t")
    assert page.evaluate("document.body.classList.contains('dark')") is not is_dark
    assert page.evaluate(SMALL) == []
    press("Escape")
    expect(page.locator("body.on-stage")).not_to_be_attached()
    expect(page.locator(".pinned-card .trial-card")).to_be_visible()
    assert "stage=" not in page.url


def test_space_stops_what_runs(guest: Visitor) -> None:
    page = _on_stage(guest, max_new_tokens=400, prompt="Tell+me+a+long+story.", genotype="7.o*0.9")
    page.keyboard.press(" ")
    page.wait_for_function("document.querySelector('.explore .pair').dataset.running === 'true'")
    page.keyboard.press(" ")
    guest.wait_for_run()
    assert any("stopped" in note for note in guest.page.locator(".explore .pair-note").all_text_contents())


def test_keys_never_fire_while_somebody_types(visitor: Visitor) -> None:
    page = visitor.page
    box = visitor.type("Prompt", "")
    box.type("sss rdp?")
    expect(page.locator("body.on-stage")).not_to_be_attached()
    assert box.input_value() == "sss rdp?"
    box.blur()
    page.keyboard.press("s")
    expect(page.locator("body.on-stage")).to_be_attached()
    genotype = page.get_by_label("Notation").input_value()
    prompt = page.locator(".explore .prompt textarea")
    prompt.click()
    prompt.press("End")
    prompt.type(" rdpqbs")
    for key in ("ArrowLeft", "PageDown", "ArrowRight"):
        prompt.press(key)
    assert prompt.input_value() == "sss rdp? rdpqbs"
    assert page.get_by_label("Notation").input_value() == genotype
    expect(page.locator("body.on-stage")).to_be_attached()
    for name in ("code", "black", "keys"):
        expect(page.locator(f".stage-{name}")).to_be_hidden()
    page.locator(".value-slider input").focus()  # its arrow keys are its own
    page.keyboard.press("ArrowRight")
    visitor.wait_for_run()
    assert page.get_by_label("Notation").input_value() != genotype


@pytest.fixture
def followers(browser: Browser, url: str) -> Iterator[list[Page]]:
    """Three phones."""
    pages = []
    complaints: list[str] = []
    for _ in range(3):
        page = browser.new_page(viewport={"width": PHONE[0], "height": PHONE[1]})
        page.on("pageerror", lambda fault: complaints.append(str(fault)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(f"{url.rstrip('/')}/?follow=hall-3")
        pages.append(page)
    yield pages
    assert complaints == []
    for page in pages:
        page.close()


def test_three_followers_see_what_is_shown_and_can_leave(guest: Visitor, followers: list[Page]) -> None:
    for phone in followers:
        expect(phone.locator("#follow-state")).to_contain_text("waiting for hall-3")
    page = _on_stage(guest, audience="hall-3")
    for phone in followers:
        expect(phone.locator("#follow-state")).to_contain_text("waiting for hall-3")  # an address alone begins nothing
    for _ in range(2):
        page.keyboard.press("q")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    guest.wait_for_run()
    for phone in followers:
        mutated = phone.locator('#follow-pair [data-side="mutated"] .pair-text')
        expect(mutated).to_contain_text("London, England", timeout=1_000)
        expect(phone.locator("#follow-change")).to_have_text(page.locator(".explore .change").inner_text())
        expect(phone.locator("#follow-prompt")).to_have_text("What is the capital of France?")
        assert phone.locator("#follow-slider input").is_disabled()
        phone.locator('#follow-pair [data-side="mutated"] .token').first.click()
        expect(phone.locator(".pair-popover")).to_contain_text("Mutated model")
        assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    page.keyboard.press("d")
    expect(followers[0].locator("#follow-curve .main-svg").first).to_be_visible()
    page.keyboard.press("q")
    expect(page.locator(".stage-count")).to_have_text("3 follow")
    expect(page.locator(".stage-address")).to_contain_text("?follow=hall-3")
    code = page.locator(".stage-code img")
    page.wait_for_function("document.querySelector('.stage-code img').naturalWidth > 0")
    assert code.get_attribute("src") == "audience/hall-3/code.svg?at=%2F"
    page.keyboard.press("q")
    leaving = followers[0]
    leaving.get_by_role("link", name="Try it yourself").click()
    expect(leaving.locator(".masthead .badge").first).to_be_visible(timeout=60_000)
    expect(leaving.get_by_label("Notation")).to_have_value("23.attn*1.6")
    page.keyboard.press("ArrowRight")
    expect(followers[1].locator('#follow-pair [data-side="mutated"] .pair-text')).to_contain_text("Tokyo")
    expect(leaving.get_by_label("Notation")).to_have_value("23.attn*1.6")  # he goes his own way
    page.keyboard.press("Escape")
    live = page.locator(".stage-live")
    expect(live).to_contain_text("Followed as hall-3: 2 follow")
    live.get_by_role("button", name="End it").click()
    expect(live).to_be_hidden()
    assert "audience=" not in page.url
    guest.press("Max")
    page.wait_for_timeout(1000)
    assert "Tokyo" in followers[1].locator("#follow-pair").inner_text()


def test_hints_are_given_once(browser: Browser, url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    hints = page.locator(".hint:visible")
    expect(hints).to_have_count(4, timeout=60_000)
    page.get_by_role("button", name="Close this hint").locator("visible=true").first.click()
    expect(hints).to_have_count(3)
    page.get_by_role("button", name="A wrong fact, told with confidence").click()
    expect(hints).to_have_count(2)
    page.get_by_role("tab", name="Guide").click()
    page.get_by_role("link", name="Silence 2.7 million weights").click()
    expect(page.get_by_label("Notation")).to_have_value("2.mlp*0", timeout=60_000)
    page.close()
    page = context.new_page()
    page.goto(url)
    expect(page.locator(".masthead .badge").first).to_be_visible(timeout=60_000)
    assert page.locator(".hint:visible").count() == 0
    context.close()
