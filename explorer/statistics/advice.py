"""How many bits each matrix should keep within a budget: advice from a table of damages. Plain arithmetic.

The rule is greedy: every matrix begins with the fewest bits that were measured, and the bits that take away most damage
for what they weigh are bought first, one matrix at a time, until the budget is used up. It takes the damages of single
matrices to add up, which they do only about: so an advice is run as a whole before it is believed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explorer.domain.damage import DamageTable
from explorer.domain.errors import StatisticsError
from explorer.domain.genotype import ROUND_GROUP, Genotype, Mutation, Operation, Site
from explorer.domain.screened import operation_of
from explorer.statistics.paired import Interval, mean_interval

ROUNDINGS = ("=round(2)", "=round(3)", "=round(4)", "=round(5)", "=round(6)")
"""What is measured for an advice, where there is no table yet; names as `domain.screened` has them."""
SCALE_BITS = 16
"""Of the scale that each group of rounded weights is stored with."""
_OVERFLOW = 1e6
"""KL of what overflows: more than anything costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """How many bits each matrix keeps."""

    bits: Mapping[Site, int]
    average: float
    """Bits a weight, of the weights of these matrices."""
    megabytes: float
    """Of the whole model: rounded weights with the scales of their groups, all others in 16 bits."""
    expected_kl: float
    """The sum of the single damages: what the whole is expected to be, roughly; NaN if one was not measured."""

    @property
    def genotype(self) -> Genotype:
        """All matrices rounded as it says."""
        return Genotype(tuple(Mutation(site, Operation(kind="round", value=bits)) for site, bits in self.bits.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """An advice run as a whole on texts that its choice has not looked at."""

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
    def gain_interval(self) -> Interval:
        """Its 95 % interval, over texts drawn anew."""
        return interval(self._gains)

    @property
    def _gains(self) -> list[float]:
        pairs = zip(self.uniform.losses, self.advised.losses, strict=True)
        return [other - own for other, own in pairs]


def interval(differences: Sequence[float]) -> Interval:
    """Of the mean, see `paired.mean_interval`; the mean itself where drawing anew tells nothing."""
    values = np.asarray(differences, dtype=np.float64)
    found = mean_interval(values) if np.isfinite(values).all() else None
    mean = float(values.mean())
    return found or Interval(mean, mean)


def roundings_of(table: DamageTable) -> list[int]:
    """The bits among which an advice chooses, as the table has them."""
    return sorted({bits for of_site in _costs(table).values() for bits in of_site})


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
    offered = roundings_of(table)
    if len(offered) < 2:  # noqa: PLR2004
        raise StatisticsError(
            "An advice chooses among bits: measure the damage of two at least, such as round3,round4."
        )
    costs, weights = _costs(table), _weights(table)
    bits = {site: min(of_site) for site, of_site in costs.items()}
    left = average * sum(weights.values()) - sum(bits[site] * weights[site] for site in bits)
    if left < 0:
        raise StatisticsError(
            f"{average:.2f} bits a weight are fewer than the fewest that were measured, {offered[0]}: ask for more, or "
            "measure fewer."
        )
    while (step := _best(bits, costs, weights, left)) is not None:
        site, count = step
        left -= (count - bits[site]) * weights[site]
        bits[site] = count
    return _advice(table, bits)


def uniform(table: DamageTable, count: int) -> Advice:
    """Every matrix in so many bits."""
    return _advice(table, dict.fromkeys(_costs(table), count))


def _advice(table: DamageTable, bits: Mapping[Site, int]) -> Advice:
    """An advice with what it weighs and is expected to cost."""
    costs, weights = _costs(table), _weights(table)
    held = sum(weights[site] * count for site, count in bits.items())
    return Advice(
        bits=bits,
        average=held / sum(weights.values()),
        megabytes=megabytes(bits, weights, table.others),
        expected_kl=sum(costs[site].get(count, math.nan) for site, count in bits.items()),
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
    """KL of each site by the bits of its rounding in groups of the usual size."""
    found: dict[Site, dict[int, float]] = {}
    for row in table.rows:
        operation = operation_of(row.operation)
        if operation.kind == "round" and operation.group == ROUND_GROUP:
            cost = _OVERFLOW if row.mean_kl is None else row.mean_kl
            found.setdefault(row.site, {})[int(operation.value)] = cost
    return found


def _weights(table: DamageTable) -> dict[Site, int]:
    return {row.site: row.weights for row in table.rows}
