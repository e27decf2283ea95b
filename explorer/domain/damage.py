"""What operations on single matrices cost, and the advice that follows within a budget of bits. Plain arithmetic.

The rule is greedy: every matrix begins with the fewest bits that were measured, and the bits that take away most damage
for what they weigh are bought first, one matrix at a time, until the budget is used up. It takes the damages of single
matrices to add up, which they do only about: so an advice is run as a whole before it is believed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.domain.errors import StatisticsError
from explorer.domain.genotype import ROUND_GROUP, Genotype, Mutation, Operation, Site
from explorer.domain.screened import ordered
from explorer.domain.weights import Overview

SCALE_BITS = 16
"""Of the scale that each group of rounded weights is stored with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What an operation on one matrix, or another site, costs."""

    site: Site
    weights: int
    operation: str
    """Its name, as `domain.screened` has it."""
    mean_kl: float | None
    """KL(original ‖ mutant) over the tokens of the texts, in nats; None: the forward pass overflows."""
    added_nll: float
    """What it adds to the negative log-likelihood of the texts, in nats a token; infinite if it overflows."""
    right: int | None = None
    """Questions that it answers right; None where none were asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageTable:
    """The damages of a model's matrices."""

    model: str
    tokens: int
    """Of the texts, that were predicted."""
    nll: float
    """Of the texts under the original, in nats a token."""
    others: int
    """Weights that are in none of the matrices: embeddings, norms."""
    rows: tuple[Damage, ...]
    questions: int = 0
    right: int = 0
    """Of the questions, that the original answers right."""

    @property
    def operations(self) -> list[str]:
        """Their names, in the order in which they are shown."""
        return ordered(row.operation for row in self.rows)

    def overview(self, operation: str, layers: int) -> Overview:
        """Mean KL by kind and layer, NaN where there is none; what overflows is infinite."""
        rows = [row for row in self.rows if row.operation == operation]
        kinds = tuple(dict.fromkeys(row.site.part for row in rows))
        values = np.full((len(kinds), layers), np.nan, dtype=np.float32)
        for row in rows:
            values[kinds.index(row.site.part), row.site.layer] = np.inf if row.mean_kl is None else row.mean_kl
        return Overview(kinds=kinds, values=values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """How many bits each matrix keeps."""

    bits: Mapping[Site, int]
    average: float
    """Bits a weight, of the weights of these matrices."""
    megabytes: float
    """Of the whole model: rounded weights with the scales of their groups, all others in 16 bits."""
    expected_kl: float
    """The sum of the single damages: what the whole is expected to be, roughly."""

    @property
    def genotype(self) -> Genotype:
        """All matrices rounded as it says."""
        return rounded(self.bits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A genotype run as a whole on texts that its choice has not looked at."""

    advice: Advice
    perplexity: float
    """Of these texts; infinite if it overflows."""
    losses: tuple[float, ...]
    """Negative log-likelihood of each of them, in nats a token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An advice beside uniform bits of about the same budget, and the original, on the same texts."""

    original: float
    """Perplexity."""
    advised: Tried
    uniform: Tried

    @property
    def gain(self) -> float:
        """By how much the advice's loss is less than the uniform one's, in nats a token, mean over the texts."""
        return float(np.mean(self._gains))

    @property
    def gain_interval(self) -> tuple[float, float]:
        """Its 95 % interval, over texts drawn anew."""
        return interval(self._gains)

    @property
    def _gains(self) -> list[float]:
        pairs = zip(self.uniform.losses, self.advised.losses, strict=True)
        return [other - own for other, own in pairs]


def rounded(bits: Mapping[Site, int]) -> Genotype:
    """Sites rounded to so many bits each."""
    return Genotype(tuple(Mutation(site, Operation(kind="round", value=count)) for site, count in bits.items()))


def megabytes(bits: Mapping[Site, int], weights: Mapping[Site, int], others: int) -> float:
    """What a model takes whose matrices are rounded so, in 10^6 bytes."""
    held = sum(weights[site] * (count + SCALE_BITS / ROUND_GROUP) for site, count in bits.items())
    return (held + others * SCALE_BITS) / 8e6


def bits_within(table: DamageTable, budget: float) -> float:
    """Bits a weight, on average, with which a model takes so many megabytes."""
    weights = sum(_weights(table).values())
    return (budget * 8e6 - table.others * SCALE_BITS) / weights - SCALE_BITS / ROUND_GROUP


def advise(table: DamageTable, average: float) -> Advice:
    """The bits of each matrix, of so many a weight on average at most. Raises StatisticsError if these are too few.

    Among the bits of the rounding operations that the table has.
    """
    if not math.isfinite(average):
        raise StatisticsError("The budget is no number: ask for some bits a weight, such as 4.0.")
    costs = _costs(table)
    weights = _weights(table)
    offered = sorted({bits for of_site in costs.values() for bits in of_site})
    if len(offered) < 2:  # noqa: PLR2004
        raise StatisticsError(
            "An advice chooses among bits: measure the damage of two at least, such as round3,round4."
        )
    total = sum(weights.values())
    bits = {site: min(of_site) for site, of_site in costs.items()}
    left = average * total - sum(bits[site] * weights[site] for site in bits)
    if left < 0:
        raise StatisticsError(
            f"{average:.2f} bits a weight are fewer than the fewest that were measured, {offered[0]}: ask for more, or "
            "measure fewer."
        )
    while (step := _best(bits, costs, weights, left)) is not None:
        site, count = step
        left -= (count - bits[site]) * weights[site]
        bits[site] = count
    held = sum(bits[site] * weights[site] for site in bits)
    return Advice(
        bits=bits,
        average=held / total,
        megabytes=megabytes(bits, weights, table.others),
        expected_kl=sum(costs[site][bits[site]] for site in bits),
    )


def uniform(table: DamageTable, count: int) -> Advice:
    """Every matrix in so many bits."""
    costs, weights = _costs(table), _weights(table)
    bits = dict.fromkeys(costs, count)
    return Advice(
        bits=bits,
        average=float(count),
        megabytes=megabytes(bits, weights, table.others),
        expected_kl=sum(costs[site].get(count, float("nan")) for site in bits),
    )


def _best(
    bits: Mapping[Site, int], costs: Mapping[Site, Mapping[int, float]], weights: Mapping[Site, int], left: float
) -> tuple[Site, int] | None:
    """The purchase that takes away most damage for its bits, of those that are left; None if none does any good."""
    best: tuple[float, Site, int] | None = None
    for site, now in bits.items():
        for count, cost in costs[site].items():
            price = (count - now) * weights[site]
            gain = costs[site][now] - cost
            if 0 < price <= left and gain > 0 and (best is None or gain / price > best[0]):
                best = gain / price, site, count
    return None if best is None else best[1:]


def _costs(table: DamageTable) -> dict[Site, dict[int, float]]:
    """KL of each site by its bits; what overflows costs more than anything."""
    found: dict[Site, dict[int, float]] = {}
    for row in table.rows:
        name = row.operation.removeprefix("=round(").removesuffix(")")
        if row.operation.startswith("=round(") and name.isdigit():
            found.setdefault(row.site, {})[int(name)] = 1e6 if row.mean_kl is None else row.mean_kl
    return found


def _weights(table: DamageTable) -> dict[Site, int]:
    return {row.site: row.weights for row in table.rows}


def interval(differences: Sequence[float], times: int = 9999, seed: int = 0) -> tuple[float, float]:
    """The middle 95 % of the means of texts drawn anew from some, with replacement (percentile bootstrap)."""
    values = np.asarray(differences, dtype=np.float64)
    drawn = np.random.default_rng(seed).choice(values, size=(times, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def kinds_worst(rows: Iterable[Damage]) -> list[tuple[str, float]]:
    """Mean KL by kind, the worst first, of rows of one operation; what overflows counts as infinite."""
    by_kind: dict[str, list[float]] = {}
    for row in rows:
        by_kind.setdefault(row.site.part, []).append(float("inf") if row.mean_kl is None else row.mean_kl)
    means = {kind: sum(values) / len(values) for kind, values in by_kind.items()}
    return sorted(means.items(), key=lambda item: -item[1])
