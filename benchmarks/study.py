"""An import of the study's size: `python -m benchmarks.study`.

Made-up logs and code files of Llama2-7b with as many non-silent mutations (1.7 million) and texts (253,349) as the
study's Drosophila has, imported by the command as a user would, in a process of its own: seconds and peak of memory.
The plain procedure, a text after the other in one process, is timed on a part of the same texts.
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, report
from explorer.generation.style import style_of
from explorer.generation.texts import cosine_similarity, repetition, words
from explorer.store.study.shape import SHAPES

NSMS, TEXTS = 1_710_147, 253_349
SECONDS, GIGABYTES = 60.0, 1.5
PLAIN = 3_000
"""Texts of the plain procedure."""
_TEXT = (
    "the life cycle of a fly begins with an egg that is laid on ripe fruit and hatches after a day into a larva which "
    "eats and grows through three stages before it forms a pupa from which in four or five days the adult comes out to "
    "find a mate and begin again . , \n Drosophila melanogaster genes wing eye development model organism"
)


def made_text(dice: random.Random) -> str:
    """About as long as 150 tokens."""
    said = " ".join(dice.choices(_TEXT.split(" "), k=dice.randrange(80, 120)))
    return f"<s> The life cycle of Drosophila: {said.replace('fruit', 'fruit ord(8217)')}"


def write_files(folder: Path) -> list[str]:
    """A log, a code file and a finished mark for every matrix; some of the texts."""
    dice, shape, step = random.Random(0), SHAPES["llama2-7b"], 64
    matrices = [shape.matrix(place, step) for place in range(7 * shape.layers)]
    sizes = [(-(-each.rows // step), -(-each.columns // step)) for each in matrices]
    total = sum(down * across for down, across in sizes)
    standard = made_text(dice)
    kept: list[str] = []
    nsms, texts = NSMS, TEXTS
    for number, (each, (downs, acrosses)) in enumerate(zip(matrices, sizes, strict=True)):
        block = "self_attn" if each.kind in "qkvo" else "mlp"
        name = f"model.layers.{each.layer}.{block}.{each.kind}_proj.weight"
        is_last = number == len(matrices) - 1
        loud = nsms if is_last else min(round(NSMS * downs * acrosses / total), 3 * downs * acrosses)
        codes = texts if is_last else round(TEXTS * downs * acrosses / total)
        nsms, texts = nsms - loud, texts - codes
        chosen = sorted(dice.sample(range(3 * downs * acrosses), loud))
        lines = []
        for place, mutant in enumerate(chosen):
            unit, operation = divmod(mutant, 3)
            across, down = divmod(unit, downs)
            code = place if place < codes else dice.randrange(codes)
            lines.append(f"{('zero', 'max', 'min')[operation]} {name}:{down * step},{across * step}:{code}")
        (folder / f"llama2-7b_Drosophila_{name}_log_110724.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / f"llama2-7b_Drosophila_{name}_finished_110724.txt").write_text(
            f"{(downs - 1) * step},{(acrosses - 1) * step}", encoding="utf-8"
        )
        with (folder / f"llama2-7b_Drosophila_{name}_code_110724.txt").open("w", encoding="utf-8") as file:
            file.write(f"seed:0 step: {step}\nstandard output:\n{standard}\n%%%%%%\n")
            for code in range(codes):
                text = made_text(dice)
                kept += [text] if len(kept) < PLAIN else []
                file.write(f"{name}:{code}\n{text}\n%%%%%%\n")
    return kept


def main() -> None:
    """Print the figures with their limits; exit 1 if one is missed."""
    with tempfile.TemporaryDirectory() as folder:
        files, database = Path(folder) / "files", Path(folder) / "x.duckdb"
        files.mkdir()
        texts = write_files(files)
        size = sum(path.stat().st_size for path in files.iterdir()) / 2**20
        begun = time.perf_counter()
        for text in texts:
            said: dict[str, int] = {}
            repetition([said.setdefault(word, len(said)) for word in words(text)])
            cosine_similarity(texts[0], text)
            style_of(text)
        plain = (time.perf_counter() - begun) / len(texts) * TEXTS
        command = [sys.executable, "-m", "explorer", "import-study", str(files), "--db", str(database)]
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
        seconds = time.perf_counter() - begun
        print(f"{size:.0f} MB of files, {seconds:.1f} s; the texts one by one would take {plain:.0f} s alone")
        print(done.stdout.splitlines()[0])
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        report(
            [
                Figure("import of 1.7 million NSMs, seconds", seconds, SECONDS, "s"),
                Figure("peak of memory of one process, GB", peak, GIGABYTES, "GB"),
            ]
        )


if __name__ == "__main__":
    main()
