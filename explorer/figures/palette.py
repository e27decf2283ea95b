"""The colours of screens and what they stand for: for the figures, and for legends that need no plotly."""

CATEGORIES = ("silent", "max", "min", "max and min", "zero")
"""What is non-silent in a unit of the map; `zero` where neither max nor min is."""
COLOURS = ("rgba(148,163,184,0.22)", "#d55e00", "#0072b2", "#009e73", "#e69f00")
"""The study's red, blue and green, in shades that colour-blind eyes tell apart."""
