"""What a picture is asked to show, and what it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go
import polars as pl

from explorer.domain.errors import StatisticsError
from explorer.domain.screens import StoredScreen, unit_told
from explorer.statistics.filters import Filter
from explorer.statistics.severity import Severity
from explorer.store.maps import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a picture is asked to show."""

    screen: StoredScreen
    chosen: Filter = field(default_factory=Filter)
    measure: str = "nonsilent"
    """Of the overview, see `statistics.overview.MEASURES`."""
    matrix: str = ""
    severity: Severity = field(default_factory=Severity)
    coloured: bool = False
    """Whether the severity gives the colours of the map."""
    window: Window | None = None
    axes: str = ""
    """Kind and axis whose stripes are shown, such as `v column`; empty: the most sensitive."""
    other: StoredScreen | None = None
    """The screen that is put beside."""


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
        parts = [screen.experiment, unit_told(screen.plan), screen.background, screen.model if has_models else ""]
        names.append(", ".join(filter(None, parts)))
    return [
        f"{name} ({screen.key})" if names.count(name) > 1 else name for name, screen in zip(names, screens, strict=True)
    ]


def other_of(asked: Asked) -> StoredScreen:
    """The screen that is put beside. Raises StatisticsError if none is chosen."""
    if asked.other is None:
        raise StatisticsError("Choose a second screen to compare with.")
    return asked.other


def count_of(counted: pl.DataFrame) -> int:
    """How many mutants were counted. Raises StatisticsError if there are none."""
    total = int(counted["mutants"].sum())
    if not total:
        raise StatisticsError("This screen kept no texts that the filters leave: clear them, or choose another screen.")
    return total
