"""What the Gallery's controls say: read from them and from an address, written to one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from explorer.domain.errors import StatisticsError
from explorer.statistics.filters import chosen_operations, read_layers
from explorer.store.gallery import Order, Span, Wanted
from explorer.ui.gallery.words import SORT_NAMES
from explorer.ui.links import Said, format_query
from explorer.ui.operations import operations_said

PREFIX = "gallery_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What the tab's controls say; as `GalleryTab.asked`, in its order."""

    of: str | None = None
    """The key of a screen, or the name of a shelf."""
    sort: str = "mutants-falling"
    words: str = ""
    styles: tuple[str, ...] = ()
    grouped: bool = False
    operations: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    layers: str = ""
    destroyed: str = "all"
    least_cosine: str = ""
    most_cosine: str = ""
    least_perplexity: str = ""
    most_perplexity: str = ""
    least_mutants: str = ""
    least_score: str = ""
    told: str = ""
    """What was not taken of the address that says them; it is told until one of them is changed."""


NAMES = tuple(field.name for field in fields(Controls) if field.name != "told")
_MANY = ("styles", "operations", "kinds", "experiments")
NUMBERS = tuple(name for name in NAMES if name.startswith(("least_", "most_")))


def wanted_of(controls: Controls) -> Wanted:
    """Raises StatisticsError for layers, operations or numbers that are none."""
    numbers = {name: _number(getattr(controls, name)) for name in NUMBERS}
    score = numbers["least_score"]
    return Wanted(
        styles=controls.styles,
        operations=chosen_operations(controls.operations),
        kinds=controls.kinds,
        layers=read_layers(controls.layers),
        experiments=controls.experiments,
        cosine=Span(numbers["least_cosine"], numbers["most_cosine"]),
        perplexity=Span(numbers["least_perplexity"], numbers["most_perplexity"]),
        least_mutants=max(1, int(numbers["least_mutants"] or 1)),
        destructive={"yes": True, "no": False}.get(controls.destroyed),
        least_score=None if score is None else int(score),
        words=controls.words,
    )


def _number(text: str) -> float | None:
    """None for nothing. Raises StatisticsError for what is no number from 0."""
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise StatisticsError(f"'{text.strip()}' is no number from 0 on: write one such as 0.5, or nothing for all.")
    return value


def order_of(controls: Controls) -> Order:
    """How the cards are sorted."""
    sort, _, direction = controls.sort.partition("-")
    return Order(sort=sort, is_rising=direction == "rising", is_grouped=controls.grouped)  # type: ignore[arg-type]  # a choice


def read_controls(values: tuple[Any, ...]) -> Controls:
    """What the controls hold, in the order of `NAMES`."""
    controls = Controls(**dict(zip(NAMES, values, strict=True)))
    many: dict[str, Any] = {name: tuple(getattr(controls, name) or ()) for name in _MANY}
    typed: dict[str, Any] = {name: getattr(controls, name) or "" for name in ("words", "layers", *NUMBERS)}
    return replace(controls, **many, **typed)


def values_of(controls: Controls) -> list[Any]:
    """As the components take them."""
    values = [getattr(controls, name) for name in NAMES]
    return [list(value) if isinstance(value, tuple) else value for value in values]


def linked(said: Said) -> Controls:
    """What an address says; what was not taken of it is noted in `said`."""
    default = Controls()
    controls = Controls(
        of=said.text("of", None),
        sort=said.one_of("sort", SORT_NAMES, default.sort),
        words=said.text("words", ""),
        styles=said.some_of("styles"),
        grouped=said.flag("grouped", default.grouped),
        operations=operations_said(said),
        kinds=said.some_of("kinds"),
        experiments=said.some_of("experiments"),
        layers=said.text("layers", ""),
        destroyed=said.one_of("destroyed", ("yes", "no", "all"), default.destroyed),
        **{name: said.text(name, "") for name in NUMBERS},
    )
    readers: dict[str, Callable[[str], object]] = {"layers": read_layers, **dict.fromkeys(NUMBERS, _number)}
    for name, read in readers.items():
        try:
            read(getattr(controls, name))
        except StatisticsError:
            changed: dict[str, Any] = {name: said.refuse(name, "which cannot be read", "")}
            controls = replace(controls, **changed)
    return controls


def address_of(controls: Controls) -> str:
    """What differs from the page as it opens, and what is looked through."""
    default = Controls()
    said: dict[str, object] = {"of": controls.of}
    for name in NAMES:
        value = getattr(controls, name)
        if value != getattr(default, name):
            said[name] = ",".join(value) if isinstance(value, tuple) else int(value) if value is True else value
    return format_query({f"{PREFIX}{name}": value for name, value in said.items()})
