"""Pictures of the real page for assets/screenshots: `make screenshots`; or some, by name.

`python -m tests.browser.screenshots explore damage` takes those alone.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.page import DESKTOP, PHONE, Visitor, chromium, serving
from tests.checkout import ROOT

FOLDER = ROOT / "assets" / "screenshots"
PATIENCE_MS = 60_000
PIECES = 120
"""Genotypes of the evolution that is shown."""


def main(wanted: Sequence[str]) -> None:
    """Take those that are named, or all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    instruments, tabs = (
        {name: show for name, show in every.items() if name in wanted or not wanted} for every in (INSTRUMENTS, TABS)
    )
    with serving() as url, chromium() as browser:
        if not wanted or "stage" in wanted:
            _show_stage(url, browser)
        for size_name, size in (("desktop", DESKTOP), ("phone", PHONE)):
            for theme in ("light", "dark"):
                address = f"{url.rstrip('/')}/?__theme={theme}"
                visitor = Visitor.opening(browser, address, size)
                ending = f"{size_name}-{theme}.png"
                expect(visitor.page.locator(".matrix-map .figure").first).to_be_visible()
                expect(visitor.page.locator(".block.thresholds-passed")).to_contain_text("limit")
                if not wanted or "explore" in wanted:
                    visitor.page.screenshot(path=FOLDER / f"explore-{ending}", full_page=size == PHONE)
                    _show_dose(visitor)
                    visitor.page.locator(".card", has=visitor.page.locator(".curve")).last.screenshot(
                        path=FOLDER / f"dose-{ending}"
                    )
                for name, prepare in instruments.items():
                    prepare(visitor)
                    visitor.page.mouse.move(1, 1)
                    visitor.page.wait_for_timeout(1500)
                    visitor.page.locator(".instruments").screenshot(path=FOLDER / f"{name}-{ending}")
                for name, prepare in tabs.items():
                    prepare(visitor)
                    is_whole = size == PHONE and name not in LONG
                    if is_whole:  # what was never in view is not painted
                        visitor.page.evaluate("scrollTo(0, document.body.scrollHeight)")
                        visitor.page.wait_for_timeout(1500)
                        visitor.page.evaluate("scrollTo(0, 0)")
                    visitor.page.wait_for_timeout(1500)
                    visitor.page.screenshot(path=FOLDER / f"{name}-{ending}", full_page=is_whole)
                visitor.page.close()


def _show_stage(url: str, browser: Browser) -> None:
    """The stage, an audience's phone, and a talk as a file."""
    with tempfile.TemporaryDirectory() as folder:
        talk = Path(folder) / "talk.html"
        command = [sys.executable, "-m", "explorer", "programme", str(ROOT / "data/programmes/first-talk.toml")]
        subprocess.run([*command, "--html", str(talk)], check=True, cwd=ROOT, capture_output=True)
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": DESKTOP[0], "height": DESKTOP[1]},
                color_scheme=theme,
            )
            page = context.new_page()
            page.goto(f"{url.rstrip('/')}/?__theme={theme}&stage=1&audience=hall-{theme}")
            expect(page.locator(".first-picture")).not_to_be_attached(timeout=PATIENCE_MS)
            for _ in range(2):
                page.keyboard.press("q")
            page.wait_for_timeout(1500)
            page.screenshot(path=FOLDER / f"stage-desktop-{theme}.png")
            phone = context.new_page()
            phone.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
            phone.goto(f"{url.rstrip('/')}/?follow=hall-{theme}")
            expect(phone.locator("#follow-pair .token").first).to_be_visible()
            phone.screenshot(path=FOLDER / f"follow-phone-{theme}.png")
            page.goto(f"{talk.as_uri()}#2")
            expect(page.locator(".figure .main-svg").last).to_be_visible(timeout=PATIENCE_MS)
            page.wait_for_timeout(1500)
            page.screenshot(path=FOLDER / f"programme-desktop-{theme}.png", full_page=True)
            context.close()


def _show_map(visitor: Visitor) -> None:
    visitor.page.get_by_role("tab", name="Map").click()


def _show_dose(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Dose–response: try all values").click()
    expect(visitor.page.locator(".curve .figure .point")).to_have_count(23, timeout=PATIENCE_MS)


def _show_sensitivity(visitor: Visitor) -> None:
    visitor.page.get_by_role("tab", name="Search").click()
    visitor.page.get_by_role("button", name="Find what matters").click()
    expect(visitor.page.locator(".finding").first).to_be_visible(timeout=PATIENCE_MS)
    visitor.page.get_by_role("button", name="Map the whole model").click()
    told = visitor.page.locator(".caption", has_text="first-order estimates")
    expect(told).to_contain_text("rank correlation", timeout=PATIENCE_MS)


def _show_heads(visitor: Visitor) -> None:
    _turn_to(visitor, "Heads")
    visitor.page.get_by_role("button", name="Knock out every head").click()
    told = visitor.page.locator(".caption", has_text="when they are taken out alone")
    expect(told).to_be_visible(timeout=PATIENCE_MS)


def _show_damage(visitor: Visitor) -> None:
    _turn_to(visitor, "Damage")
    visitor.type("Done to each matrix", "round4, round3, prune50, rank50%").press("Enter")
    told = visitor.page.locator(".caption", has_text="Mean KL of each operation on one matrix")
    expect(told).to_be_visible(timeout=10 * PATIENCE_MS)


def _show_spread(visitor: Visitor) -> None:
    visitor.page.get_by_role("tab", name="Spread").click()
    visitor.page.get_by_role("button", name="Show how it spreads").click()
    expect(visitor.page.locator(".lens tbody tr").first).to_be_visible(timeout=PATIENCE_MS)


def _show_together(visitor: Visitor) -> None:
    visitor.page.get_by_role("tab", name="Together").click()
    visitor.type("Mutations, separated by ;", "2.mlp*0; 9.mlp*0; 8.mlp*0; 9.head4*0")
    visitor.page.get_by_role("button", name="Alone and together").click()
    expect(visitor.page.locator(".pairs .figure")).to_be_visible(timeout=PATIENCE_MS)


def _show_tried(visitor: Visitor) -> None:
    for name in ("A wrong fact, told with confidence", "Suddenly French"):
        visitor.page.get_by_role("button", name="Pin", exact=True).click()
        visitor.press(name)
    visitor.page.get_by_role("tab", name="Tried").click()
    expect(visitor.page.locator(".trial-row")).to_have_count(3)


def _show_gallery(visitor: Visitor) -> None:
    _turn_to(visitor, "Gallery")
    visitor.choose("Styles (none: all)", "poem 130")
    expect(visitor.page.locator(".block.gallery-told")).to_contain_text("130 phenotypes (poem)", timeout=PATIENCE_MS)
    visitor.page.locator(".gallery-compare").first.click()


def _show_screen(visitor: Visitor) -> None:
    _turn_to(visitor, "Screen")
    expect(visitor.page.locator(".nsm-map .figure .main-svg").first).to_be_visible(timeout=PATIENCE_MS)


def _show_talk(visitor: Visitor) -> None:
    _turn_to(visitor, "Explore")
    visitor.press("A wrong fact, told with confidence")
    _turn_to(visitor, "Talk")
    for number, text in enumerate(("What is the capital of France?", "How many people live there?"), 1):
        visitor.page.get_by_label("Say something to both").fill(text)
        visitor.page.get_by_role("button", name="Send", exact=True).click()
        said = visitor.page.locator(f".talk[data-turns='{number}'][data-running='false']")
        expect(said).to_be_visible(timeout=PATIENCE_MS)


def _show_evolve(visitor: Visitor) -> None:
    """Of `PIECES` genotypes; the second time it is there already."""
    _turn_to(visitor, "Evolve")
    page = visitor.page
    page.get_by_role("button", name="Heal it").click()
    if not page.locator("table.verdict").is_visible():
        page.get_by_role("button", name="How long it searches").click()
        page.get_by_role("spinbutton", name="Genotypes").fill(str(PIECES))
        page.keyboard.press("Tab")
        page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("table.verdict")).to_be_visible(timeout=10 * PATIENCE_MS)


def _show_statistics(visitor: Visitor) -> None:
    _turn_to(visitor, "Statistics")
    visitor.page.get_by_role("tab", name="NSM map", exact=True).click()
    expect(visitor.page.locator(".view-nsm-map .figure .main-svg").first).to_be_visible(timeout=PATIENCE_MS)


def _show_tasks(visitor: Visitor) -> None:
    _turn_to(visitor, "Tasks")
    visitor.page.get_by_role("button", name="Run the mutants").click()
    told = visitor.page.locator(".task-tabs .compare-progress")
    expect(told).to_contain_text("all answered", timeout=3 * PATIENCE_MS)


def _show_compare(visitor: Visitor) -> None:
    _turn_to(visitor, "Compare")
    visitor.page.get_by_role("button", name="Run the comparison").click()
    told = visitor.page.locator(".compare .compare-progress", has_text="of 9 answers")
    expect(told).to_contain_text("all answered", timeout=PATIENCE_MS)


def _show_history(visitor: Visitor) -> None:
    _turn_to(visitor, "History")
    expect(visitor.page.locator(".record-entry").first).to_be_visible(timeout=PATIENCE_MS)


def _turn_to(visitor: Visitor, name: str) -> None:
    """A tab of the page; on a phone, those that do not fit are behind a button."""
    tab = visitor.page.get_by_role("tab", name=name, exact=True).first
    if not tab.is_visible():
        visitor.page.locator(".overflow-menu > button").first.click()
        visitor.page.locator(".overflow-dropdown button", has_text=name).first.click()
        return
    tab.click()


INSTRUMENTS: dict[str, Callable[[Visitor], None]] = {
    "map": _show_map,
    "search": _show_sensitivity,
    "heads": _show_heads,
    "damage": _show_damage,
    "spread": _show_spread,
    "together": _show_together,
    "tried": _show_tried,
}
LONG = ("gallery", "tasks", "compare", "history")
"""Tabs whose lists would make a picture of all of the page a ribbon."""

TABS: dict[str, Callable[[Visitor], None]] = {
    "talk": _show_talk,
    "gallery": _show_gallery,
    "screen": _show_screen,
    "evolve": _show_evolve,
    "statistics": _show_statistics,
    "tasks": _show_tasks,
    "compare": _show_compare,
    "history": _show_history,
}


if __name__ == "__main__":
    main(sys.argv[1:])
