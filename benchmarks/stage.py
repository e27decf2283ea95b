"""On stage: how soon there is something to see, and what an audience costs: `python -m benchmarks.stage`.

The real page in headless Chromium on a server that has its model. First: from the address to both texts with their
measures, by the address that a recorded run is of, beside one of which there is none (a token less), which is computed
as every visit was before. Then: the same run of a speaker whose page is followed by nobody, and by a hundred, in turns;
the hundred read what they are sent in a process of their own, on the same machine.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from benchmarks.figures import Figure, report
from tests.browser.page import Visitor, chromium, serving

ROUNDS = 5
RUNS = 6
"""Of the speaker, with and without an audience each."""
FOLLOWERS = 100
AUDIENCE = "hall"
SEEN = """() => {
    const pair = document.querySelector("#first-picture .pair") ?? document.querySelector(".explore .pair");
    const tiles = pair?.closest(".card, .results-card")?.textContent ?? "";
    return pair?.querySelectorAll('[data-side="mutated"] .token').length > 4 && /token 1/.test(tiles);
}"""
"""Whether both texts are there, with their measures."""


def first_picture_seconds(browser: Browser, address: str) -> float:
    """From the address to the first meaningful picture, in a browser that has never been there."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(SEEN, polling=20, timeout=60_000)
    seconds = time.perf_counter() - started
    context.close()
    return seconds


async def follow(address: str, count: int) -> None:
    """So many followers, who read what they are sent, until this process is ended."""
    parts = urlsplit(address)
    head = f"GET /audience/{AUDIENCE} HTTP/1.1\r\nhost: {parts.netloc}\r\naccept: text/event-stream\r\n\r\n".encode()

    async def one() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(head)
        while await reader.read(1 << 16):
            pass

    await asyncio.gather(*(one() for _ in range(count)))


@contextmanager
def followed(address: str) -> Iterator[None]:
    """While it lasts, a hundred follow."""
    command = [sys.executable, "-m", "benchmarks.stage", "follow", address]
    with subprocess.Popen(command) as process:
        time.sleep(3)
        yield
        process.terminate()


def run_seconds(visitor: Visitor) -> float:
    """One run of the speaker, from the key to its measures."""
    started = time.perf_counter()
    visitor.page.keyboard.press(" ")
    visitor.wait_for_run()
    return time.perf_counter() - started


def count_of(page: Page) -> int:
    """How many follow, as the speaker is told."""
    return int((page.locator(".stage-count").text_content() or "0").split()[0])


def main() -> None:
    """Print every figure with its limit; exit 1 if one is missed."""
    with serving() as url, chromium() as browser:
        home = url.rstrip("/") + "/"
        visitor = Visitor.opening(browser, home)  # the model is there
        visitor.page.close()
        ours, plain = [], []
        for _ in range(ROUNDS):
            ours.append(first_picture_seconds(browser, home))
            plain.append(first_picture_seconds(browser, f"{home}?max_new_tokens=47"))
        speaker = Visitor.coming(browser, home)
        speaker.page.goto(
            f"{home}?stage=1&audience={AUDIENCE}&max_new_tokens=200&temperature=1&seed=5&genotype=7.o*0.9"
        )
        speaker.wait_for_run()
        for _ in range(2):
            speaker.page.keyboard.press("q")  # from now on it is followed
        alone, shared = [], []
        for _ in range(2):
            run_seconds(speaker)
            alone += [run_seconds(speaker) for _ in range(RUNS // 2)]
            with followed(home):
                run_seconds(speaker)
                shared += [run_seconds(speaker) for _ in range(RUNS // 2)]
                speaker.page.wait_for_timeout(500)
                there = count_of(speaker.page)
            speaker.page.wait_for_timeout(1500)
    first, before = statistics.median(ours), statistics.median(plain)
    single, full = statistics.median(alone), statistics.median(shared)
    print(f"first picture {first:.2f} s, a visit that computes {before:.2f} s: {before / first:.1f} x")
    print(f"a run of 200 tokens: alone {single:.2f} s, with {there} followers {full:.2f} s")
    report(
        [
            Figure("address to the first meaningful picture", first, 1, "s"),
            Figure(f"what {there} followers cost the speaker", 100 * (full / single - 1), 10, "%"),
            Figure("followers that are missing", FOLLOWERS - there, 0, "  "),
        ]
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["follow"]:
        asyncio.run(follow(sys.argv[2], FOLLOWERS))
    else:
        main()
