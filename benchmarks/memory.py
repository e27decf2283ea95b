"""Memory and speed of screens over 100,000 mutants: `python -m benchmarks.memory`.

A random two-layer model, each of its weights set to max, min and zero under three seeds, with whole texts into one
database. Neither memory nor the time of a mutant may grow from the first part to the last.
"""

import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.figures import Figure, report
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.experiments import Experiment
from explorer.screen.job import Job
from explorer.screen.plan import Plan
from explorer.screen.run import Screen
from explorer.store.database import opened
from tests.tiny import tiny_model

LEAST = 100_000
PLAN = Plan(matrices="*.*", unit="weight", operations=("max", "min", "zero"))


def main() -> None:
    """Print the figures with their limits; exit 1 if one is missed."""
    model, process = tiny_model("llama"), psutil.Process()
    done, memory, seconds = 0, [], []
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "memory.duckdb") as connection:
        for seed in range(3):
            decoding = Decoding(max_new_tokens=12, temperature=0.7, seed=seed)
            experiment = Experiment(
                name=f"seed{seed}", title="Seed", prompt=Prompt(text="w5 w6 w7", chat=False), decoding=decoding
            )
            screen = Screen(Job(model=model, experiment=experiment, plan=PLAN, mode="text"))
            before, begun = 0, time.perf_counter()
            for progress in screen.run(connection):
                done += progress.done - before
                seconds.append((time.perf_counter() - begun) / (progress.done - before))
                memory.append(process.memory_info().rss / 2**20)
                before, begun = progress.done, time.perf_counter()
    tenth = len(memory) // 10
    first, last = (sorted(part)[len(part) // 2] for part in (seconds[tenth : 2 * tenth], seconds[-tenth:]))
    print(f"{done:,} mutants, {1000 * first:.2f} ms each at first, {1000 * last:.2f} ms at last")
    print(f"memory: {memory[tenth]:.0f} MB after a tenth, {max(memory):.0f} MB at most, {memory[-1]:.0f} MB at the end")
    report(
        [
            Figure(f"mutants missing to {LEAST:,}", max(0, LEAST - done), 0, " "),
            Figure("memory at the end to that after a tenth", memory[-1] / memory[tenth], 1.2, "×"),
            Figure("time of a mutant at last to that at first", last / first, 1.3, "×"),
        ]
    )


if __name__ == "__main__":
    main()
