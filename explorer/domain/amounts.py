"""The one number of each operation: what it goes from and to at a site, in which unit, and the operation at another.

What puts a weight's own value there, such as `=3` or `=max`, has none: its number is the weight's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from explorer.domain.genotype import MOST_BITS, Operation, OperationKind
from explorer.domain.weights import SiteFacts

MOST_DEVIATIONS = 2.0
"""Of the noise that a slider adds; more can be typed, as of everything here."""
MOST_FACTOR = 2.0
MOST_STRENGTH = 1.5
"""Of an adapter."""
MOST_SEED = 16


@dataclass(frozen=True, slots=True)
class Amount:
    """The natural range of an operation's number."""

    low: float
    high: float
    unit: str
    is_whole: bool = False

    def nearest(self, value: float) -> float:
        """The number of the range that is nearest, as a person would write it."""
        within = min(self.high, max(self.low, value))
        return float(round(within)) if self.is_whole else float(f"{within:.4g}")


_ALWAYS: dict[OperationKind, Amount] = {
    "scale": Amount(-MOST_FACTOR, MOST_FACTOR, "×"),
    "noise": Amount(0, MOST_DEVIATIONS, "deviations"),
    "jitter": Amount(0, MOST_DEVIATIONS, "deviations"),
    "shuffle": Amount(0, MOST_SEED, "seed", is_whole=True),
    "round": Amount(1, MOST_BITS, "bits", is_whole=True),
    "prune": Amount(0, 1, "share"),
    "from": Amount(0, 1, "share"),
    "adapter": Amount(0, MOST_STRENGTH, "strength"),
}


def amount_of(operation: Operation | None, facts: SiteFacts) -> Amount | None:
    """What an operation's number can be at a site; None for one that has no number but a weight's."""
    if operation is None:
        return None
    match operation.kind:
        case "add":
            most = float(f"{max(abs(facts.minimum), abs(facts.maximum)) or 1.0:.4g}")
            return Amount(-most, most, "added")
        case "prune" if operation.group:
            return Amount(0, operation.group, f"of {operation.group}", is_whole=True)
        case "rank" | "unrank" if operation.is_share:
            return Amount(0, 100, "%")
        case "rank" | "unrank":
            return Amount(0, facts.full_rank, "components", is_whole=True)
        case "flip":
            return Amount(0, facts.bits - 1, "bit", is_whole=True)
        case "copy" if operation.source is not None and operation.source.layer is not None:
            return Amount(0, facts.layer_count - 1, "layer", is_whole=True)
    return _ALWAYS.get(operation.kind)


def number_of(operation: Operation) -> float:
    """The number of an operation: a copy's is the layer that it comes from, a shuffle's its seed."""
    if operation.kind == "copy" and operation.source is not None:
        return float(operation.source.layer or 0)
    return float(operation.seed) if operation.kind == "shuffle" else operation.value


def with_number(operation: Operation, number: float) -> Operation:
    """The operation with another number, whatever its range."""
    if operation.kind == "copy" and operation.source is not None:
        return replace(operation, source=replace(operation.source, layer=int(number)))
    if operation.kind == "shuffle":
        return replace(operation, seed=int(number))
    return replace(operation, value=number)


def at_value(operation: Operation | None, facts: SiteFacts, value: float) -> Operation:
    """The operation with the nearest number, if it has one of its own at the site; else the value as the weights'."""
    amount = amount_of(operation, facts)
    if operation is None or amount is None:
        return Operation(kind="set", value=value)
    return with_number(operation, amount.nearest(value))
