"""The numbers of operations that look at the weights of their site: what they go from and to, and in which unit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from explorer.domain.genotype import HIGHEST_BIT, MOST_BITS, Operation

MOST_DEVIATIONS = 2.0
"""Of the noise that a slider adds; more can be typed."""


@dataclass(frozen=True, slots=True)
class Amount:
    """The natural range of an operation's number."""

    low: float
    high: float
    unit: str
    is_whole: bool = False

    def nearest(self, value: float) -> float:
        """The number of the range that is nearest."""
        within = min(self.high, max(self.low, value))
        return float(round(within)) if self.is_whole else round(within, 4)


def amount_of(operation: Operation | None, full_rank: int) -> Amount | None:
    """What an operation's number can be at a site of a full rank; None for one that has no number but a weight's."""
    if operation is None:
        return None
    match operation.kind:
        case "round":
            return Amount(1, MOST_BITS, "bits", is_whole=True)
        case "prune" if operation.group:
            return Amount(0, operation.group, f"of {operation.group}", is_whole=True)
        case "prune":
            return Amount(0, 1, "share")
        case "rank" | "unrank" if operation.is_share:
            return Amount(0, 100, "%")
        case "rank" | "unrank":
            return Amount(0, full_rank, "components", is_whole=True)
        case "noise" | "jitter":
            return Amount(0, MOST_DEVIATIONS, "deviations")
        case "flip":
            return Amount(0, HIGHEST_BIT, "bit", is_whole=True)
    return None


def with_amount(operation: Operation, amount: Amount, value: float) -> Operation:
    """The operation with another number."""
    return replace(operation, value=amount.nearest(value))


def at_value(operation: Operation | None, full_rank: int, value: float) -> Operation:
    """The operation with another number, if it has one of its own at the site; else the value as the weights' own."""
    amount = amount_of(operation, full_rank)
    if operation is None or amount is None:
        return Operation(kind="set", value=value)
    return with_amount(operation, amount, value)
