"""Which mutants of a screen are looked at: plain values, read from text and written to it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from explorer.domain.errors import PlanError, StatisticsError
from explorer.domain.screened import ordered, read_operations

_RUN = re.compile(r"(?P<first>[0-9]{1,4})(\s*-\s*(?P<last>[0-9]{1,4}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Empty means all, for each of the three."""

    operations: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    kinds: tuple[str, ...] = ()

    def has(self, layer: int, kind: str, operation: str) -> bool:
        """Whether such a mutant is looked at."""
        return (
            (not self.layers or layer in self.layers)
            and (not self.kinds or kind in self.kinds)
            and (not self.operations or operation in self.operations)
        )

    def rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of a frame that are looked at, by those of the columns layer, kind and operation that it has."""
        for column, wanted in (("layer", self.layers), ("kind", self.kinds), ("operation", self.operations)):
            if wanted and column in frame.columns:
                frame = frame.filter(pl.col(column).is_in(list(wanted)))
        return frame


def read_layers(text: str | None) -> tuple[int, ...]:
    """Layers such as `0-5, 11`; empty for all. Raises StatisticsError."""
    layers: set[int] = set()
    said = "" if text is None or text.strip() == "*" else text
    for part in filter(None, (part.strip() for part in said.split(","))):
        found = _RUN.fullmatch(part)
        if found is None:
            raise StatisticsError(f"'{part}' names no layers: write some such as 0-5, 11, or nothing for all.")
        first, last = int(found["first"]), int(found["last"] or found["first"])
        if last < first:
            raise StatisticsError(f"'{part}' runs backwards: write {last}-{first}.")
        layers |= set(range(first, last + 1))
    return tuple(sorted(layers))


def format_layers(layers: Sequence[int]) -> str:
    """The shortest text that `read_layers` reads as these."""
    runs: list[list[int]] = []
    for layer in sorted(layers):
        if runs and layer == runs[-1][1] + 1:
            runs[-1][1] = layer
        else:
            runs.append([layer, layer])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def chosen_operations(names: str | Iterable[str]) -> tuple[str, ...]:
    """Operations in their order. Raises StatisticsError for one that is none."""
    try:
        return tuple(ordered(read_operations(names)))
    except PlanError as fault:
        raise StatisticsError(str(fault)) from fault
