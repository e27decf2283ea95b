"""The real page in headless Chromium: how to start it, and what a visitor does there."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, Page, Request, sync_playwright

from tests.checkout import ROOT

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--no-first-run",
)
DESKTOP, PHONE = (1440, 900), (390, 844)
FEW_TOKENS = 12
"""Of the example that most visitors open the page with: the original's answer ends by itself before."""
PATIENCE_MS = 90_000


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The address of a dashboard of its own, with a database of its own, gone afterwards."""
    command = [sys.executable, str(ROOT / "app.py"), "--port", "0", "--json", *arguments]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                "EXPLORER_DATABASE": f"{folder}/screens.duckdb",
                "EXPLORER_PROGRAMME": f"{folder}/programme.toml",
            },
        ) as server,
    ):
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.terminate()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; a missing one is an error that says what to install."""
    path = next((found for name in _CHROMIUM if (found := shutil.which(name))), None)
    if path is None:
        raise RuntimeError("The browser tests need Chromium: install it (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A visitor with a page of his own, who notes what the page asks for and complains of."""

    page: Page
    home: str
    """The page's address without parameters."""
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    last_run: int = 0

    @classmethod
    def coming(cls, browser: Browser, url: str, size: tuple[int, int] = DESKTOP) -> "Visitor":
        """Who has not opened the page yet: see `follow`."""
        page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        home = url.partition("?")[0].rstrip("/")
        visitor = cls(page, f"{home}/")

        def note_request(request: Request) -> None:
            if not request.url.startswith((home, "data:", "blob:")):
                visitor.foreign.append(request.url)

        page.on("request", note_request)
        page.on("pageerror", lambda fault: visitor.complaints.append(str(fault)))
        page.on("console", lambda message: visitor.complaints.append(message.text) if message.type == "error" else None)
        return visitor

    @classmethod
    def opening(cls, browser: Browser, url: str, size: tuple[int, int] = DESKTOP) -> "Visitor":
        """Open the page at an address and wait for its first example."""
        visitor = cls.coming(browser, url, size)
        visitor._open(url)
        return visitor

    def follow(self, parameters: Mapping[str, object]) -> None:
        """Open the page by a link, and wait for its first run, which is of a single token: it is not the point."""
        self._open(f"{self.home}?{urlencode({'max_new_tokens': 1, **parameters})}")

    def open_again(self) -> None:
        """Open the page at its present address, as one does later, and wait for its first example."""
        self._open(self.page.url)

    def _open(self, address: str) -> None:
        """By way of a blank page.

        One that is left with an event under way takes the server for lost, tries it every two seconds, and loads itself
        again if the new page is not there by then. What it says of that is no complaint.
        """
        complaints = list(self.complaints)
        self.page.goto("about:blank")
        self.complaints[:] = complaints
        self.page.goto(address)
        self.page.wait_for_selector(".masthead .badge", timeout=PATIENCE_MS)
        self.last_run = 0
        self.wait_for_run()

    def wait_for_run(self) -> None:
        """Wait until a run that was not there at the last wait has its measures."""
        self.page.wait_for_function(
            "seen => { const pair = document.querySelector('.pair');"
            " return pair && pair.dataset.running === 'false' && Number(pair.dataset.run) > seen; }",
            arg=self.last_run,
            timeout=PATIENCE_MS,
        )
        self.last_run = int(self.page.locator(".pair").get_attribute("data-run") or 0)

    def text(self, side: str) -> str:
        """The text of a side, `original` or `mutated`."""
        return self.page.locator(f'.pair-card[data-side="{side}"] .pair-text').inner_text()

    def note(self, side: str) -> str:
        """The line beside a side's title."""
        return self.page.locator(f'.pair-card[data-side="{side}"] .pair-note').inner_text()

    def tile(self, name: str) -> str:
        """The value of a measure."""
        return self.page.locator(".tile", has_text=name).locator("dd").inner_text()

    def choose(self, label: str, option: str) -> None:
        """Press one of the round buttons of a control."""
        title = self.page.locator('[data-testid="block-info"]', has_text=re.compile(rf"^\s*{re.escape(label)}\s*$"))
        self.page.locator("fieldset", has=title).get_by_text(option, exact=True).click()

    def do(self, tool: str) -> None:
        """Choose a tool, from behind "more" if it is there, and wait for its run."""
        tools = self.page.locator(".tools label")
        named = tools.filter(has_text=re.compile(rf"^\s*{tool}\s*$"))
        if not named.count():
            tools.filter(has_text="more").click()
        named.click()
        self.wait_for_run()

    def type(self, label: str, text: str, *, exact: bool = False) -> Locator:
        """Type into a box, in place of what it says."""
        box = self.page.get_by_label(label, exact=exact)
        self.let_settle(box)
        for _ in range(3):  # on a busy machine the first value may come back later than that: then it is typed again
            box.fill(text)
            self.let_settle(box)
            if box.input_value() == text:
                break
        return box

    def fill(self, label: str, text: str) -> None:
        """Type into a box and press Enter."""
        self.type(label, text).press("Enter")

    def let_settle(self, box: Locator) -> None:
        """Wait as long as a hand takes to reach a box.

        One whose section or tab has just been opened takes its first value once more some 30 ms after it is there, and
        forgets what was typed before that.
        """
        box.evaluate("() => new Promise(done => setTimeout(() => requestAnimationFrame(done), 250))")

    def press(self, name: str) -> None:
        """Press a button and wait for what it runs."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.wait_for_run()

    def site(self) -> str:
        """What the controls point at."""
        return self.page.locator(".target code").inner_text()

    def click_cell(self, figure: Locator, x: float, y: float) -> None:
        """Click a heatmap or a bar where its axes have a value."""
        figure.scroll_into_view_if_needed()
        place = figure.evaluate(
            """(node, [x, y]) => {
                const { xaxis, yaxis } = node._fullLayout;
                return [xaxis._offset + xaxis.l2p(x), yaxis._offset + yaxis.l2p(y)];
            }""",
            [x, y],
        )
        figure.click(position={"x": place[0], "y": place[1]})  # once it stands still, for a new text above may move it

    def drag_slider_to(self, share: float) -> None:
        """Drag the thumb of the value slider to a share of its track."""
        track = self.page.locator('.slider input[type="range"]')
        track.scroll_into_view_if_needed()
        box = track.bounding_box()
        assert box is not None
        low, high, value = (float(track.evaluate(f"node => Number(node.{name})")) for name in ("min", "max", "value"))
        start = box["x"] + 9 + (box["width"] - 18) * (value - low) / (high - low)
        end = box["x"] + 9 + (box["width"] - 18) * share
        middle = box["y"] + box["height"] / 2
        self.page.mouse.move(start, middle)
        self.page.mouse.down()
        self.page.mouse.move((start + end) / 2, middle, steps=4)
        self.page.mouse.move(end, middle, steps=4)
        self.page.mouse.up()
