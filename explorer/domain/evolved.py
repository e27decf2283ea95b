"""What comes of directed evolution: members, progress, and the honest account. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype, parse_genotype

Fate = Literal["", "raced", "overflow"]
"""Why a genotype has no numbers: it fell behind before all of them were measured, or its forward pass overflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A genotype that was measured."""

    number: int
    """From 0, in the order of their birth."""
    generation: int
    genotype: str
    """Notation."""
    origin: str
    """How it came to be: estimate, screen, finding, chance; move, unit, operation, value, add, drop, cross."""
    parents: tuple[int, ...] = ()
    """Numbers."""
    values: tuple[float, ...] = ()
    """Of each target, on the part that the search sees; empty: see `fate`."""
    fate: Fate = ""


Phase = Literal["first generation", "generations", "random rivals", "held-out prompts", "done"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an evolution is."""

    evolution: int
    """Its number in the database."""
    phase: Phase
    generation: int
    done: int
    """Genotypes measured, those of the rivals too."""
    total: int
    per_minute: float
    seconds_left: float
    best: tuple[float, ...] = ()
    """The values of the best member, target by target."""
    genotype: str = ""
    """Its notation."""
    prompt: str = ""
    """A prompt that the search sees, and what the best says to it; empty where it asks none."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """A genotype with its numbers on both parts."""

    role: Literal["winner", "front", "original", "best single mutant", "best random genotype"]
    genotype: str
    search: tuple[float, ...]
    """Of each target, on what the search has seen."""
    held_out: tuple[float, ...]
    """And on what nobody had seen; empty: its forward pass overflows there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """The winner less a rival on one target, over held-out items; in the target's unit, more is better."""

    target: str
    rival: str
    """The role."""
    mean: float
    low: float | None
    """Of the 95 % interval (BCa bootstrap over items); None where all items agree."""
    high: float | None
    p: float
    """Of the two-sided sign-flip test over items."""
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What is left of the first target, held out, without one of the winner's mutations."""

    mutation: str
    held_out: float | None
    """None: it overflows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The honest account of an evolution."""

    rated: tuple[Rated, ...]
    """The winner first."""
    margins: tuple[Margin, ...]
    shares: tuple[Share, ...]
    tried: int
    """Genotypes that the search measured."""
    random: int
    """Random ones that were measured as it did."""
    singles: int
    """Single mutants among all of them."""
    near_ties: int
    """Of the winner's held-out answers, those in which rounding may have decided a token."""
    text: str = ""
    """What the winner says to the first held-out prompt."""
    prompt: str = ""


def without_each(genotype: str) -> list[str]:
    """The notation of a genotype without each of its mutations in turn."""
    mutations = parse_genotype(genotype).mutations
    return [format_genotype(Genotype(mutations[:place] + mutations[place + 1 :])) for place in range(len(mutations))]
