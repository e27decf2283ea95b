"""What a step of a programme shows once it was rehearsed. Imports no torch: the page draws it."""

from __future__ import annotations

from dataclasses import dataclass

from explorer.atlas.atlas import Behind
from explorer.atlas.pictures.asked import Picture
from explorer.domain.effects import Dose
from explorer.domain.programme import Step
from explorer.domain.recording import Recording
from explorer.domain.screens import StoredScreen


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A dose–response curve with what the mutant says at each value."""

    site: str
    present: float | None
    """What the site holds now, or the mean of it; None of an operation's own number."""
    unit: str
    """Of the values."""
    doses: tuple[Dose, ...]
    recordings: tuple[Recording, ...]
    """Of each dose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The map of a matrix with what the mutants behind its cells say."""

    screen: StoredScreen
    matrix: str
    picture: Picture
    behind: dict[str, Behind]
    """By cell, as `x,y`; of the first `rehearsal.MOST_CELLS` non-silent ones alone."""
    loud: list[str]
    """All cells in which a mutant is non-silent, in the same form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """A step with all that it shows."""

    step: Step
    recording: Recording
    curves: tuple[Curve, ...] = ()
    maps: tuple[Mapped, ...] = ()
