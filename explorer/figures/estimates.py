"""First-order estimates beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import polars as pl

from explorer.domain.screened import told
from explorer.figures.marks import mark
from explorer.figures.palette import colours_of
from explorer.figures.plain import diagonal, plain

MOST_POINTS = 4000
"""Points of a scatter; of more, evenly drawn ones are shown."""


def agreement_figure(pairs: pl.DataFrame, layer: int, kind: str, *, meta: Mapping[str, object]) -> go.Figure:
    """Measured over estimated change of NLL, both as magnitudes on logarithmic axes; on the line they are equal."""
    shown = thinned(pairs)
    low, high = 1e-5, max(10.0, float(shown["added_nll"].abs().max() or 1))  # type: ignore[arg-type]
    figure = go.Figure(diagonal(low, high))
    colours = colours_of(pairs["operation"].unique())
    for operation in colours:
        rows = shown.filter(pl.col("operation") == operation).to_dicts()
        if not rows:
            continue
        figure.add_trace(
            go.Scatter(
                x=[max(low, abs(row["predicted"])) for row in rows],
                y=[max(low, abs(row["added_nll"])) for row in rows],
                mode="markers",
                name=told(operation),
                marker={
                    "size": 6, "color": colours[operation], "opacity": 0.7,
                    "symbol": ["circle" if row["nonsilent"] else "circle-open" for row in rows],
                },
                customdata=[
                    mark(
                        layer=layer, kind=kind, operation=operation, top=row["down"], bottom=row["down"] + 1,
                        left=row["across"], right=row["across"] + 1,
                    )
                    for row in rows
                ],
                text=[
                    f"{operation} at ({row['down']}, {row['across']}): estimated {row['predicted']:+.3g}, measured "
                    f"{row['added_nll']:+.3g}"
                    for row in rows
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )  # fmt: skip
    axis = {"type": "log", "zeroline": False}
    return plain(
        figure,
        meta,
        height=380,
        xaxis={"title": {"text": "estimated change of NLL, nats a token"}, **axis},
        y="measured",
    ).update_layout(yaxis=axis, legend={"orientation": "h", "y": 1.08, "x": 0})


def thinned(pairs: pl.DataFrame) -> pl.DataFrame:
    """At most `MOST_POINTS` rows, drawn at random, the same at every call."""
    return pairs if len(pairs) <= MOST_POINTS else pairs.sort(pairs.columns).sample(MOST_POINTS, seed=0)
