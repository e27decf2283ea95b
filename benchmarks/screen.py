"""A screen's speed beside the study's procedure, same mutants, one run: `python -m benchmarks.screen [COUNT]`.

The study's procedure: edit the block in place, one `model.generate` of 64 new tokens, restore. Ours: the engine, in
the batches of a real screen. Both screen the same mutants, drawn evenly over layers and kinds of the demo model.
"""

import sys
import time
from collections.abc import Iterator

import torch
from transformers import GenerationConfig

from benchmarks.figures import Figure, report
from explorer.domain import Decoding, Genotype, Prompt
from explorer.generation.alone import decode_alone
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from explorer.model.weights import weight_of
from explorer.mutation.operations import operate
from explorer.screen.engine import Engine, Mode
from explorer.screen.plan import Plan, Planned, matching, planned

COUNT = 210
PROMPT = Prompt(text="The life cycle of Drosophila:", chat=False)
SIZE = 128
"""Mutants of a batch: what `screen.fitting` finds on two cores."""
DECODING = Decoding(max_new_tokens=64)
PLAN = Plan(matrices="*.*", step=16, operations=("max", "min", "zero"))


def drawn(model: LoadedModel, count: int) -> dict[int, list[Planned]]:
    """Mutants by layer, evenly over layers, kinds and operations."""
    matrices = matching(model.anatomy, PLAN.matrices)
    chosen: dict[int, list[Planned]] = {}
    for number in range(count):
        matrix = matrices[number * len(matrices) // count]
        items = [item for item in planned(PLAN, matrix) if item.operation != "control"]
        item = items[(number * 7919) % len(items)]
        assert matrix.layer is not None
        chosen.setdefault(matrix.layer, []).append(item)
    return chosen


def plain_seconds(model: LoadedModel, chosen: dict[int, list[Planned]]) -> float:
    """The study's procedure."""
    tokens = torch.tensor([model.encode(PROMPT, DECODING)])
    settings = GenerationConfig(max_new_tokens=DECODING.max_new_tokens, do_sample=False, pad_token_id=2)
    started = time.perf_counter()
    for item in (item for items in chosen.values() for item in items):
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


def batches(items: list[Planned]) -> Iterator[list[Planned]]:
    """As a screen has them."""
    for start in range(0, len(items), SIZE):
        yield items[start : start + SIZE]


def our_seconds(model: LoadedModel, chosen: dict[int, list[Planned]], mode: Mode) -> float:
    """The engine, without the baseline, which a screen computes once."""
    baseline = decode_alone(model, PROMPT, DECODING, Genotype())
    engine = Engine(model, baseline, DECODING, Genotype(), mode)
    started = time.perf_counter()
    for items in chosen.values():
        for batch in batches(items):
            engine.screen([item.mutation for item in batch])
    return time.perf_counter() - started


def main() -> None:
    """Print the ratios with their limits; exit 1 if one is missed."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    model = load_model("demo", device="cpu")
    few = drawn(model, count)
    # A real screen has thousands of mutants of a layer: ours come in whole batches, the same mutants over again.
    many = {layer: (items * SIZE)[:SIZE] for layer, items in few.items()}
    plain = plain_seconds(model, few)
    print(f"{count} mutants, step {PLAN.step}, plain {plain / count:.2f} s a mutant, {torch.get_num_threads()} threads")
    figures = []
    limits: dict[Mode, int] = {"divergence": 50, "text": 15}
    for mode, least in limits.items():
        ours = our_seconds(model, many, mode) / sum(map(len, many.values()))
        print(f"  {mode}: {ours:.4f} s a mutant")
        figures.append(
            Figure(f"{mode}: ours to plain, a mutant (1/{least} at most)", ours * count / plain, 1 / least, "×")
        )
    report(figures)


if __name__ == "__main__":
    main()
