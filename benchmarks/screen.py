"""A screen's speed beside the study's procedure, same mutants, one run: `python -m benchmarks.screen [MODEL [COUNT]]`.

The study's procedure: edit the block in place, one `model.generate` of 64 new tokens (and of 150), restore. Ours: a
screen into a database, in the batches of a real one, each of one layer; it screens the same mutants and others drawn in
the same way, for a batch of a real screen is whole. Both are drawn evenly over every second layer and all kinds; of 150
tokens over every sixth.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import GenerationConfig

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.experiments import Experiment
from explorer.domain.genotype import Genotype
from explorer.generation.alone import decode_alone
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from explorer.model.weights import weight_of
from explorer.mutation.operations import operate
from explorer.screen.engine import Engine
from explorer.screen.job import Job
from explorer.screen.order import Mode
from explorer.screen.plan import Batch, Plan, Planned, layer_of, matching, planned
from explorer.screen.run import Screen
from explorer.screen.texts import Texts
from explorer.screen.worker import Screened
from explorer.store.database import opened

COUNT = 210
SIZE = 256
"""Mutants of a batch: what `screen.fitting` finds on two cores."""
EVERY, EVERY_LONG = 2, 6
"""Of so many layers one is screened, with 64 tokens and with 150."""
LONG = Decoding(max_new_tokens=150)
PROMPT = Prompt(text="The life cycle of Drosophila:", chat=False)
EXPERIMENT = Experiment(name="drosophila", title="Drosophila", prompt=PROMPT, decoding=Decoding(max_new_tokens=64))
PLAN = Plan(matrices="*.*", step=16, operations=("max", "min", "zero"))


SMALL = Plan(matrices="11.down", step=64, operations=("max", "min", "zero"), sites=("11.down[0:64,0:512]",))
"""24 mutants and a control."""


def drawn(model: LoadedModel, count: int) -> list[Batch]:
    """Batches of so many mutants in all, one a layer, evenly over layers, kinds and operations; controls left out."""
    matrices = matching(model.anatomy, PLAN.matrices)
    layers = sorted({layer_of(matrix) for matrix in matrices})
    batches = []
    for number, layer in enumerate(layers):
        own = [(place, matrix) for place, matrix in enumerate(matrices) if layer_of(matrix) == layer]
        size = (number + 1) * count // len(layers) - number * count // len(layers)
        placed: list[tuple[int, Planned]] = []
        for index, (place, matrix) in enumerate(own):
            items = [item for item in planned(PLAN, matrix) if item.operation != "control"]
            quota = (index + 1) * size // len(own) - index * size // len(own)
            placed += [(place, items[(number + turn * 7919) % len(items)]) for turn in range(quota)]
        batches.append(
            Batch(number=number, places=tuple(at for at, _ in placed), items=tuple(item for _, item in placed))
        )
    return batches


def thinned(batches: list[Batch], count: int) -> list[Planned]:
    """So many of the mutants of some batches, evenly."""
    every = [item for batch in batches for item in batch.items]
    return [every[place * len(every) // count] for place in range(count)]


def plain_seconds(model: LoadedModel, chosen: list[Planned], decoding: Decoding = EXPERIMENT.decoding) -> float:
    """The study's procedure."""
    tokens = torch.tensor([model.encode(PROMPT, decoding)], device=model.device)
    ends = model.causal_lm.generation_config.eos_token_id
    settings = GenerationConfig(
        max_new_tokens=decoding.max_new_tokens, do_sample=False, pad_token_id=2, eos_token_id=ends
    )
    started = time.perf_counter()
    for item in chosen:
        (target,) = model.anatomy.targets(item.mutation.site)
        rows = slice(target.rows.start, target.rows.stop)
        columns = slice(target.columns.start, target.columns.stop)
        block = weight_of(model.causal_lm, target.matrix)[rows, columns]
        before = block.clone()
        block.copy_(operate(before, item.mutation.operation, model.statistics(target.matrix)))
        model.causal_lm.generate(  # type: ignore[operator]
            tokens, attention_mask=torch.ones_like(tokens), generation_config=settings
        )
        block.copy_(before)
    return time.perf_counter() - started


@dataclass
class Clock:
    """Hands prepared batches to a screen instead of those of its plan, and times what it does with them."""

    screen: Screen
    batches: list[Batch]
    computing: list[float] = field(default_factory=list)
    """Seconds of each batch until it is screened."""
    started: float = 0.0
    grown: int = 0
    """Tokens of texts after their first divergence."""

    def __call__(self, _: Iterator[Batch]) -> Iterable[tuple[Batch, Screened]]:
        """What `Screen.run` takes as `execute`."""
        self.started = time.perf_counter()
        for batch in self.batches:
            begun = time.perf_counter()
            screened = self.screen.worker.screen(batch.items)
            self.computing.append(time.perf_counter() - begun)
            told = ((each.tokens, each.first_divergence) for each in screened.records)
            self.grown += sum(len(tokens) - 1 - (parted or 0) for tokens, parted in told if tokens is not None)
            yield batch, screened


def our_seconds(
    model: LoadedModel, batches: list[Batch], mode: Mode, decoding: Decoding = EXPERIMENT.decoding
) -> tuple[float, float]:
    """Seconds of a screen of some batches into a new database, and those of them that are not computing."""
    plan = replace(PLAN, rate=1e-9)  # the least of its own plan, for the clock hands it other batches
    screen = Screen(Job(model=model, experiment=replace(EXPERIMENT, decoding=decoding), plan=plan, mode=mode))
    clock = Clock(screen, batches)
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "screen.duckdb") as connection:
        for _ in screen.run(connection, clock):
            pass
    seconds = time.perf_counter() - clock.started
    asked = screen.worker.asked
    assert isinstance(asked, Texts)
    if (pace := asked.pace).passes:
        told = f"{pace.tokens:,} of them along known texts, {pace.tokens / pace.passes:.1f} a pass"
        print(f"  {clock.grown:,} tokens after the first divergence, {told}", flush=True)
    return seconds, seconds - sum(clock.computing)


def long_ratio(model: LoadedModel, batches: list[Batch], count: int) -> Figure:
    """Texts of 150 tokens."""
    plain = plain_seconds(model, thinned(batches, count), LONG) / count
    many = sum(len(batch.items) for batch in batches)
    ours = our_seconds(model, batches, "text", LONG)[0] / many
    print(f"  text, 150 tokens: plain {plain:.3f} s ({count} mutants), ours {ours:.4f} s ({many} mutants),", end=" ")
    print(f"{plain / ours:.1f} times as fast", flush=True)
    return Figure("text, 150 tokens: ours to plain, a mutant (1/16 at most)", ours / plain, 1 / 16, "×")


def small_ratio(model: LoadedModel) -> float:
    """A screen of 25 mutants that is estimated first, and the study's procedure on the same: ours over theirs."""
    (matrix,) = matching(model.anatomy, SMALL.matrices)
    items = [item for item in planned(SMALL, matrix) if item.operation != "control"]
    plain = plain_seconds(model, items)
    screen = Screen(Job(model=model, experiment=EXPERIMENT, plan=SMALL, mode="text"))
    started = time.perf_counter()
    screen.estimate()
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "screen.duckdb") as connection:
        for _ in screen.run(connection):
            pass
    ours = time.perf_counter() - started
    print(f"  {screen.total} mutants, estimated and screened: {ours:.1f} s; plain: {plain:.1f} s", flush=True)
    return ours / plain


def peak(model: LoadedModel, size: int = 2048) -> float:
    """Floating-point operations a second of the machine's own matrix product, the best of ten."""
    left = torch.randn(size, size, dtype=model.dtype, device=model.device)
    return max(2 * size**3 / _timed(model, lambda: left @ left) for _ in range(10))


def share_of_peak(model: LoadedModel, batches: list[Batch], best: float) -> float:
    """What verifying reaches of it: operations of matrix products, counted, over its whole time."""
    decoding = EXPERIMENT.decoding
    baseline = decode_alone(model, PROMPT, decoding, Genotype())
    engine = Engine(model, baseline, decoding, Genotype(), "divergence")
    operations, seconds = 0, 0.0
    for batch in batches:
        mutations = [item.mutation for item in batch.items]
        with FlopCounterMode(display=False) as counter:
            engine.screen(mutations)
        operations += counter.get_total_flops()
        seconds += _timed(model, lambda these=mutations: engine.screen(these))  # type: ignore[misc]
    return operations / seconds / best


def _timed(model: LoadedModel, work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    if model.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def main() -> None:
    """Print the ratios with their limits; exit 1 if one is missed."""
    name = sys.argv[1] if len(sys.argv) > 1 else "demo"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else COUNT
    model = load_model(name)
    every = drawn(model, SIZE * model.anatomy.layer_count)
    batches, longer = every[::EVERY], every[::EVERY_LONG]
    few, many = thinned(batches, count), sum(len(batch.items) for batch in batches)
    plain = plain_seconds(model, few) / count
    print(f"{model.name} on {model.device}, {torch.get_num_threads()} threads, step {PLAN.step}")
    print(f"  plain: {plain:.3f} s a mutant ({count} mutants)", flush=True)
    figures = []
    limits: dict[Mode, int] = {"divergence": 50, "text": 18}  # of text the goal is 25
    for mode, least in limits.items():
        seconds, writing = our_seconds(model, batches, mode)
        ours = seconds / many
        print(f"  {mode}: {ours:.4f} s a mutant ({many} mutants), {plain / ours:.1f} times as fast", flush=True)
        figures.append(Figure(f"{mode}: ours to plain, a mutant (1/{least} at most)", ours / plain, 1 / least, "×"))
        figures.append(Figure(f"{mode}: planning and writing, share of the time", writing / seconds, 0.05, " "))
    figures.append(long_ratio(model, longer, max(1, count // 3)))
    figures.append(Figure("25 mutants, with estimate: ours to plain (1/4 at most)", small_ratio(model), 1 / 4, "×"))
    best = peak(model)
    share = share_of_peak(model, batches[::2], best)
    print(f"  verifying: {share:.2f} of the {best / 1e9:.0f} GFLOP/s that a matrix product reaches here")
    figures.append(Figure("verifying: peak to reached (1/0.6 at most)", 1 / share, 1 / 0.6, "×"))
    report(figures)


if __name__ == "__main__":
    main()
