"""The pictures of the statistics by name: each a figure, a sentence that says what to see, and its data.

A picture is a function from the atlas and what is asked to a `Picture`; it raises ExplorerError, in a sentence, where
the stored screens do not allow it.
"""

from __future__ import annotations

from collections.abc import Callable

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture
from explorer.atlas.pictures.axes import axes, stripes
from explorer.atlas.pictures.estimates import agreement
from explorer.atlas.pictures.experiments import correlations, overlap, scatter
from explorer.atlas.pictures.maps import copa, nsm_map, two_maps
from explorer.atlas.pictures.matrices import by_kind, by_layer, overview
from explorer.atlas.pictures.phenotypes import cosine, distinct, divergence, scores, styles_by_kind, styles_by_layer


def draw(view: str, atlas: Atlas, asked: Asked) -> Picture:
    """The picture of that name. Raises ExplorerError."""
    with atlas.held():
        return PICTURES[view](atlas, asked)


PICTURES: dict[str, Callable[[Atlas, Asked], Picture]] = {
    "overview": overview,
    "by_kind": by_kind,
    "by_layer": by_layer,
    "nsm_map": nsm_map,
    "copa": copa,
    "axes": axes,
    "stripes": stripes,
    "correlations": correlations,
    "scatter": scatter,
    "overlap": overlap,
    "two_maps": two_maps,
    "cosine": cosine,
    "divergence": divergence,
    "scores": scores,
    "styles_by_kind": styles_by_kind,
    "styles_by_layer": styles_by_layer,
    "distinct": distinct,
    "agreement": agreement,
}
"""By name, as figures carry it in their `layout.meta`."""
