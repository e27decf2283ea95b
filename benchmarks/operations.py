"""Every operation beside `*0`, on the demo model: `python -m benchmarks.operations`.

Pairs of the same prompt, one after the other in the same rounds; a rank prepared, and again; what a graft reads;
screens of whole parts beside max and min; all heads knocked out; and the advice at four bits beside uniform bits.
"""

import math
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.experiments import Experiment
from explorer.domain.genotype import Genotype
from explorer.domain.screened import Unit
from explorer.generation.baseline import Baselines
from explorer.generation.knockout import knock_out
from explorer.generation.pair import generate_pair
from explorer.model.donors import open_donor
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from explorer.mutation import operations
from explorer.mutation.apply import make_mutant
from explorer.screen.job import Job
from explorer.screen.plan import Plan
from explorer.screen.run import Screen
from explorer.statistics.advice import ROUNDINGS, advise, uniform
from explorer.store.database import opened
from explorer.workspace.workspace import Workspace

ROUNDS = 5
SITE = "9.down"
ASKED, DECODING = Prompt(text="What is the capital of France?"), Decoding(max_new_tokens=48)
LONG = Prompt(text="Write a lullaby.")
"""To which the mutant `*0` writes a text of its own; to the other it says what the original says, in a single pass."""
EDITS = (
    "=mean", "+noise(0.05)", "=shuffle", "=round(4)", "=prune(0.5)", "=prune(2:4)", "=rank(16)", "=unrank(1)",
    "=copy(10.down)", "~from(demo)*0.5", "+adapter(poet)*0.5",
)  # fmt: skip
AIM, MATCHED, PREPARED, HEADS = 1.3, 1.15, 0.2, 20.0


def seconds(act: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def pair_figures(model: LoadedModel, asked: Prompt, told: str) -> list[Figure]:
    """Pairs on one matrix as multiples of those with `*0`, of the same work: each mutant is made, and `*0` is written.

    Texts of different mutants end at different places, and one that stays silent is checked in a single pass: their
    own times say how long the texts are.
    """
    baselines, zero = Baselines(2), model.anatomy.read(f"{SITE}*0")

    def pair() -> None:
        for _ in generate_pair(model, asked, DECODING, zero, baselines):
            pass

    pair()
    made: dict[str, list[float]] = {edit: [] for edit in ("*0", *EDITS)}
    whole = []
    for _ in range(ROUNDS):
        whole.append(seconds(pair))
        for edit, own in made.items():
            genotype = model.anatomy.read(f"{SITE}{edit}")
            operations._kept.clear()  # what was prepared before
            own.append(seconds(lambda genotype=genotype: make_mutant(model, genotype)))  # type: ignore[misc]
    plain, least = statistics.median(whole), statistics.median(made["*0"])
    print(f"a pair with {SITE}*0, {told}: {plain:.2f} s")
    return [
        Figure(f"{told} pair, {SITE}{edit}, to *0", 1 + (statistics.median(made[edit]) - least) / plain, AIM, "×")
        for edit in EDITS
    ]


def rank_figures(model: LoadedModel) -> list[Figure]:
    """A mutant of a rank made, and another of the same site."""
    first, again = model.anatomy.read(f"{SITE}=rank(16)"), model.anatomy.read(f"{SITE}=rank(17)")
    prepared, kept = [], []
    for _ in range(ROUNDS):
        operations._kept.clear()
        prepared.append(seconds(lambda: make_mutant(model, first)))
        kept.append(seconds(lambda: make_mutant(model, again)))
    return [
        Figure("rank of a 576 × 1536 site, prepared", statistics.median(prepared), PREPARED, "s"),
        Figure("… another rank of it", statistics.median(kept), PREPARED / 4, "s"),
    ]


def graft_figures(model: LoadedModel) -> list[Figure]:
    """What a graft of one matrix reads of the donor's files."""
    donor = open_donor("demo")
    whole = sum(each.count * each.dtype.itemsize for each in donor.tensors.values())
    read = donor.bytes_of(model, model.anatomy.matrices[SITE])
    return [Figure(f"a graft of {SITE} reads, of the donor's {whole / 1e6:.0f} MB", 100 * read / whole, 1.0, "%")]


def screen_figures(model: LoadedModel) -> list[Figure]:
    """A mutant of screens of whole parts, to one of max and min."""
    experiment = Experiment(name="capital", title="Capital", prompt=ASKED, decoding=DECODING)
    figures = []
    cases: tuple[tuple[Unit, str, tuple[str, ...]], ...] = (
        ("head", "10-19.head", ("zero",)), ("head", "10-19.head", ("round4", "prune50")),
        ("matrix", "10-19.down", ("round4", "prune50")), ("matrix", "10-19.down", ("rank10%", "rank50%")),
    )  # fmt: skip
    for unit, matrices, names in cases:
        usual_names = ("max", "min")[: len(names)]
        ratios = []
        for _ in range(3):
            usual, own = (_pace(model, experiment, unit, matrices, each) for each in (usual_names, names))
            ratios.append(own / usual)
        name = f"screen by {unit}, {'+'.join(names)}, to {'+'.join(usual_names)}"
        figures.append(Figure(name, statistics.median(ratios), MATCHED, "×"))
    return figures


def _pace(model: LoadedModel, experiment: Experiment, unit: Unit, matrices: str, names: tuple[str, ...]) -> float:
    """Seconds a checked token: a mutant that parts early is checked over fewer than one that stays silent."""
    plan = Plan(matrices=matrices, unit=unit, operations=names)
    operations._kept.clear()
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "x.duckdb") as connection:
        screen = Screen(Job(model=model, experiment=experiment, plan=plan, mode="divergence"))
        screen.begin(connection)
        taken = seconds(lambda: list(screen.run(connection)))
        (checked,) = connection.execute("SELECT sum(verified) FROM mutants").fetchone() or (0,)
        return taken / float(checked)


def head_figures(model: LoadedModel) -> list[Figure]:
    """All heads of the model, over a prompt's answer."""
    baselines = Baselines(1)
    for _ in generate_pair(model, ASKED, DECODING, Genotype(), baselines):
        pass
    baseline = baselines.get(model, ASKED, DECODING)
    assert baseline is not None
    taken = seconds(lambda: list(knock_out(model, baseline, DECODING, Genotype())))
    return [Figure("all 270 heads knocked out", taken, HEADS, "s")]


def advice_figures(model: LoadedModel) -> list[Figure]:
    """Advice of 4.0 bits a weight beside uniform 4 bits, in perplexity on unseen texts."""
    damages = Workspace(device="cpu").damages
    *_, (_, table) = damages.table(model, ROUNDINGS)
    assert advise(table, 4.0).average <= uniform(table, 4).average
    found = damages.compare(model, table, 4.0)
    low, high = found.gain_interval.low, found.gain_interval.high
    print(
        f"original {found.original:.2f}, uniform 4 bits {found.uniform.perplexity:.2f}, advised "
        f"{found.advised.perplexity:.2f}; gain {found.gain:.3f} nats a token, 95 % {low:.3f} to {high:.3f}"
    )
    ratio = found.advised.perplexity / found.uniform.perplexity
    return [Figure("perplexity of the advice to uniform 4 bits", ratio, 1.0, "×"),
            Figure("… at worst, by the interval", math.exp(-low), 1.0, "×")]  # fmt: skip


def main() -> None:
    """Print every figure with its aim."""
    torch.manual_seed(0)
    model = load_model(device="cpu")
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads")
    figures = [*pair_figures(model, ASKED, "silent"), *pair_figures(model, LONG, "diverging")]
    figures += [*rank_figures(model), *graft_figures(model), *screen_figures(model)]
    report([*figures, *head_figures(model), *advice_figures(model)])


if __name__ == "__main__":
    main()
