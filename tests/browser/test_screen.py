"""The Screen tab, as a visitor uses it: look at the bundled screen, click into it, run one beside it."""

import re

from playwright.sync_api import expect

from tests.browser.page import FEW_TOKENS, Visitor

PATIENCE_MS = 120_000


def _open(visitor: Visitor) -> None:
    visitor.follow({"max_new_tokens": FEW_TOKENS})
    visitor.page.get_by_role("tab", name="Screen").click()
    expect(visitor.page.locator(".nsm-map .main-svg").first).to_be_visible()


def test_the_bundled_screen_opens_by_itself_and_a_cell_opens_in_explore(guest: Visitor) -> None:
    _open(guest)
    expect(guest.page.locator(".screen-prompt")).to_contain_text("A week is approximately 7 days.")
    expect(guest.page.locator(".caption", has_text="controls were silent")).to_contain_text("non-silent")
    strip = guest.page.locator(".shares .figure")
    guest.click_cell(strip, 11, 6)  # kinds are in the order of the model: down is the last
    caption = guest.page.locator(".caption", has_text="which of its")
    expect(caption).to_contain_text("11.down, 576 × 1,536, in units of 96 × 96")
    figure = guest.page.locator(".nsm-map .figure")
    told = figure.evaluate("node => node.data[0].text[5][12]")
    guest.click_cell(figure, 12, 5)
    guest.wait_for_run()
    assert guest.page.get_by_label("Notation").input_value().startswith("11.down[480:576,1152:1248]=")
    assert guest.page.get_by_label("Prompt").input_value() == "How many days are in a week?"
    assert guest.text("original").startswith("A week is approximately 7 days.")
    written = re.findall("“(.*?)”", told)  # this block holds the weight that wrecks the model
    assert guest.text("mutated").split()[:3] in [text.split()[:3] for text in written]


def test_a_screen_runs_while_the_page_stays_usable(guest: Visitor) -> None:
    _open(guest)
    guest.type("Matrices, such as", "28.k, 28.v")
    guest.page.get_by_role("button", name="How long will it take?").click()
    expect(guest.page.locator(".caption", has_text="controls included")).to_contain_text(
        "50 mutants of 2 matrices", timeout=PATIENCE_MS
    )
    guest.page.get_by_role("button", name="Start", exact=True).click()
    entry = guest.page.locator(".queued").first
    expect(entry).to_contain_text("Capital of France")
    guest.page.get_by_role("tab", name="Explore").click()
    guest.press("Reset")  # while it runs
    assert "Paris" in guest.text("mutated")
    guest.page.get_by_role("tab", name="Screen").click()
    expect(entry.locator(".state")).to_have_text("done", timeout=PATIENCE_MS)
    expect(entry).to_contain_text("50 of 50 mutants")
    expect(guest.page.locator(".screen-prompt")).to_contain_text("What is the capital of France?")
    cells = guest.page.locator(".nsm-map .figure").evaluate("node => node.data[0].z.flat()")
    assert None not in cells


def test_a_screen_is_stopped_and_a_mistake_is_told(guest: Visitor) -> None:
    _open(guest)
    guest.type("Matrices, such as", "99.q")
    guest.page.get_by_role("button", name="Start", exact=True).click()
    expect(guest.page.get_by_role("alert").filter(has_text="names no matrix of this model")).to_be_visible()
    guest.type("Matrices, such as", "*.*")
    guest.page.get_by_role("button", name="Start", exact=True).click()
    entry = guest.page.locator(".queued").first
    expect(entry.locator(".state")).to_have_text("running", timeout=PATIENCE_MS)
    entry.get_by_role("button", name="Pause").click()
    expect(entry.get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE_MS)
    entry.get_by_role("button", name="Stop").click()
    expect(entry.locator(".state")).to_have_text("stopped", timeout=PATIENCE_MS)
