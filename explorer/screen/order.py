"""What is ordered of a screen and how far it is: plain values, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.domain.experiments import Experiment
from explorer.screen.plan import Plan

Mode = Literal["divergence", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a screen is."""

    screen: int
    done: int
    """Mutants, those of an earlier start included."""
    total: int
    per_second: float
    """Mutants of this start."""
    seconds_left: float
    nonsilent: int
    """Of this start, controls left out; as the next."""
    near_ties: int
    failed_controls: int
    """Controls that were not silent: errors of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A screen that somebody asks for."""

    source: str
    """The model's name, as the workspace knows it."""
    experiment: Experiment
    plan: Plan
    background: str
    """Notation; "" for none."""
    mode: Mode
