"""What a visitor sends to the handlers, and what he reads in their outputs."""

from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Any

import anyio

from explorer.domain.notation import format_genotype
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import RAW
from explorer.workspace.workspace import Workspace

ADA: Any = SimpleNamespace(session_hash="ada")
ASKED = ("w5 w6 w7", RAW, 8, 0.0, 1.0, 0)
WANTED = None
"""The run that the visitor waits for, whichever it is."""
AT_START = ("weight", 1, "down", None, 0, 3, 4, 5, 6)
"""What the selectors show at the fixture `start`."""


def event(**data: Any) -> Any:
    """An event of the page with its data."""
    return SimpleNamespace(**data)


def genotype_of(workspace: Workspace, outputs: list[Any]) -> str:
    """The genotype that a handler has set."""
    exploration: Exploration = outputs[0]
    return format_genotype(exploration.genotype(workspace.models.get().anatomy))


def last(updates: Iterator[list[Any]]) -> list[Any]:
    """The last outputs of a handler that streams."""
    *_, outputs = updates
    return outputs


def last_of(updates: AsyncIterator[list[Any]]) -> list[Any]:
    """The last outputs of a handler that streams and waits."""

    async def read() -> list[Any]:
        return [outputs async for outputs in updates][-1]

    return anyio.run(read)
