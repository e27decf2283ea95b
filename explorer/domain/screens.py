"""Screens as a database holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import QuestionForm, ScoredBy
from explorer.domain.screened import told


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """What is known of a task without its questions' texts."""

    set: str
    """The name of the questions' set."""
    title: str
    form: QuestionForm
    shots: int
    by: ScoredBy
    right: tuple[str, ...]
    """Names of the questions that the standard gets right."""
    wrong: tuple[str, ...]

    @property
    def asked(self) -> int:
        """Questions in all."""
        return len(self.right) + len(self.wrong)


Shelf = Literal["bundled", "own"]
"""Which database a screen is in: that of the project, or the user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScreen:
    """One screen of a database."""

    shelf: Shelf
    screen: int
    model: str
    layers: int
    """Of the model."""
    experiment: str
    title: str
    prompt: Prompt
    decoding: Decoding
    plan: dict[str, Any]
    background: str
    mode: str
    mutants: int
    """Planned, controls included; as the next."""
    done: int
    baseline: str
    """The standard output."""
    task: StoredTask | None = None
    """The questions that it asks."""
    is_partial: bool = False
    """Whether it lists some of its mutants only: what it does not list is unknown, not silent."""

    @property
    def has_mutants(self) -> bool:
        """Whether it keeps mutants; else the counts of whole matrices alone."""
        return self.mode != "counts"

    @property
    def key(self) -> str:
        """What names it on the page and in links, such as `own:3`."""
        return f"{self.shelf}:{self.screen}"


def what_told(screen: StoredScreen) -> str:
    """What is known of a screen that was not run here to its end, in a word or two; "" of one that was."""
    if not screen.has_mutants:
        return "counts alone"
    measure = {"score": "scores", "cosine": "cosines"}.get(screen.mode, "texts")
    return f"{measure} of some mutants" if screen.is_partial else measure if screen.mode in ("score", "cosine") else ""


def unit_told(plan: Mapping[str, Any]) -> str:
    """What one mutant of a plan changes, in a word or two."""
    names = {"kvhead": "KV head"}
    return f"step {plan['step']}" if plan["unit"] == "block" else f"each {names.get(plan['unit'], plan['unit'])}"


def operations_told(plan: Mapping[str, Any]) -> str:
    """What is done to each unit of a plan, in a row."""
    return ", ".join(map(told, plan["operations"]))


def matrices_told(count: int) -> str:
    """So many matrices, in words."""
    return "1 matrix" if count == 1 else f"{count:,} matrices"
