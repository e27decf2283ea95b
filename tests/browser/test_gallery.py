"""The Gallery tab, as a visitor uses it: filter, search, compare, be surprised, open in Explore."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.page import PHONE, Visitor

PATIENCE_MS = 60_000


def _open(visitor: Visitor, **said: str) -> Locator:
    """All bundled screens, by their link: others may have been run on this page."""
    filters = {f"gallery_{name}": value for name, value in {"of": "bundled", **said}.items()}
    visitor.follow(filters)
    expect(visitor.page.get_by_role("tab", name="Gallery")).to_have_attribute("aria-selected", "true")
    cards = visitor.page.locator(".gallery-card")
    expect(cards.first).to_be_visible(timeout=PATIENCE_MS)
    return cards


def test_poems_are_found_and_more_of_them_shown(guest: Visitor) -> None:
    cards = _open(guest)
    told = guest.page.locator(".block.gallery-told")
    expect(told).to_contain_text("32,650 phenotypes")
    guest.choose("Styles (none: all)", "poem 508")
    expect(told).to_contain_text("508 phenotypes (poem)")
    expect(cards).to_have_count(24)
    assert set(cards.locator(".style-label").all_inner_texts()) == {"poem"}
    guest.page.get_by_role("button", name="Show more").click()
    expect(cards).to_have_count(48)
    assert len(set(cards.all_inner_texts())) == 48
    assert "gallery_styles=poem" in guest.page.url
    guest.open_again()
    expect(told).to_contain_text("508 phenotypes (poem)", timeout=PATIENCE_MS)
    guest.page.get_by_role("tab", name="Guide").click()
    expect(guest.page).not_to_have_url(re.compile("gallery_"))


def test_words_are_searched_while_they_are_typed(guest: Visitor) -> None:
    cards = _open(guest)
    words = guest.page.get_by_label("Words in the text")
    guest.let_settle(words)
    words.press_sequentially("Horizon oc")
    told = guest.page.locator(".block.gallery-told")
    expect(told).to_contain_text("with “Horizon oc”")
    for text in cards.locator(".gallery-text").all_inner_texts():
        assert re.search(r"\bhorizon", text, re.IGNORECASE)
        assert re.search(r"\boc", text, re.IGNORECASE)
    guest.type("Words in the text", "zzzz")
    expect(told).to_contain_text("No text is left by the filters")
    expect(cards).to_have_count(0)
    guest.page.get_by_role("button", name="Clear filters").click()
    expect(told).to_contain_text("32,650 phenotypes")


def test_the_standard_output_is_one_tap_away(guest: Visitor) -> None:
    card = _open(guest, of="bundled:2", sort="mutants-falling").first
    text = card.locator(".gallery-text").inner_text()
    card.get_by_role("button", name="Standard output").click()
    mutant, standard = card.locator(".gallery-passage .gallery-text").all()
    assert mutant.inner_text().strip() == text.strip()
    common = mutant.locator("span").first.inner_text()
    assert common.startswith("The sea")
    assert standard.inner_text().startswith(common)
    assert mutant.locator(".changed").inner_text() != standard.locator(".changed").inner_text()
    card.get_by_role("button", name="Standard output").click()
    expect(card.locator(".gallery-passage")).to_have_count(0)


def test_surprises_are_odd_and_each_another(guest: Visitor) -> None:
    _open(guest)
    surprise = guest.page.locator(".gallery-card.surprise")
    seen: list[str] = []
    for _ in range(4):
        guest.page.get_by_role("button", name="Surprise me").click()
        expect(surprise).to_have_count(1)
        if seen:
            expect(surprise.locator("code")).not_to_have_text(seen[-1])
        seen.append(surprise.locator("code").inner_text())
    assert len(set(seen)) == 4


def test_a_group_is_opened_and_closed(guest: Visitor) -> None:
    cards = _open(guest, grouped="1")
    button = cards.first.locator(".gallery-alike")
    count = int(re.sub(r"\D", "", button.inner_text()))
    button.click()
    group = guest.page.locator(".gallery-group")
    expect(group.locator(".gallery-card")).to_have_count(min(48, count + 1))
    button.click()
    expect(group).to_have_count(0)


def test_a_card_opens_in_explore_and_says_there_what_it_said_here(guest: Visitor) -> None:
    card = _open(guest, of="bundled:1", styles="poem", sort="cosine-rising").nth(2)
    notation, text = card.locator("code").inner_text(), card.locator(".gallery-text").inner_text()
    card.get_by_role("button", name="Open in Explore").click()
    guest.wait_for_run()
    assert guest.page.get_by_label("Notation").input_value() == notation
    assert guest.text("mutated").removesuffix("∎").split() == text.split()


def test_texts_are_never_read_as_html(guest: Visitor) -> None:
    _open(guest, words="br")
    assert guest.page.locator(".gallery-text :not(span, i)").count() == 0


def test_a_phone_shows_it_within_its_width(guest: Visitor) -> None:
    guest.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    card = _open(guest, grouped="1").first
    card.get_by_role("button", name="Standard output").click()
    card.locator(".gallery-alike").click()
    expect(guest.page.locator(".gallery-group .gallery-card").first).to_be_visible()
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
