"""Addresses in a real browser: what they say is shown or told, and back and forward go through what was opened."""

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import expect

from explorer.domain.decoding import MAX_SEED
from tests.browser.page import Visitor

SEED = 2**53 + 1
"""A number that JavaScript cannot hold."""


def _said(visitor: Visitor) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(urlparse(visitor.page.url).query).items()}


def test_whatever_can_be_run_is_opened_again_by_its_own_address(guest: Visitor) -> None:
    said = {
        "genotype": "0.down[0,0]=max", "prompt": "Tell me a long story.", "chat": "1", "max_new_tokens": "600",
        "temperature": "3.125", "top_p": "0.001", "seed": str(SEED),
    }  # fmt: skip
    guest.page.goto("about:blank")
    guest.page.goto(f"{guest.home}?" + "&".join(f"{name}={value}" for name, value in said.items()))
    guest.page.wait_for_selector(".masthead .badge", timeout=60_000)
    guest.last_run = 0
    guest.page.wait_for_function("() => Number(document.querySelector('.pair').dataset.run) > 0", timeout=60_000)
    guest.page.get_by_role("button", name="Stop").click()
    guest.wait_for_run()
    assert {name: value for name, value in _said(guest).items() if float_or(value) != float_or(said[name])} == {}
    assert guest.page.locator(".results-card .notice").count() == 0
    guest.page.get_by_role("button", name="Run", exact=True).click()
    guest.page.wait_for_function(f"() => Number(document.querySelector('.pair').dataset.run) > {guest.last_run}")
    guest.page.get_by_role("button", name="Stop").click()
    guest.wait_for_run()
    assert _said(guest)["seed"] == str(SEED)


def float_or(text: str) -> float | str:
    """The number that a text is, else the text."""
    return float(text) if re.fullmatch(r"[0-9.]{1,12}", text) else text


@pytest.mark.parametrize(
    ("said", "told", "shown"),
    [
        ({"genotype": "99.nothing=0"}, "does not take the genotype 99.nothing=0", "11.down[507,1229]=0"),
        ({"temperature": "nan"}, "The address says temperature=nan, which is no number from 0 to 100", None),
        ({"seed": str(10**20)}, f"which is no whole number from 0 to {MAX_SEED}", None),
        ({"model": "/nowhere", "genotype": "0.q*0"}, "There is no folder /nowhere", "11.down[507,1229]=0"),
        ({"genotpye": "0.q*0"}, "The address says genotpye, which this page does not know", "11.down[507,1229]=0"),
        ({"stats_view": "Nothing"}, "The address says stats_view=Nothing, which is none of Overview", None),
    ],
)
def test_what_is_not_taken_is_told(guest: Visitor, said: dict[str, str], told: str, shown: str | None) -> None:
    guest.follow(said)
    expect(guest.page.locator(".notice:visible").first).to_contain_text(told)
    if shown is not None:
        assert guest.page.get_by_label("Notation").input_value() == shown


def test_back_and_forward_go_through_what_was_opened(visitor: Visitor) -> None:
    notation = visitor.page.get_by_label("Notation")
    seen = [(notation.input_value(), visitor.text("mutated"))]
    for name in ("Max", "Min"):
        visitor.page.wait_for_timeout(600)  # as long as a person takes to read: places that follow faster are one
        visitor.press(name)
        seen.append((notation.input_value(), visitor.text("mutated")))
    visitor.page.wait_for_timeout(600)
    visitor.page.get_by_role("tab", name="Gallery").click()
    expect(visitor.page.locator(".gallery-card").first).to_be_visible(timeout=60_000)
    expect(visitor.page).to_have_url(re.compile("gallery_of"))

    visitor.page.go_back()
    expect(visitor.page.get_by_role("tab", name="Explore")).to_have_attribute("aria-selected", "true")
    visitor.wait_for_run()
    assert (notation.input_value(), visitor.text("mutated")) == seen[2]
    for place in (1, 0):
        visitor.page.go_back()
        visitor.wait_for_run()
        assert (notation.input_value(), visitor.text("mutated")) == seen[place]
    for place in (1, 2):
        visitor.page.go_forward()
        visitor.wait_for_run()
        assert (notation.input_value(), visitor.text("mutated")) == seen[place]
    visitor.page.go_forward()
    expect(visitor.page.get_by_role("tab", name="Gallery")).to_have_attribute("aria-selected", "true")
    visitor.page.get_by_role("tab", name="Explore").click()
    visitor.page.get_by_role("tab", name="Tried").click()
    assert visitor.page.locator(".trial-again:visible").count() >= 3  # nothing was forgotten on the way
