"""Explore's speed beside the plain procedure, on the same work in the same run: `python -m benchmarks.explore`.

The plain procedure is one `model.generate` of transformers on an untouched copy of the demo model, greedy,
64 new tokens. Every figure is the median over rounds in which both are timed one after the other, and is
printed as a ratio, with the limit that it must keep.
"""

import platform
import statistics
import time
from typing import NamedTuple

import torch
from transformers import GenerationConfig

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.pair import PairUpdate
from explorer.generation.baseline import Baselines
from explorer.generation.pair import generate_pair
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from tests.browser.page import Visitor, chromium, serving

ROUNDS = 5
NEW_TOKENS = 64
PROMPT = Prompt(text="Write a short story about a lighthouse keeper.")
DECODING = Decoding(max_new_tokens=NEW_TOKENS)
SILENT, EARLY = "14.down[3,5]=0", "11.down[507,1229]=0"
_COUNT_UPDATES = """() => {
  window.updateGaps = [];
  let last = null;
  new MutationObserver(() => {
    const now = performance.now();
    if (last !== null) window.updateGaps.push(now - last);
    last = now;
  }).observe(document.querySelector('[data-side="mutated"] .pair-text'), { childList: true });
}"""


class Timed(NamedTuple):
    """A run of the pair with the times of its first and its last update, in seconds."""

    first: float
    last: float
    update: PairUpdate


def run_pair(model: LoadedModel, text: str, baselines: Baselines) -> Timed:
    """Run one pair and take its times."""
    started = time.perf_counter()
    first = 0.0
    for update in generate_pair(model, PROMPT, DECODING, model.anatomy.read(text), baselines):
        first = first or time.perf_counter() - started
        last = update
    return Timed(first, time.perf_counter() - started, last)


def plain_seconds(model: LoadedModel) -> float:
    """One plain generation of the same length."""
    tokens = torch.tensor([model.encode(PROMPT, DECODING)])
    settings = GenerationConfig(
        max_new_tokens=NEW_TOKENS, min_new_tokens=NEW_TOKENS, do_sample=False, eos_token_id=2, pad_token_id=2
    )
    started = time.perf_counter()
    answer = model.causal_lm.generate(  # type: ignore[operator]
        tokens, attention_mask=torch.ones_like(tokens), generation_config=settings
    )
    seconds = time.perf_counter() - started
    assert answer.shape[1] == tokens.shape[1] + NEW_TOKENS
    return seconds


def loading_figures() -> list[Figure]:
    """Seconds to load the demo model, converted before."""
    load_model("demo", device="cpu")
    started = time.perf_counter()
    load_model("demo", device="cpu")
    return [Figure("demo model loaded, once converted", time.perf_counter() - started, 3, "s")]


def generation_figures() -> list[Figure]:
    """Ratios of our runs to the plain one, medians over rounds."""
    model = load_model("demo", device="cpu")
    plain_seconds(model)  # the first run also reads the weights from disk
    ratios: dict[str, list[float]] = {"fresh": [], "silent": [], "common": [], "whole": []}
    for _ in range(ROUNDS):
        plain = plain_seconds(model)
        baselines = Baselines(1)
        fresh = run_pair(model, EARLY, baselines)
        silent = run_pair(model, SILENT, baselines)
        early = run_pair(model, EARLY, baselines)
        assert not fresh.update.baseline_was_cached
        assert silent.update.is_silent
        assert early.update.first_divergence == 0
        assert len(early.update.mutated_tokens) == len(early.update.original_tokens) == NEW_TOKENS
        for name, seconds in (
            ("fresh", fresh.last),
            ("silent", silent.last),
            ("common", early.first),
            ("whole", early.last),
        ):
            ratios[name].append(seconds / plain)
        print(f"  plain {plain:.2f} s, ours " + ", ".join(f"{name} {r[-1]:.2f} ×" for name, r in ratios.items()))
    return [
        Figure("both texts, nothing cached", statistics.median(ratios["fresh"]), 1.25, "×"),
        Figure("baseline cached, silent mutation, all shown", statistics.median(ratios["silent"]), 0.15, "×"),
        Figure("baseline cached, diverging: common part", statistics.median(ratios["common"]), 0.15, "×"),
        Figure("baseline cached, diverging: whole", statistics.median(ratios["whole"]), 1.2, "×"),
    ]


def page_figures() -> list[Figure]:
    """How often the texts grow in a real page, while both are decoded."""
    with serving() as url, chromium() as browser:
        visitor = Visitor.opening(browser, url)
        visitor.page.evaluate(_COUNT_UPDATES)
        visitor.page.get_by_label("Prompt", exact=True).fill(PROMPT.text)
        visitor.press("Run")
        gaps = visitor.page.evaluate("window.updateGaps")
    return [Figure("median gap between two updates of the page", statistics.median(gaps) / 1000, 0.05, "s")]


def main() -> None:
    """Print every figure with its limit; exit 1 if one is missed."""
    print(f"Explore, demo model on CPU, {NEW_TOKENS} new tokens, {torch.get_num_threads()} threads")
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}")
    figures = [*page_figures(), *loading_figures(), *generation_figures()]
    report(figures)


if __name__ == "__main__":
    main()
