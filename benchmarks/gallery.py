"""The gallery at 1,000,000 phenotypes: `python -m benchmarks.gallery [FOLDER]`.

A made-up database of three screens in the study's shapes, written by the project's own writer: its texts are words as
common as those of a language, and half of them differ from another one in a word. Then the first page of every order,
of filters, searches and groups; and, beside it, the plain procedure: one query that joins and counts all mutants. With
a FOLDER the database stays there and is used again.
"""

import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figures import Figure, report
from benchmarks.store import LAYERS, OPERATIONS, SHAPES, SIDE, TOGETHER, Maker
from explorer.atlas.atlas import Atlas
from explorer.domain.decoding import Prompt
from explorer.domain.experiments import Experiment
from explorer.screen.plan import Plan
from explorer.store.database import opened
from explorer.store.gallery import SORTS, Order, Span, Wanted
from explorer.store.library import Library
from explorer.store.writer import MatrixFacts, ModelFacts, ScreenFacts, ScreenWriter

TEXTS = 1_000_000
SHARES = {"drosophila": 0.54, "newton": 0.70, "java": 0.6}
"""Of max and min, non-silent."""
WORDS, LENGTH = 30_000, 45
"""Words that are known, and those of a text."""
REPEATS = 5
LIMIT_MS = 200

PLAIN = """
    SELECT p.phenotype, any_value(p.text), any_value(p.style), any_value(p.cosine), any_value(p.perplexity),
           count(*) AS mutants, min((x.name, t.down, t.across, t.operation))
    FROM mutants t JOIN matrices x USING (screen, matrix)
    JOIN phenotypes p ON p.screen = t.screen AND p.phenotype = t.phenotype
    WHERE t.operation <> 'control' GROUP BY p.screen, p.phenotype ORDER BY mutants DESC, p.screen, p.phenotype LIMIT 24
"""
"""The first page without anything stored for it."""


class Author(Maker):
    """Writes texts of its own."""

    def answers(self, numbers: npt.NDArray[np.int64]) -> pl.DataFrame:
        """Half of them as another one but for a word."""
        size = len(numbers)
        said = np.minimum(self.random.zipf(1.3, (size, LENGTH)) - 1, WORDS - 1)
        copies = np.flatnonzero(self.random.random(size) < 0.5)
        said[copies] = said[(self.random.random(len(copies)) * copies).astype(np.int64)]
        said[copies, self.random.integers(0, LENGTH, len(copies))] = self.random.integers(0, WORDS, len(copies))
        texts = pl.DataFrame(known_words()[said]).select(pl.concat_str(pl.all(), separator=" ")).to_series()
        return super().answers(numbers).with_columns(text=texts)


def known_words() -> npt.NDArray[np.str_]:
    """The words of all texts, the commonest first."""
    random = np.random.default_rng(0)
    letters = random.choice(list("abcdefghijklmnopqrstuvwxyz"), (WORDS, 8))
    return np.array(["".join(row[: 2 + number % 7]) for number, row in enumerate(letters)])


def fill(path: Path) -> None:
    """Write the database."""
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
    with opened(path) as connection:
        for number, (name, share) in enumerate(SHARES.items()):
            author = Author(np.random.default_rng(number), share)
            facts = ScreenFacts(
                plan=asdict(Plan(matrices="*.*", step=SIDE, operations=OPERATIONS)), background="", mode="text",
                version="benchmark", device="none", dtype="none", mutants=0, baseline_tokens=(1, 2),
                baseline_text="The fly lives.",
            )  # fmt: skip
            experiment = Experiment(name=name, title=name.title(), prompt=Prompt(text=f"{name}:", chat=False))
            writer = ScreenWriter(connection, model, experiment, facts, matrices, batch=lambda: 1)
            for batch, start in enumerate(range(0, len(matrices), TOGETHER)):
                made = [
                    author.mutants(place, (matrices[place].rows // SIDE, matrices[place].columns // SIDE))
                    for place in range(start, min(start + TOGETHER, len(matrices)))
                ]
                answers = author.answers(np.concatenate([new for _, new in made]))
                writer.write(batch, pl.concat([frame for frame, _ in made]), answers, 1.0)
            begun = time.perf_counter()
            writer.finish()
            seconds = time.perf_counter() - begun
            print(f"  {name}: {author.known:,} phenotypes, finished in {seconds:.0f} s", flush=True)


def questions() -> dict[str, tuple[Wanted, Order]]:
    """What is asked of the gallery."""
    known = known_words()
    asked = {
        f"by {sort}, {'rising' if is_rising else 'falling'}": (Wanted(), Order(sort=sort, is_rising=is_rising))
        for sort in SORTS
        for is_rising in (False, True)
    }
    poems = Wanted(styles=("poem",))
    narrow = Wanted(
        cosine=Span(0.2, 0.6), kinds=("down",), layers=tuple(range(8)), operations=("max",), least_mutants=2
    )
    return asked | {
        "poems": (poems, Order()),
        "poems, by perplexity": (poems, Order(sort="perplexity")),
        "many filters": (narrow, Order(sort="perplexity")),
        "a rare word": (Wanted(words=str(known[20_003])), Order()),
        "a common word": (Wanted(words=str(known[3])), Order()),
        "three words": (Wanted(words=" ".join(known[[4, 40, 400]])), Order(sort="cosine")),
        "two letters": (Wanted(words="ab"), Order()),
        "a word no text has": (Wanted(words="zzzzzzzzz"), Order()),
        "grouped": (Wanted(), Order(is_grouped=True)),
        "grouped, by cosine": (Wanted(), Order(sort="cosine", is_rising=True, is_grouped=True)),
        "poems, grouped": (poems, Order(is_grouped=True)),
    }


def look(path: Path) -> dict[str, list[float]]:
    """Milliseconds of every question, the first time included."""
    atlas = Atlas(Library(bundled=path.parent / "none", own=path))
    times: dict[str, list[float]] = {}
    for _ in range(REPEATS):
        for name, (wanted, order) in questions().items():
            begun = time.perf_counter()
            atlas.phenotypes.page("own", wanted, order)
            times.setdefault(name, []).append(1000 * (time.perf_counter() - begun))
        begun = time.perf_counter()
        atlas.phenotypes.surprise("own", Wanted(), 7)
        times.setdefault("surprise", []).append(1000 * (time.perf_counter() - begun))
    return times


def plain(path: Path) -> float:
    """Milliseconds of the plain procedure."""
    times = []
    for _ in range(REPEATS):
        with duckdb.connect(str(path), read_only=True) as connection:
            begun = time.perf_counter()
            connection.execute(PLAIN).fetchall()
            times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def main() -> None:
    """Print medians and worst of every question beside the limit; exit 1 if one is missed."""
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(sys.argv[1] if len(sys.argv) > 1 else temporary) / "gallery.duckdb"
        if not path.exists():
            fill(path)
        with opened(path, read_only=True) as connection:
            ((texts,),) = connection.execute("SELECT count(*) FROM phenotypes").fetchall()
            ((mutants,),) = connection.execute("SELECT count(*) FROM mutants").fetchall()
        assert texts >= TEXTS, texts
        print(f"  {texts:,} phenotypes of {mutants:,} mutants, {path.stat().st_size / 2**20:,.0f} MB")
        times = look(path)
        for name, each in times.items():
            print(f"  {name:<22} median {statistics.median(each):4.0f} ms, worst {max(each):4.0f} ms")
        before = plain(path)
    first = statistics.median(times["by mutants, falling"])
    print(f"  the plain procedure: {before:,.0f} ms, {before / first:.0f} times as long as the first page")
    report([Figure(f"first page, {name}", statistics.median(each), LIMIT_MS, "ms") for name, each in times.items()])


if __name__ == "__main__":
    main()
