"""What a screen does, and to what: its operations and units by name, as plans, databases and figures have them.

An operation is named as people write it: `max`, `min`, `zero` and `mean`, or in notation, such as `=round(4)`. When it
is typed, the sign and the parentheses may be left out: `round4, prune50, prune2:4, rank10%, *0.5`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any, Literal

from explorer.domain.errors import NotationError, PlanError
from explorer.domain.genotype import MEAN, NAMED_OPERATIONS, Operation, Site, unit_span
from explorer.domain.operation_notation import format_operation, read_operation
from explorer.domain.reader import PRINTED_SIGNS, Reader

Unit = Literal["block", "row", "column", "weight", "matrix", "head", "kvhead", "expert", "layer"]
WHOLE_UNITS = ("head", "kvhead", "expert", "layer")
"""Units that lie in several matrices: places of them are counted within a layer."""
USUAL = ("max", "min", "zero")
"""The operations of the study."""
TOGETHER = tuple("+".join(pair) for pair in combinations(USUAL, 2))
"""What counts of two of them together are called."""
CONTROL = "control"

_NAMED = {**NAMED_OPERATIONS, "mean": MEAN}
_SHORT = re.compile(r"(round|prune|rank|unrank|noise|shuffle|flip)([0-9.]*)(%|:[0-9]+)?")
_BETWEEN = re.compile(r",(?![^()]*\))")


def read_operations(text: str | Iterable[str]) -> tuple[str, ...]:
    """The names of operations that a list says, each once, in its order. Raises PlanError."""
    parts = _BETWEEN.split(text) if isinstance(text, str) else text
    return tuple(dict.fromkeys(read_name(part) for part in parts if part.strip()))


def read_name(text: str) -> str:
    """The name of an operation as it was typed. Raises PlanError."""
    return name_of(operation_of(text))


def operation_of(text: str) -> Operation:
    """The operation of a name, or of what was typed for one. Raises PlanError."""
    typed = text.strip().translate(PRINTED_SIGNS)
    if typed in _NAMED:
        return _NAMED[typed]
    short = _SHORT.fullmatch(typed)
    try:
        reader = Reader(_in_full(*short.groups()) if short else typed if typed[:1] in "=*+~" else f"={typed}")
        operation = read_operation(reader)
        if not reader.at_end():
            raise reader.fault("Expected the end.")
    except (NotationError, ValueError) as fault:
        names = ", ".join(_NAMED)
        reason = fault.reason if isinstance(fault, NotationError) else "its number is none."
        raise PlanError(
            f"'{typed[:60]}' is no operation: {reason} Choose among {names}, or write one such as round4, "
            "prune50, rank10%, *0.5."
        ) from fault
    return operation


def _in_full(kind: str, number: str | None, rest: str | None) -> str:
    """The notation of what is typed short: a share of weights to prune is given in percent."""
    if kind == "prune" and not (rest or "").startswith(":"):
        return f"=prune({float(number or '') / 100:g})"
    if kind == "shuffle":
        return f"=shuffle(seed {number})" if number else "=shuffle"
    sign = "+" if kind == "noise" else "="
    return f"{sign}{kind}({number or ''}{rest or ''})"


def name_of(operation: Operation) -> str:
    """The name of an operation."""
    return next((name for name, known in _NAMED.items() if known == operation), format_operation(operation))


def told(name: str) -> str:
    """A name for figures and sentences."""
    return name.removeprefix("=") if name[1:2].isalpha() else name


def ordered(names: Iterable[str | None]) -> list[str]:
    """Names of operations in the order in which they are shown, controls left out: those of the study first."""
    own = {name for name in names if name is not None and name not in (CONTROL, *TOGETHER)}
    return [*(name for name in USUAL if name in own), *sorted(own - set(USUAL), key=_naturally)]


def _naturally(name: str) -> list[tuple[int, float, str]]:
    pieces = re.split(r"(\d+(?:\.\d+)?)", name)
    return [(0, float(piece), "") if place % 2 else (1, 0.0, piece) for place, piece in enumerate(pieces)]


def opposed(names: Iterable[str]) -> tuple[str, str] | None:
    """Two operations that oppose each other, of those that are named: the first such pair; None: there is none."""
    return next((pair for pair in combinations(ordered(names), 2) if _oppose(*pair)), None)


def _oppose(one: str, other: str) -> bool:
    first, second = operation_of(one), operation_of(other)
    kinds = {first.kind, second.kind}
    if kinds == {"max", "min"}:
        return True
    if kinds == {"rank", "unrank"}:
        return replace(first, kind="rank") == replace(second, kind="rank")
    return len(kinds) == 1 and first.kind in ("set", "add", "scale") and 0 != first.value == -second.value


def unit_site(row: Mapping[str, Any]) -> Site:
    """The site of a stored unit: layer, kind, rows, columns, unit_rows, unit_columns, down and across."""
    layer, kind, down = row["layer"], row["kind"], row["down"]
    match kind:
        case "head" | "kvhead":
            return Site(part=kind, layer=layer, head=down)
        case "expert":
            return Site(part=f"expert{down}", layer=layer)
        case "layer":
            return Site(part="layer", layer=layer)
    return Site(
        part=kind,
        layer=layer,
        rows=unit_span(down, row["unit_rows"], row["rows"]),
        columns=unit_span(row["across"], row["unit_columns"], row["columns"]),
    )
