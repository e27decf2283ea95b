"""A model of the hub in the real page: its download is told, cancelled, and goes on; then it is offered in the list."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.page import FEW_TOKENS, Visitor, serving
from tests.hub import hub
from tests.people import build


def test_a_download_is_told_cancelled_and_goes_on(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with hub() as served:
        served.add("org/small", build(tmp_path / "model", "SmolLM2-360M"))
        served.bytes_per_second = 1e5
        monkeypatch.setenv("HF_ENDPOINT", served.address)
        with serving() as url:
            visitor = Visitor.coming(browser, url)
            visitor.follow({"max_new_tokens": FEW_TOKENS})
            page, header = visitor.page, visitor.page.locator(".masthead")
            page.get_by_role("button", name="Use another model").click()
            visitor.fill("Model: demo", "org/small")
            expect(header).to_contain_text("Downloading org/small: ")
            expect(header).to_contain_text("MB/s")
            page.get_by_role("button", name="Cancel download").click()
            expect(header).to_contain_text("The download of org/small was cancelled: what is there is kept.")
            expect(header.locator(".badge").first).to_have_text("SmolLM2-135M-Instruct")
            served.bytes_per_second = None
            page.get_by_role("button", name="Load", exact=True).click()
            expect(header.locator(".badge").first).to_have_text("small")
            expect(header).to_contain_text("bfloat16 stored, counted in float32")
            page.get_by_role("button", name="Use another model").click()  # folded up, and opened again
            page.get_by_role("button", name="Use another model").click()
            page.get_by_label("Used before, in the local cache").click()
            offered = page.get_by_role("option")
            expect(offered.first).to_contain_text("org/small · 0.0 GB, fits · used before")
            expect(page.get_by_role("option", name="Qwen/Qwen3-0.6B")).to_be_visible()
            assert visitor.complaints == []
            page.close()
