"""What axe-core finds on the page: nothing, on any tab, in both themes."""

from importlib.resources import files

import pytest
from playwright.sync_api import expect

from tests.browser.page import PHONE, Visitor

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
FOUND = """async () => (await axe.run(document)).violations.flatMap((rule) => rule.nodes.map((node) => {
    const [first] = [...node.any, ...node.all, ...node.none];
    return `${rule.id}: ${node.target.join(" ")}: ${first?.message ?? ""}`;
}))"""
TABS = {
    "Explore": ".pair-text",
    "Gallery": ".gallery-card",
    "Screen": ".queue",
    "Evolve": ".goal",
    "Statistics": ".view-overview .plotly",
    "Tasks": ".task-results",
    "Compare": ".comparison",
    "History": ".record",
    "Guide": ".guide",
}
"""The tabs, and what is to be seen before axe looks."""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_tab(visitor: Visitor, theme: str) -> None:
    page = visitor.page
    page.evaluate("dark => document.body.classList.toggle('dark', dark)", theme == "dark")
    page.evaluate(AXE)
    found: dict[str, list[str]] = {}
    for name, seen in TABS.items():
        page.get_by_role("tab", name=name, exact=True).first.click()
        expect(page.locator(f"{seen}:visible").first).to_be_visible(timeout=60_000)
        folded = page.locator("button.label-wrap:visible:not(.open)")
        for _ in range(folded.count()):
            folded.first.click()
        page.wait_for_timeout(400)  # colours fade in
        found[name] = page.evaluate(FOUND)
    for tab, name in (("Tasks", "Questions"), ("Explore", "Model")):
        page.get_by_role("tab", name=tab, exact=True).first.click()
        page.get_by_role("tab", name=name, exact=True).click()
        if name == "Model":
            page.get_by_label("Unfold layer 7").click()
        page.wait_for_timeout(400)
        found[name] = page.evaluate(FOUND)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_axe_finds_nothing_on_a_phone(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    visitor.page.wait_for_timeout(400)
    visitor.page.evaluate(AXE)
    assert visitor.page.evaluate(FOUND) == []
