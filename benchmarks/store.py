"""The store and the statistics at the study's size: `python -m benchmarks.store [FOLDER]`.

A made-up database of 28,459,008 mutants in the study's shapes (Llama2-7b, six experiments, max, min and zero), written
by the project's own writer; then every view of the Statistics tab, from the query to the figure's JSON, in a process of
its own. With a FOLDER the database stays there and is used again.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import psutil

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Prompt
from explorer.domain.experiments import Experiment
from explorer.screen.plan import Plan
from explorer.store.database import opened
from explorer.store.writer import (
    MUTANT_TYPES,
    PHENOTYPE_TYPES,
    MatrixFacts,
    ModelFacts,
    ScreenFacts,
    ScreenWriter,
)

LAYERS, HIDDEN, MLP, SIDE = 32, 4096, 11008, 64
SHAPES = {
    **dict.fromkeys(("q", "k", "v", "o"), (HIDDEN, HIDDEN)),
    **dict.fromkeys(("gate", "up"), (MLP, HIDDEN)),
    "down": (HIDDEN, MLP),
}
TOTAL = 28_459_008
SHARES = {"python0": 0.19, "python10": 0.13, "java": 0.21, "drosophila": 0.54, "newton": 0.70, "mmlu21": 0.30}
"""Non-silent shares of max and min, as the study's table has them."""
OPERATIONS = ("max", "min", "zero")
DISTINCT = 0.25
"""Of the non-silent mutants, those that say something new."""
TOGETHER = 8
"""Matrices that are written in one batch."""
LEAST_ROWS = 500_000
"""Rows a second."""
TEXT = (
    "the fly lives in an egg a larva crawls out and eats until it sleeps then wings unfold and it looks for light over "
    "fruit that ferments while poets write of rivers stones and numbers which nobody had asked them for"
)
STYLES = ("prose", "loop", "gibberish", "poem", "dialogue")


@dataclass
class Maker:
    """Mutants and answers of one screen."""

    random: np.random.Generator
    share: float
    known: int = 0

    def mutants(self, place: int, shape: tuple[int, int]) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
        """All mutants of one matrix, and the numbers of the answers that are new in it."""
        down, across = shape
        rows, columns = (self.random.lognormal(0, 0.8, size) for size in shape)
        pull = rows[:, None] * columns[None, :]
        base = self.share * pull / pull.mean()
        tilt = self.random.normal(0, 0.3, (1, across))
        chance = np.stack([base * np.exp(tilt), base * np.exp(-tilt), np.full(shape, 0.001)], -1)
        loud = (self.random.random(chance.shape) < chance).ravel()
        units = np.indices((down, across)).reshape(2, -1).repeat(len(OPERATIONS), axis=1)
        count, size = int(loud.sum()), loud.size
        is_new = self.random.random(count) < DISTINCT
        if count and self.known == 0:
            is_new[0] = True
        new = self.known + 1 + np.arange(int(is_new.sum()))
        answers = np.maximum(1, (self.known * self.random.power(3, count)).astype(np.int64))
        answers[is_new] = new
        self.known += len(new)
        frame = pl.DataFrame(
            {
                "matrix": np.full(size, place, np.uint32),
                "down": units[0].astype(np.uint32),
                "across": units[1].astype(np.uint32),
                "operation": np.tile(np.array(OPERATIONS), down * across),
                "first_divergence": self.random.geometric(0.05, size).astype(np.uint16) - 1,
                "overflow": np.zeros(size, np.bool_),
                "mean_kl": self.random.lognormal(-4, 2, size).astype(np.float32),
                "added_nll": self.random.lognormal(-4, 2, size).astype(np.float32),
                "verified": np.full(size, 140, np.uint16),
                "near_tie": self.random.random(size) < 0.01,
                "phenotype": _spread(loud, answers),
            }
        )
        frame = frame.with_columns(first_divergence=pl.when(pl.Series(loud)).then(pl.col("first_divergence")))
        return frame.select(*MUTANT_TYPES).cast(dict(MUTANT_TYPES)), new  # type: ignore[arg-type]

    def answers(self, numbers: npt.NDArray[np.int64]) -> pl.DataFrame:
        """Texts of some forty words."""
        size = len(numbers)
        known = TEXT.split()
        words = np.array(known)[self.random.integers(0, len(known), (size, 4))]
        parts = [pl.Series(words[:, place].tolist()) for place in range(4)]
        texts = pl.select(pl.concat_str(*parts, pl.Series(numbers.tolist()), pl.lit(TEXT), separator=" ")).to_series()
        frame = pl.DataFrame({"phenotype": numbers.astype(np.uint32), "text": texts})
        frame = frame.with_columns(
            tokens=pl.lit([1, 2, 3], pl.List(pl.Int32)),
            ending=pl.lit("length"),
            cosine=pl.Series(self.random.random(size).astype(np.float32)),
            repetition=pl.lit(0.0, pl.Float32),
            perplexity=pl.Series(self.random.lognormal(2, 1, size).astype(np.float32)),
            style=pl.Series(np.array(STYLES)[self.random.integers(0, len(STYLES), size)].tolist()),
            destructive=pl.Series(self.random.random(size) < 0.05),
            score=pl.lit(None, pl.String),
        )
        return frame.select(*PHENOTYPE_TYPES)


def _spread(loud: npt.NDArray[np.bool_], answers: npt.NDArray[np.int64]) -> pl.Series:
    numbers = np.zeros(loud.size, np.int64)
    numbers[loud] = answers
    return pl.select(pl.when(pl.Series(loud)).then(pl.Series(numbers))).to_series()


def fill(path: Path) -> tuple[float, float]:
    """Write the database; rows a second of the writer, and seconds to finish a screen."""
    model = ModelFacts(
        name="made-up", source="made-up", family="llama", fingerprint="made-up", layers=LAYERS, parameters=7 * 10**9
    )
    matrices = [
        MatrixFacts(
            name=f"{layer}.{kind}", layer=layer, kind=kind, rows=shape[0], columns=shape[1], unit_rows=SIDE,
            unit_columns=SIDE,
        )
        for layer in range(LAYERS)
        for kind, shape in SHAPES.items()
    ]  # fmt: skip
    rows, writing, finishing = 0, 0.0, 0.0
    with opened(path) as connection:
        for number, (name, share) in enumerate(SHARES.items()):
            maker = Maker(np.random.default_rng(number), share)
            facts = ScreenFacts(
                plan=asdict(Plan(matrices="*.*", step=SIDE, operations=OPERATIONS)),
                background="", mode="text", version="benchmark", device="none", dtype="none",
                mutants=TOTAL // len(SHARES), baseline_tokens=(1, 2), baseline_text="The fly lives.",
            )  # fmt: skip
            experiment = Experiment(name=name, title=name.title(), prompt=Prompt(text=f"{name}:", chat=False))
            writer = ScreenWriter(connection, model, experiment, facts, matrices, batch=lambda: 1)
            for batch, start in enumerate(range(0, len(matrices), TOGETHER)):
                made = [
                    maker.mutants(place, (matrices[place].rows // SIDE, matrices[place].columns // SIDE))
                    for place in range(start, min(start + TOGETHER, len(matrices)))
                ]
                mutants = pl.concat([frame for frame, _ in made])
                answers = maker.answers(np.concatenate([new for _, new in made]))
                begun = time.perf_counter()
                writer.write(batch, mutants, answers, 1.0)
                writing += time.perf_counter() - begun
                rows += len(mutants)
            begun = time.perf_counter()
            writer.finish()
            finishing += time.perf_counter() - begun
            print(f"  {name}: {rows:,} mutants so far, {maker.known:,} answers", flush=True)
    assert rows == TOTAL, rows
    return rows / writing, finishing / len(SHARES)


def look(path: Path) -> None:
    """Draw every view, cold and warm, with and without filters; print the seconds of each as JSON."""
    started = time.perf_counter()
    from explorer.atlas.atlas import Atlas
    from explorer.atlas.pictures.asked import Asked
    from explorer.atlas.pictures.drawing import PICTURES, draw
    from explorer.figures.encoding import figure_json
    from explorer.statistics.filters import Filter
    from explorer.statistics.severity import Severity
    from explorer.store.library import Library

    atlas = Atlas(Library(bundled=path.parent / "none", own=path))
    screens, fault = atlas.stored()
    assert not fault, fault
    opening = 0.0
    seconds: dict[str, list[float]] = {name: [] for name in PICTURES}
    filters = (
        Filter(),
        Filter(operations=("max",)),
        Filter(operations=("max", "min")),
        Filter(operations=("max", "min"), layers=tuple(range(8)), kinds=("down", "q")),
    )
    for screen, other in ((screens[3], screens[4]), (screens[0], screens[2])):
        for matrix in ("14.down", "0.q", "31.gate"):
            for chosen in filters:
                asked = Asked(
                    screen=screen, other=other, matrix=matrix, chosen=chosen, coloured=matrix == "0.q",
                    severity=Severity(step=1 if matrix == "0.q" else 0),
                )  # fmt: skip
                for name, times in seconds.items():
                    if name == "agreement":  # nobody has estimated these mutants
                        continue
                    begun = time.perf_counter()
                    figure_json(draw(name, atlas, asked).figure)
                    times.append(time.perf_counter() - begun)
                    opening = opening or time.perf_counter() - started
    begun = time.perf_counter()
    for mark in ({"layer": 3}, {"kind": "v", "left": 39, "right": 40}, {"style": "poem", "layer": 20}):
        atlas.behind(screens[3], mark, Filter())
    door = (time.perf_counter() - begun) / 3
    memory = psutil.Process().memory_info()
    peak = getattr(memory, "peak_wset", memory.rss)
    print(json.dumps({"seconds": seconds, "opening": opening, "door": door, "memory": peak}))


def main() -> None:
    """Print the figures with their limits; exit 1 if one is missed."""
    if "--look" in sys.argv:
        look(Path(sys.argv[-1]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(sys.argv[1] if len(sys.argv) > 1 else temporary) / "store.duckdb"
        figures = []
        if not path.exists():
            rate, finishing = fill(path)
            print(f"  written: {rate:,.0f} rows a second, {finishing:.1f} s to finish a screen")
            figures.append(Figure(f"writer, time of {LEAST_ROWS:,} rows", LEAST_ROWS / rate, 1, "s"))
        print(f"  {path.stat().st_size / 2**20:,.0f} MB")
        command = [sys.executable, "-m", "benchmarks.store", "--look", str(path)]
        told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    every = [value for times in told["seconds"].values() for value in times]
    for name, times in told["seconds"].items():
        if times:
            print(f"  {name:<16} median {1000 * statistics.median(times):4.0f} ms, worst {1000 * max(times):4.0f} ms")
    print(f"  door {1000 * told['door']:.0f} ms")
    figures += [
        Figure("views, median", 1000 * statistics.median(every), 150, "ms"),
        Figure("views, worst", 1000 * max(every), 400, "ms"),
        Figure("opening: imports and the first view", told["opening"], 1, "s"),
        Figure("memory of the process that looks", told["memory"] / 2**30, 2, "GB"),
    ]
    report(figures)


if __name__ == "__main__":
    main()
