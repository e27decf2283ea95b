"""The instruments' speed beside one plain forward pass of the same tokens: `python -m benchmarks.instruments`.

Every figure is the median over rounds in which the plain pass and ours are timed one after the other. Memory is
what a first sensitivity map adds at its peak to what the process held before, on top of the weights.
"""

import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.dose import COARSE, FINE, dose_response, respond, set_to
from explorer.generation.gradients import tokens_of
from explorer.generation.sensitivity_map import sensitivity_map
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from tests.tiny import baseline_of

ROUNDS = 7
PROMPTS = {"short answer": "What is the capital of France?", "long answer": "Why is the sky blue?"}
DECODING = Decoding(max_new_tokens=48)
SITE = "14.head3"
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def seconds(act: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def memory_figures(model: LoadedModel, baseline: Baseline) -> list[Figure]:
    """Peak memory of a first sensitivity map, with the weights, as a multiple of the weights; on Linux alone."""
    if not _RESET.exists():
        return []
    weights = sum(parameter.numel() * parameter.element_size() for parameter in model.causal_lm.parameters())
    before = _kilobytes("VmRSS")
    _RESET.write_text("5")  # the peak begins anew
    sensitivity_map(model, baseline)
    added = (_kilobytes("VmHWM") - before) * 1024
    return [Figure("sensitivity map: peak memory to the weights", (weights + added) / weights, 1.5, "×")]


def _kilobytes(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1])


def speed_figures(model: LoadedModel, name: str, baseline: Baseline) -> list[Figure]:
    """Ratios to one plain forward pass."""
    tokens = tokens_of(model, baseline)
    site = model.anatomy.read(f"{SITE}=0").mutations[0].site

    @torch.inference_mode()
    def plain() -> None:
        model.causal_lm(input_ids=tokens, use_cache=False)

    def mapped() -> None:
        sensitivity_map(model, baseline)

    def dosed() -> None:
        respond(model, baseline, DECODING, Genotype(), set_to(site, [place / COARSE for place in range(COARSE)]))

    def refined() -> None:
        dose_response(model, baseline, DECODING, Genotype(), site)

    plain()
    ratios: dict[str, list[float]] = {"map": [], "dose": [], "refined": []}
    for _ in range(ROUNDS):
        alone = seconds(plain)
        ratios["map"].append(seconds(mapped) / alone)
        ratios["dose"].append(seconds(dosed) / alone)
        ratios["refined"].append(seconds(refined) / alone)
    print(f"  {name}: {tokens.shape[1]} tokens, plain pass {alone:.3f} s")
    return [
        Figure(f"sensitivity map of all blocks, {name}", statistics.median(ratios["map"]), 6, "×"),
        Figure(f"dose–response of {COARSE} values, {name}", statistics.median(ratios["dose"]), 8, "×"),
        Figure(f"the same, refined by {FINE} more, {name}", statistics.median(ratios["refined"]), 11, "×"),
    ]


def main() -> None:
    """Print every figure with its limit; exit 1 if one is missed."""
    print(f"Instruments, demo model on CPU, {torch.get_num_threads()} threads, site {SITE}")
    print(f"{platform.processor() or platform.machine()}, torch {torch.__version__}")
    model = load_model("demo", device="cpu")
    baselines = {name: baseline_of(model, Prompt(text=text), DECODING.max_new_tokens) for name, text in PROMPTS.items()}
    figures = memory_figures(model, baselines["long answer"])
    for name, baseline in baselines.items():
        figures += speed_figures(model, name, baseline)
    report(figures)


if __name__ == "__main__":
    main()
