"""How much memory this machine, or the container that this runs in, has free; and how much a model takes. No torch."""

from pathlib import Path

import psutil

_ROOM = 1.1
"""What weights and all that is computed beside them take, as a multiple of the weights …"""
_WORK = 256 * 2**20
"""… and in bytes besides."""

_GROUPS = (
    (Path("/sys/fs/cgroup"), "memory.max", "memory.current"),
    (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.usage_in_bytes"),
)
"""Where a container says how much it may have, and how much it has."""


def needed(size: int) -> int:
    """The bytes of memory that a model takes which has so many of weights."""
    return int(size * _ROOM) + _WORK


def free_memory() -> int:
    """Bytes that may still be taken."""
    free = int(psutil.virtual_memory().available)
    for folder, most, present in _GROUPS:
        try:
            facts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            room = int((folder / most).read_text()) - int((folder / present).read_text())
        except (OSError, ValueError):  # no such limit
            continue
        free = min(free, room + int(facts.get("inactive_file", "0")))
    return free
