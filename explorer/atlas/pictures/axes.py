"""Pictures of rows and columns: the most sensitive, and those of a kind in all layers."""

from __future__ import annotations

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of, with_mutants
from explorer.figures.axes import axes_figure, stripes_figure
from explorer.statistics.axes import Axis


def axes(atlas: Atlas, asked: Asked) -> Picture:
    """The most sensitive rows and columns."""
    with_mutants(asked.screen)
    found = atlas.axes(asked.screen, asked.chosen)
    best = found.row(0, named=True)
    agreeing = int((found["p"] < 0.05).sum())  # noqa: PLR2004  # the usual level
    sentence = (
        f"Rows (blue) and columns (red) of units, over all layers: {best['kind']} {best['axis']} {best['place']} "
        f"stands out most, among the top twentieth in {best['layers']} of {best['of_layers']} layers. {agreeing:,} of "
        f"{len(found):,} have p < 0.05: the layers agree on them more than if each layer's counts were "
        f"shuffled (exact, times the number of places).{_listed(asked)}"
    )
    figure = axes_figure(found, is_partial=asked.screen.is_partial, meta=meta_of(asked, "axes"))
    return Picture(figure=figure, sentence=sentence, data=found)


def stripes(atlas: Atlas, asked: Asked) -> Picture:
    """One kind's rows or columns in all layers."""
    with_mutants(asked.screen)
    names = axis_names(atlas, asked)
    kind, _, axis = (asked.axes if asked.axes in names else names[0]).rpartition(" ")
    name: Axis = "row" if axis == "row" else "column"
    shares, layers = atlas.stripes(asked.screen, kind, name, asked.chosen)
    is_partial = asked.screen.is_partial
    figure = stripes_figure(shares, layers, kind, name, is_partial=is_partial, meta=meta_of(asked, "stripes"))
    what = "How many mutants are listed" if is_partial else "Share of non-silent mutants"
    sentence = f"{what} in each {name} of {kind} in {len(layers)} layers: a stripe is one they share.{_listed(asked)}"
    wide = pl.DataFrame(shares, schema=[str(place) for place in range(shares.shape[1])]).with_columns(
        layer=pl.Series(layers)
    )
    data = wide.unpivot(index="layer", variable_name="place", value_name="share").cast({"place": pl.Int64})
    return Picture(figure=figure, sentence=sentence, data=data.sort("layer", "place"))


def _listed(asked: Asked) -> str:
    """A further sentence on a screen that lists some mutants: what is counted is whether one is listed."""
    if not asked.screen.is_partial:
        return ""
    return " What is counted is that a mutant is listed; no share is told, for the others are unknown."


def axis_names(atlas: Atlas, asked: Asked) -> list[str]:
    """Kinds and axes, that of the most sensitive place first."""
    found = atlas.axes(asked.screen, asked.chosen)
    return list(dict.fromkeys(f"{row['kind']} {row['axis']}" for row in found.iter_rows(named=True)))
