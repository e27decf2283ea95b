"""The quick loop: the tests of rooms that need no model, and those of every file that was changed.

`python -m tests.quick`; a file of explorer/ROOM/ is tested by tests/ROOM/test_FILE*.py.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT

WITHOUT_MODELS = ("atlas", "domain", "figures", "files", "reports", "statistics", "store")
"""Rooms whose tests take seconds."""


def changed() -> list[Path]:
    """The files that are not as they were committed last, or not committed at all."""
    said = ["git", "status", "--porcelain", "--untracked-files=all", "--no-renames"]
    lines = subprocess.run(said, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [Path(line[3:]) for line in lines if not line.startswith((" D", "D "))]


def touched(path: Path) -> list[Path]:
    """The test files that a changed file has; never those that need the browser."""
    if path.suffix != ".py" or "browser" in path.parts:
        return []
    if path.parts[0] == "tests":
        return [path] if path.name.startswith("test_") else []
    if path.parts[0] != "explorer":
        return []
    folder = ROOT / "tests" / Path(*path.parent.parts[1:])
    return [found.relative_to(ROOT) for found in sorted(folder.glob(f"test_{path.stem}*.py"))]


def chosen() -> list[str]:
    """What pytest is given: whole rooms, then files of others."""
    rooms = [f"tests/{room}" for room in WITHOUT_MODELS]
    files = {found for path in changed() for found in touched(path)}
    return rooms + sorted(str(found) for found in files if found.parts[1] not in WITHOUT_MODELS)


if __name__ == "__main__":
    sys.exit(pytest.main([*sys.argv[1:], *chosen()]))
