"""The search itself: who has offspring, who survives. Selection is NSGA-II's (Deb and others 2002), as DEAP has it.

Knows neither models nor databases: genotypes are texts, their values numbers of which more is better.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from deap import base, tools

from explorer.evolution.places import Places, Random

CROSSED, IMMIGRANTS = 0.35, 0.1
"""Shares of the offspring: of two parents; drawn by chance."""
VARIED = 0.5
"""Share of the crossed that are varied besides."""
ENTRANTS = 3
"""Of a tournament."""
TRIES = 20
"""Attempts to make one that is new."""

Values = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Child:
    """A genotype that is to be measured."""

    genotype: str
    origin: str
    parents: tuple[int, ...]
    """Places among those that it was made from."""


class _Ranked(list[int]):
    """The place of a genotype, as DEAP takes it."""

    def __init__(self, place: int, fitness: Any) -> None:
        super().__init__([place])
        self.fitness = fitness


def generator(seed: int, *stream: int) -> Random:
    """The generator of one generation, or of anything else that is numbered."""
    return np.random.default_rng([seed, *stream])


def survivors(values: Sequence[Values], count: int) -> list[int]:
    """The places of so many, the first fronts first, of the last one those that lie least crowded."""
    ranked = _ranked(values)
    chosen = tools.selNSGA2(ranked, min(count, len(ranked)))
    return sorted(each[0] for each in chosen)


def front(values: Sequence[Values]) -> list[int]:
    """The places of those that none is better than in every respect."""
    if not values:
        return []
    highest = max(values)
    if len(highest) == 1:  # which DEAP's fast way does not take
        return [place for place, value in enumerate(values) if value == highest]
    first = tools.sortLogNondominated(_ranked(values), len(values), first_front_only=True)
    return sorted(each[0] for each in first)


def best(values: Sequence[Values]) -> int:
    """The place of the one that is best by the first target, by the next where they tie, and so on; the first such."""
    return max(range(len(values)), key=lambda place: (values[place], -place))


def offspring(
    genotypes: Sequence[str], values: Sequence[Values], places: Places, known: Collection[str], count: int,
    random: Random,
) -> list[Child]:  # fmt: skip
    """So many genotypes that are not known yet, of parents that won a tournament each."""
    tournament = _tournament(values, random)
    taken, children = set(known), list[Child]()
    while len(children) < count:
        child = _child(genotypes, places, tournament, random)
        for _ in range(TRIES):
            if child.genotype not in taken:
                break
            child = _child(genotypes, places, tournament, random)
        else:
            child = Child(places.random_genotype(random), "chance", ())
            if child.genotype in taken:
                break  # there is hardly anything new to be found
        taken.add(child.genotype)
        children.append(child)
    return children


def _child(genotypes: Sequence[str], places: Places, tournament: Callable[[], int], random: Random) -> Child:
    way = random.random()
    if way < IMMIGRANTS:
        return Child(places.random_genotype(random), "chance", ())
    first = tournament()
    if way < IMMIGRANTS + CROSSED:
        second = tournament()
        if second != first:
            text = places.cross(genotypes[first], genotypes[second], random)
            if random.random() < VARIED:
                text, _ = places.vary(text, random)
            return Child(text, "cross", (first, second))
    text, origin = places.vary(genotypes[first], random)
    return Child(text, origin, (first,) if origin != "chance" else ())


def _tournament(values: Sequence[Values], random: Random) -> Callable[[], int]:
    """Draws some and tells which is of the best front, or lies least crowded in the same."""
    ranked = _ranked(values)
    order: dict[int, tuple[int, float]] = {}
    for number, members in enumerate(tools.sortNondominated(ranked, len(ranked))):
        tools.emo.assignCrowdingDist(members)
        order |= {each[0]: (number, -each.fitness.crowding_dist) for each in members}

    def draw() -> int:
        entrants = [int(random.integers(len(values))) for _ in range(ENTRANTS)]
        return min(entrants, key=lambda place: (order[place], place))

    return draw


def _ranked(values: Sequence[Values]) -> list[_Ranked]:
    count = len(values[0]) if values else 0
    kind = type("Fitness", (base.Fitness,), {"weights": (1.0,) * count})
    return [_Ranked(place, kind(own)) for place, own in enumerate(values)]
