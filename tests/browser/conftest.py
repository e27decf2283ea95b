"""One dashboard on the demo model and one Chromium for all browser tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.page import PATIENCE_MS, Visitor, chromium, serving

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
def visitor(browser: Browser, url: str) -> Iterator[Visitor]:
    """A new visitor, who must have met no error and no foreign host."""
    opened = Visitor.opening(browser, url)
    yield opened
    assert opened.foreign == []
    assert opened.complaints == []
    opened.page.close()
