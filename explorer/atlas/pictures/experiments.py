"""Pictures of screens beside each other."""

from __future__ import annotations

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of, names_of, other_of
from explorer.domain.errors import StatisticsError
from explorer.figures.experiments import correlation_figure, overlap_figure, scatter_figure


def correlations(atlas: Atlas, asked: Asked) -> Picture:
    """All screens of the same number of layers."""
    screens = [screen for screen in atlas.stored()[0] if screen.layers == asked.screen.layers]
    if len(screens) == 1:
        raise StatisticsError(
            "This is the only screen of a model of so many layers: run another experiment to compare."
        )
    table = atlas.correlations(screens, asked.chosen)
    names = names_of(screens)
    figure = correlation_figure(names, [screen.key for screen in screens], table, meta=meta_of(asked, "correlations"))
    sentence = (
        "How alike the layers of two screens are: Pearson's r of the share of non-silent mutants, layer by layer, over "
        f"the matrices that both have; {len(screens)} screens. Click a cell to compare its two."
    )
    columns = {f"{number}: {name}": list(line) for number, (name, line) in enumerate(zip(names, table, strict=True), 1)}
    data = pl.DataFrame({"screen": names} | columns, strict=False)
    return Picture(figure=figure, sentence=sentence, data=data)


def scatter(atlas: Atlas, asked: Asked) -> Picture:
    """Two screens layer by layer."""
    other = other_of(asked)
    pair = atlas.correlation(asked.screen, other, asked.chosen)
    if pair.points.is_empty():
        raise StatisticsError("These two screens have no matrix and operation in common.")
    r = "too few layers for a correlation" if pair.r is None else f"r = {pair.r:.2f}, R² = {pair.r_squared:.2f}"
    first, second = names_of([asked.screen, other])
    figure = scatter_figure(pair, (first, second), meta=meta_of(asked, "scatter"))
    sentence = (
        f"A point is a layer, by its shares of non-silent mutants in both screens: {len(pair.points)} layers, {r}."
    )
    return Picture(
        figure=figure, sentence=sentence, data=pair.points, numbers={"r": pair.r, "r_squared": pair.r_squared}
    )


def overlap(atlas: Atlas, asked: Asked) -> Picture:
    """The non-silent mutations that two screens share."""
    other = other_of(asked)
    found = atlas.overlap(asked.screen, other, asked.chosen)
    first, second = names_of([asked.screen, other])
    figure = overlap_figure(found, (first, second), meta=meta_of(asked, "overlap"))
    share = "" if found.jaccard is None else f" ({100 * found.jaccard:.0f} % of all that either has)"
    sentence = (
        f"Of {found.screened:,} mutations that both screened, {found.shared:,} are non-silent in both{share}; "
        f"{found.expected:,.0f} would be if the two were independent."
    )
    data = pl.DataFrame(
        {
            "screened": [found.screened],
            "shared": [found.shared],
            "only_first": [found.only_first],
            "only_second": [found.only_second],
            "expected": [found.expected],
        }
    )
    return Picture(figure=figure, sentence=sentence, data=data)
