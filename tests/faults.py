"""Hand-made faults, each put into a copy of the program: does a test notice?

    python -m tests.faults [--contexts FILE] [NUMBER ...]

A fault is a change of one place: a sign, an index, an off-by-one, a dropped condition. For each, only those tests are
run that execute its line, until one fails. Which tests these are is measured before, by one run of the tests with
coverage (a file of it can be given with --contexts, to be used again).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage.numbits import numbits_to_nums

from tests.checkout import ROOT


@dataclass(frozen=True, slots=True)
class Fault:
    """A change of one place of a file below explorer/, which stands there once."""

    path: str
    right: str
    wrong: str


def read_faults() -> tuple[Fault, ...]:
    """Those of tests/faults.toml."""
    held = tomllib.loads((ROOT / "tests" / "faults.toml").read_text(encoding="utf-8"))
    return tuple(Fault(**each) for each in held["fault"])


def main() -> int:
    """Try the faults; the number of those that no test noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, help="Of the faults to be tried; all by default.")
    parser.add_argument("--contexts", type=Path, help="A coverage file of a run with --cov-context=test.")
    asked = parser.parse_args()
    faults = read_faults()
    chosen = [(number, faults[number - 1]) for number in asked.numbers or range(1, len(faults) + 1)]
    unnoticed = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        contexts = asked.contexts or _measured(copy)
        for number, fault in chosen:
            noticed = _tried(copy, fault, contexts)
            unnoticed += noticed is None
            told = f"{number:2} {fault.path}: {fault.right} -> {fault.wrong}\n     noticed by {noticed or 'NO TEST'}"
            sys.stdout.write(f"{told}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen) - unnoticed} of {len(chosen)} faults are noticed\n")
    return unnoticed


def _copied(folder: Path) -> Path:
    """The checkout, less what is not part of the program."""
    left = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "build", "dist", "screenshots", "*.pyi")
    return Path(shutil.copytree(ROOT, folder / "copy", ignore=left))


def _measured(copy: Path) -> Path:
    """Which test executes which line: the coverage file of a run of all tests that need no browser."""
    options = ["--cov=explorer", "--cov-branch", "--cov-context=test", "--cov-report="]
    _pytest(copy, ["-n", "2", *options, "--ignore", "tests/browser"])
    return copy / ".coverage"


def _tried(copy: Path, fault: Fault, contexts: Path) -> str | None:
    """The test that notices a fault; None if none does."""
    path = copy / "explorer" / fault.path
    text = path.read_text(encoding="utf-8")
    assert text.count(fault.right) == 1, f"{fault.path}: '{fault.right}' stands there {text.count(fault.right)} times"
    line = text[: text.index(fault.right)].count("\n") + 1
    tests = sorted(_touching(contexts, fault.path, line), key=lambda test: _distance(test, fault.path))
    try:
        path.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")
        return _pytest(copy, ["-x", *(tests or _mirrored(copy, fault.path))])
    finally:
        path.write_text(text, encoding="utf-8")


def _distance(test: str, path: str) -> tuple[bool, bool, str]:
    """The tests of the fault's own room come first, and those of the browser last."""
    return not test.startswith(f"tests/{Path(path).parts[0]}/"), test.startswith("tests/browser/"), test


def _touching(contexts: Path, path: str, line: int) -> Iterator[str]:
    """The tests that execute a line, by their ids; of one that is run at import alone, none."""
    query = """
        SELECT c.context, l.numbits
        FROM line_bits l JOIN context c ON c.id = l.context_id JOIN file f ON f.id = l.file_id WHERE f.path LIKE ?
        UNION ALL
        SELECT c.context, NULL FROM arc a JOIN context c ON c.id = a.context_id JOIN file f ON f.id = a.file_id
        WHERE f.path LIKE ? AND (abs(a.fromno) = ? OR a.tono = ?)
    """
    pattern = f"%/explorer/{path}"
    with sqlite3.connect(contexts) as connection:
        rows = connection.execute(query, [pattern, pattern, line, line]).fetchall()
    found = {context for context, bits in rows if bits is None or line in numbits_to_nums(bits)}
    yield from {context.partition("|")[0] for context in found if "::" in context}


def _mirrored(copy: Path, path: str) -> list[str]:
    """The tests of the file's own room."""
    room = Path("tests") / Path(path).parts[0]
    return [str(room)] if (copy / room).is_dir() else ["tests"]


def _pytest(copy: Path, arguments: Sequence[str]) -> str | None:
    """The first test that fails; None if all pass."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=no", "--timeout=300", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(copy)}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return failed[0].partition(" - ")[0] if failed else None


if __name__ == "__main__":
    sys.exit(main())
