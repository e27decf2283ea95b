"""What a picture is asked to show, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go
import polars as pl

from explorer.domain.errors import StatisticsError
from explorer.domain.screens import StoredScreen, unit_told, what_told
from explorer.statistics.filters import Filter
from explorer.statistics.malignant import Limits
from explorer.statistics.overview import Measure
from explorer.statistics.severity import Severity
from explorer.store.maps import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a picture is asked to show."""

    screen: StoredScreen
    chosen: Filter = field(default_factory=Filter)
    measure: Measure = "nonsilent"
    """Of the overview."""
    matrix: str = ""
    severity: Severity = field(default_factory=Severity)
    coloured: bool = False
    """Whether the severity gives the colours of the map."""
    window: Window | None = None
    axes: str = ""
    """Kind and axis whose stripes are shown, such as `v column`; empty: the most sensitive."""
    other: StoredScreen | None = None
    """The screen that is put beside."""
    limits: Limits = field(default_factory=Limits)
    """Of malignant mutants."""
    word: str = ""
    """The first word of the texts that are mapped; empty: the most frequent of the unusual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What is shown."""

    figure: go.Figure
    sentence: str
    """In plain text."""
    data: pl.DataFrame
    """The numbers that are drawn."""
    numbers: dict[str, Any] = field(default_factory=dict)
    """Those that the sentence tells."""


def meta_of(asked: Asked, view: str) -> dict[str, object]:
    """What a click on the figure brings back."""
    return {"screen": asked.screen.key, "view": view}


def p_told(value: float, times: int) -> str:
    """A permutation p value after its sign; no smaller than so many permutations can tell."""
    least = 1 / (1 + times) if times else 1.0
    return f"≤ {least:.2g}" if value <= least else f"= {value:.2g}"


def names_of(screens: Sequence[StoredScreen]) -> list[str]:
    """Screens in a few words each, and none like another."""
    has_models = len({screen.model for screen in screens}) > 1
    names = []
    for screen in screens:
        told = what_told(screen)
        parts = [
            screen.experiment,
            told or unit_told(screen.plan),
            screen.background,
            screen.model if has_models else "",
        ]
        names.append(", ".join(filter(None, parts)))
    return [
        f"{name} ({screen.key})" if names.count(name) > 1 else name for name, screen in zip(names, screens, strict=True)
    ]


def with_mutants(*screens: StoredScreen) -> None:
    """Raises StatisticsError for a screen of which only counts are known."""
    for screen in screens:
        if not screen.has_mutants:
            raise StatisticsError(
                f"Of {names_of([screen])[0]} on {screen.model} only the counts of whole matrices are known: choose a "
                "screen that keeps its mutants."
            )


def with_rest(*screens: StoredScreen) -> None:
    """Raises StatisticsError for a screen of which it is not known which other mutants are silent."""
    with_mutants(*screens)
    for screen in screens:
        if screen.is_partial:
            raise StatisticsError(
                f"{names_of([screen])[0]} on {screen.model} lists {screen.mutants:,} of its mutants alone, and the "
                "others are unknown, not silent: choose a whole screen."
            )


def other_of(asked: Asked) -> StoredScreen:
    """The screen that is put beside. Raises StatisticsError if none is chosen."""
    if asked.other is None:
        raise StatisticsError("Choose a second screen to compare with.")
    return asked.other


def count_of(counted: pl.DataFrame, nothing: str) -> int:
    """How many mutants were counted. Raises StatisticsError, with a sentence, if there are none."""
    total = int(counted["mutants"].sum())
    if not total:
        raise StatisticsError(nothing)
    return total
