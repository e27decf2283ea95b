"""Clicks that follow faster than the page answers: the last one wins, and what is marked is what ran."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.page import Visitor, serving
from tests.tiny import saved_model

IN_A_BURST = """([selector, names, gap]) => new Promise(async (done) => {
    for (const name of names) {
        [...document.querySelectorAll(selector)].find((each) => each.textContent.trim() === name).click();
        await new Promise((go) => setTimeout(go, gap));
    }
    done();
})"""
"""Press the buttons of those names, one after another, with a gap in milliseconds."""


def _burst(page: Page, selector: str, names: list[str], gap: int) -> None:
    page.evaluate(IN_A_BURST, [selector, names, gap])


def _shown(visitor: Visitor) -> dict[str, str]:
    return {
        "notation": visitor.page.get_by_label("Notation").input_value(),
        "prompt": visitor.page.get_by_label("Prompt", exact=True).input_value(),
        "original": visitor.text("original"),
        "mutated": visitor.text("mutated"),
        "chosen": visitor.page.locator(".presets .chosen").inner_text(),
        "told": visitor.page.locator(".preset-shows").inner_text(),
    }


def _settle(visitor: Visitor, notation: str) -> None:
    """Wait until a run of a genotype, later than the last that was waited for, has its measures, and none follows."""
    visitor.page.wait_for_function(
        """([notation, last]) => document.querySelector('.pair').dataset.running === 'false'
            && Number(document.querySelector('.pair').dataset.run) > last
            && [...document.querySelectorAll('textarea')].some((each) => each.value === notation)
            && new URL(location).searchParams.get('genotype') === notation""",
        arg=[notation, visitor.last_run],
        timeout=60_000,
    )
    visitor.page.wait_for_timeout(1000)
    visitor.page.wait_for_function("() => document.querySelector('.pair').dataset.running === 'false'")
    visitor.last_run = int(visitor.page.locator(".pair").get_attribute("data-run") or 0)


@pytest.mark.parametrize("gap", [0, 130])
def test_of_three_presets_the_last_is_marked_and_runs(visitor: Visitor, gap: int) -> None:
    buttons = visitor.page.locator(".presets button")
    names = [buttons.nth(place).inner_text() for place in (3, 1, 2)]
    buttons.nth(2).click()
    visitor.wait_for_run()
    alone = _shown(visitor)
    assert alone["chosen"] == names[-1]
    visitor.press("Reset")
    assert visitor.page.locator(".presets .chosen").count() == 0
    _burst(visitor.page, ".presets button", names, gap)
    _settle(visitor, alone["notation"])
    assert _shown(visitor) == alone


def test_each_of_three_undos_counts(visitor: Visitor) -> None:
    notation = visitor.page.get_by_label("Notation")
    seen = [notation.input_value()]
    for name in ("Max", "Min", "Zero"):
        visitor.press(name)
        seen.append(notation.input_value())
    assert len(set(seen)) >= 3
    _burst(visitor.page, "button", ["Undo", "Undo", "Undo"], 0)
    expect(notation).to_have_value(seen[0])
    _settle(visitor, seen[0])


def test_of_operations_in_a_burst_the_last_is_shown_and_runs(visitor: Visitor) -> None:
    visitor.press("Max")
    last = visitor.page.get_by_label("Notation").input_value()
    text = visitor.text("mutated")
    _burst(visitor.page, "button", ["Min", "Zero", "Min", "Zero", "Max"], 20)
    _settle(visitor, last)
    assert visitor.text("mutated") == text
    assert visitor.page.get_by_label("Notation").input_value() == last


def test_a_stop_in_the_instant_of_run_stops(guest: Visitor) -> None:
    guest.follow({"prompt": "Tell me a long story about the sea.", "genotype": "0.down[0,0]=max"})
    slider = guest.page.get_by_role("button", name="Decoding")
    slider.click()
    guest.fill("number input for Max new tokens", "400")
    _burst(guest.page, "button", ["Run", "Stop"], 0)
    guest.wait_for_run()
    assert "stopped" in guest.note("mutated")
    assert int(guest.note("mutated").split()[0]) < 40


LATE = """const ask = window.fetch; window.fetch = async (...asked) => {
    if (String(asked[0]?.url ?? asked[0]).includes("/queue/join")) await new Promise((go) => setTimeout(go, 1800));
    return ask(...asked);
};"""
"""Whatever waits in the queue begins late, as on a busy machine."""


def test_of_a_recorded_text_that_is_pinned_at_once_it_is_that_which_is_pinned(guest: Visitor) -> None:
    guest.page.add_init_script(LATE)
    guest.follow({"max_new_tokens": 48})
    pin, cards = guest.page.get_by_role("button", name="Pin", exact=True), guest.page.locator(".trial-card")
    pin.click()
    expect(cards).to_have_count(1)
    guest.press("A wrong fact, told with confidence")
    pin.click()
    expect(cards).to_have_count(2)
    expect(cards.nth(1)).to_contain_text("London, England")


def test_of_filters_the_last_is_drawn(guest: Visitor) -> None:
    guest.follow({"stats_screen": "bundled:1"})
    expect(guest.page.locator(".view-overview .plotly").first).to_be_visible(timeout=60_000)
    names = ["KL", "Destroyed", "Non-silent", "Distinct texts"]
    caption = guest.page.locator(".picture-overview .caption")
    guest.choose("What a cell tells", "Distinct texts")
    expect(guest.page).to_have_url(re.compile("stats_measure=phenotypes"))
    told = caption.inner_text()
    guest.choose("What a cell tells", "KL")
    expect(caption).not_to_have_text(told)
    guest.page.evaluate(
        """(names) => { for (const name of names) [...document.querySelectorAll('label')]
            .find((each) => each.textContent.trim() === name).click(); }""",
        names,
    )
    expect(caption).to_have_text(told)
    guest.page.wait_for_timeout(1000)
    assert caption.inner_text() == told
    assert "stats_measure=phenotypes" in guest.page.url


def test_of_two_models_the_last_is_shown(browser: Browser, tmp_path: Path) -> None:
    first, second, third = (saved_model(tmp_path / name) for name in ("one", "two", "three"))
    with serving("--model", first) as url:
        visitor = Visitor.coming(browser, url)
        visitor.follow({"prompt": "w5 w6 w7", "chat": 0, "genotype": "0.down[3,5]=max"})
        visitor.page.get_by_role("button", name="Use another model").click()
        box = visitor.type("Model: demo", second)
        box.press("Enter")
        box.fill(third)
        box.press("Enter")
        head = visitor.page.locator(".masthead .model")  # where it is told, too, why a model is not there
        expect(head).to_contain_text(re.compile("^three"))
        visitor.page.wait_for_timeout(1500)
        expect(head).to_contain_text(re.compile("^three"))
        assert f"model={third}".replace("/", "%2F") in visitor.page.url
        visitor.page.close()
