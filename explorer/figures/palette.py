"""The colours of screens and what they stand for: for the figures, and for legends that need no plotly."""

from collections.abc import Iterable
from itertools import cycle

from explorer.domain.screened import USUAL, opposed, ordered

ORIGINAL, MUTANT = "#0d9488", "#e11d48"
"""What the original says, and what a mutant does."""

CATEGORIES = ("silent", "max", "min", "max and min", "zero", "not screened")
"""What is non-silent in a unit of the map; `zero` where neither max nor min is."""
COLOURS = ("rgba(148,163,184,0.22)", "#d55e00", "#0072b2", "#009e73", "#e69f00", "rgba(168,85,247,0.30)")
"""The study's red, blue and green, in shades that colour-blind eyes tell apart; violet for what nobody looked at."""

FIRST, SECOND, BOTH, OTHERS = "max", "min", "max and min", "zero"
"""The categories as places of any operations: those of the study have these names."""
_MORE = ("#cc79a7", "#56b4e9", "#7c3aed", "#65a30d", "#0f766e", "#a16207")
NOT_SCREENED = COLOURS[CATEGORIES.index("not screened")]

SEVERITY = [[0.0, "#ffe9a8"], [0.35, "#fdae3c"], [0.7, "#e8601c"], [1.0, "#a50f4b"]]
"""From mild (pale) to severe (deep red); its lightness falls all the way, for eyes that see no colours."""

RUN_COLOURS = {
    "explore": "#0d9488",
    "screen": "#0072b2",
    "comparison": "#d55e00",
    "rihf": "#b5548a",
    "questions": "#b7791f",
    "watch": "#64748b",
    "talk": "#7c3aed",
    "evolution": "#65a30d",
}
"""The kinds of runs in the lab record."""

STYLE_COLOURS = {
    "prose": "#94a3b8",
    "poem": "#9333ea",
    "dialogue": "#2563eb",
    "first person": "#0891b2",
    "list": "#65a30d",
    "code": "#0d9488",
    "loop": "#ea580c",
    "gibberish": "#e11d48",
    "other language": "#ca8a04",
}
"""The styles of texts, as the gallery has them."""


def places_of(operations: Iterable[str | None]) -> dict[str, str]:
    """Which of `FIRST`, `SECOND` and `OTHERS` each operation of a map has; two that oppose each other the first two.

    Max, min and zero always have the same; of others those that come first take what is free.
    """
    names = ordered(operations)
    places = {name: name for name in names if name in USUAL}
    free = [place for place in (FIRST, SECOND) if place not in places]
    pair = opposed(names) or ()
    for name in sorted(names, key=lambda name: name not in pair):
        if name not in places:
            places[name] = free.pop(0) if free else OTHERS
    return places


def colours_of(operations: Iterable[str | None]) -> dict[str, str]:
    """The colour of each operation in bars and scatters: that of its place on the map, as long as there are some."""
    names, taken = ordered(operations), dict[str, str]()
    more = cycle(_MORE)
    for name, place in places_of(names).items():
        own = COLOURS[CATEGORIES.index(place)]
        taken[name] = next(more) if own in taken.values() else own
    return taken
