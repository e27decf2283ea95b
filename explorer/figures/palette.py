"""The colours of screens and what they stand for: for the figures, and for legends that need no plotly."""

ORIGINAL, MUTANT = "#0d9488", "#e11d48"
"""What the original says, and what a mutant does."""

CATEGORIES = ("silent", "max", "min", "max and min", "zero", "not screened")
"""What is non-silent in a unit of the map; `zero` where neither max nor min is."""
COLOURS = ("rgba(148,163,184,0.22)", "#d55e00", "#0072b2", "#009e73", "#e69f00", "rgba(168,85,247,0.30)")
"""The study's red, blue and green, in shades that colour-blind eyes tell apart; violet for what nobody looked at."""

OPERATION_COLOURS = {name: COLOURS[CATEGORIES.index(name)] for name in ("max", "min", "zero")}
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
