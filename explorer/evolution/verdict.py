"""The honest account: winners on what nobody had seen, beside the original, the best single mutant and chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from explorer.domain.errors import EvolutionError
from explorer.domain.evolution import Evolution
from explorer.domain.evolved import Margin, Member, Rated, Share, Verdict, without_each
from explorer.domain.notation import format_mutation, parse_genotype
from explorer.evolution.search import best, front
from explorer.evolution.split import Side
from explorer.evolution.targets import mean
from explorer.statistics.paired import LEAST_ITEMS, mean_interval, sign_flip_p

FRONT = 6
"""Members of the front that are measured on what is held out, at most; the winner is the first."""

Items = tuple[tuple[float, ...], ...]
"""Of each target its items; empty: the forward pass overflows."""
Measure = Callable[[Sequence[str]], list[Items]]
Role = Literal["winner", "front", "original", "best single mutant", "best random genotype"]


def judged(
    evolution: Evolution, members: Sequence[Member], rivals: Sequence[Member], measure: Mapping[Side, Measure],
    said: Callable[[str], tuple[str, str, int]],
) -> Verdict:  # fmt: skip
    """What came of a search. Raises EvolutionError where every genotype overflows.

    `said` tells of a genotype the first held-out prompt, its answer, and how many of its answers are near ties.
    """
    ordered = ranked(evolution, members)
    if not ordered:
        raise EvolutionError("The forward pass of every genotype overflows: choose milder operations, such as *0.5.")
    roles = _roles(evolution, ordered, members, rivals)
    texts = list(dict.fromkeys(genotype for genotype, _ in roles))
    search = dict(zip(texts, measure["search"](texts), strict=True))
    held = dict(zip(texts, measure["held-out"](texts), strict=True))
    winner = ordered[0].genotype
    prompt, text, ties = said(winner) if held[winner] else ("", "", 0)
    return Verdict(
        rated=tuple(
            Rated(role=role, genotype=each, search=_means(search[each]), held_out=_means(held[each]))
            for each, role in roles
        ),
        margins=tuple(_margins(evolution, roles, held)),
        shares=tuple(_shares(winner, held[winner], measure["held-out"])),
        tried=len(members),
        random=len(rivals),
        singles=sum(_is_single(each) for each in (*members, *rivals)),
        near_ties=ties,
        prompt=prompt,
        text=text,
    )


def ranked(evolution: Evolution, members: Sequence[Member]) -> list[Member]:
    """The members that none is better than in every respect, the best by the first target first.

    Of several with the very same numbers the one of the fewest mutations, the first of those: the others add nothing.
    """
    alive = [member for member in members if member.values]
    values = [evolution.signed(member.values) for member in alive]
    best_first = sorted(front(values), key=lambda place: (values[place], -_size(alive[place])), reverse=True)
    simplest: dict[tuple[float, ...], Member] = {}
    for place in best_first:
        simplest.setdefault(values[place], alive[place])
    return list(simplest.values())


def _roles(
    evolution: Evolution, ordered: Sequence[Member], members: Sequence[Member], rivals: Sequence[Member]
) -> list[tuple[str, Role]]:
    """Genotypes with the parts that they play: the winner first."""
    roles: list[tuple[str, Role]] = [(ordered[0].genotype, "winner")]
    roles += [(each.genotype, "front") for each in ordered[1:FRONT]]
    roles.append(("", "original"))
    pools: tuple[tuple[Role, list[Member]], ...] = (
        ("best single mutant", [each for each in (*members, *rivals) if each.values and _is_single(each)]),
        ("best random genotype", [each for each in rivals if each.values]),
    )
    for role, pool in pools:
        if pool:
            roles.append((pool[best([evolution.signed(each.values) for each in pool])].genotype, role))
    return roles


def _size(member: Member) -> int:
    return len(parse_genotype(member.genotype).mutations)


def _is_single(member: Member) -> bool:
    return _size(member) == 1


def _means(items: Items) -> tuple[float, ...]:
    return tuple(mean(own) for own in items)


def _margins(evolution: Evolution, roles: Sequence[tuple[str, Role]], held: Mapping[str, Items]) -> list[Margin]:
    """The winner less each rival, target by target, where a target has items and neither overflows."""
    own = held[roles[0][0]]
    found = []
    for rival, role in roles:
        if role in ("winner", "front") or not own or not held[rival]:
            continue
        for target, mine, theirs in zip(evolution.targets, own, held[rival], strict=True):
            if target.of_kind.reads == "genotype" or len(mine) != len(theirs) or len(mine) < LEAST_ITEMS:
                continue
            sign = 1 if target.is_more else -1
            differences = sign * (np.array(mine, dtype=np.float64) - np.array(theirs, dtype=np.float64))
            interval = mean_interval(differences)
            found.append(
                Margin(
                    target=target.name, rival=role, mean=float(differences.mean()),
                    low=None if interval is None else interval.low,
                    high=None if interval is None else interval.high,
                    p=sign_flip_p(differences), items=len(mine),
                )
            )  # fmt: skip
    return found


def _shares(winner: str, own: Items, measure: Measure) -> list[Share]:
    """The winner without each of its mutations in turn."""
    mutations = parse_genotype(winner).mutations
    if not own or len(mutations) < 2:  # noqa: PLR2004
        return []
    return [
        Share(mutation=format_mutation(mutation), held_out=mean(items[0]) if items else None)
        for mutation, items in zip(mutations, measure(without_each(winner)), strict=True)
    ]
