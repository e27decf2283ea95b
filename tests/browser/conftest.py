"""One dashboard on the demo model and one Chromium for all browser tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.page import FEW_TOKENS, PATIENCE_MS, Visitor, chromium, serving

expect.set_options(timeout=PATIENCE_MS / 3)
"""Two busy cores may need more than the usual five seconds for an answer."""


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The address of the dashboard."""
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def guest(browser: Browser, url: str) -> Iterator[Visitor]:
    """A new visitor who has not opened the page yet; he must have met no error and no foreign host in the end."""
    coming = Visitor.coming(browser, url)
    yield coming
    assert coming.foreign == []
    assert coming.complaints == []
    if coming.page.locator(".fault-notice").count():
        assert coming.page.locator(".fault-notice").is_hidden()
    coming.page.close()


@pytest.fixture
def visitor(guest: Visitor) -> Visitor:
    """A guest who has opened the page with its first example, of few tokens."""
    guest.follow({"max_new_tokens": FEW_TOKENS})
    return guest
