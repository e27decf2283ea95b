"""The line of warning, as a visitor meets it."""

from playwright.sync_api import expect

from tests.browser.page import Visitor


def test_a_genotype_that_passes_a_threshold_is_told(visitor: Visitor) -> None:
    warning = visitor.page.locator(".threshold-warning")
    expect(warning).to_contain_text("Perplexity of the control text ×4.5")
    expect(warning).to_contain_text("11.down[507,1229]=0")
    visitor.press("Reset")
    expect(warning).to_have_count(0)
    visitor.press("Undo")
    expect(warning).to_have_count(1)
    visitor.page.get_by_role("button", name="Thresholds").click()
    visitor.fill("Control perplexity (×)", "10")
    expect(warning).not_to_contain_text("control text")
    expect(warning).to_contain_text("Mean KL 2.59 nats (limit 1)")
    visitor.fill("Mean KL (nats)", "")
    expect(warning).to_have_count(0)
    visitor.fill("Control perplexity (×)", "3")
    expect(warning).to_contain_text("(limit ×3)")
