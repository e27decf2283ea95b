"""How long a start takes, by step: `python -m benchmarks.start`.

The page from the command to its first answer and to a model that is ready, once on a machine that has nothing of it in
memory (where the operating system lets us forget its file cache, as root) and has never converted the demo model, then
again; and the commands that need no model, or a few tokens of it. Each is a process of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from benchmarks.figures import Figure, report
from tests.checkout import ROOT

FRANCE = ("--prompt", "What is the capital of France?")
COMMANDS: dict[str, tuple[tuple[str, ...], float]] = {
    "--version": (("--version",), 1),
    "--help": (("--help",), 1),
    "gallery": (("gallery",), 1),
    "stats overview": (("stats", "overview"), 1),
    "mutate, 8 tokens": (("mutate", "11.mlp*0", *FRANCE, "--max-new-tokens", "8", "--no-record"), 5),
}
"""With the seconds that each may take."""
ROUNDS = 3
_FILE_CACHE = Path("/proc/sys/vm/drop_caches")


def forget_files() -> bool:
    """Have the operating system read files from the disk again; whether it does."""
    with suppress(OSError):
        os.sync()
        _FILE_CACHE.write_text("3", encoding="ascii")
        return True
    return False


def serving_seconds(folder: str) -> tuple[float, float]:
    """From the command to a page that answers, and to a model that is ready, with converted models in a folder."""
    environment = {**os.environ, "EXPLORER_CACHE": folder, "EXPLORER_DATABASE": f"{folder}/own.duckdb"}
    command = [sys.executable, str(ROOT / "app.py"), "--port", "0", "--json"]
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT, env=environment
    ) as server:
        assert server.stdout is not None
        with urllib.request.urlopen(json.loads(server.stdout.readline())["url"]) as answer:
            answer.read()
        page = time.perf_counter() - started
        assert json.loads(server.stdout.readline())["ready"]
        ready = time.perf_counter() - started
        server.terminate()
    return page, ready


def command_seconds(arguments: tuple[str, ...]) -> float:
    """One command, from its start to its end."""
    command = [sys.executable, "-m", "explorer", *arguments]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - started


def main() -> None:
    """Print every figure with its limit; exit 1 if one is missed."""
    with tempfile.TemporaryDirectory() as folder:
        is_cold = forget_files()
        print("file cache forgotten" if is_cold else "file cache not forgotten: that needs root")
        first = serving_seconds(folder)
        again = [min(each) for each in zip(*(serving_seconds(folder) for _ in range(ROUNDS)), strict=True)]
    figures = [
        Figure("first start to a page that answers", first[0], 15, "s"),
        Figure("first start to a model, converted meanwhile", first[1], 60, "s"),
        Figure("start to a page that answers", again[0], 3, "s"),
        Figure("start to a model that is ready", again[1], 10, "s"),
    ]
    for name, (arguments, limit) in COMMANDS.items():
        figures.append(Figure(name, min(command_seconds(arguments) for _ in range(ROUNDS)), limit, "s"))
    report(figures)


if __name__ == "__main__":
    main()
