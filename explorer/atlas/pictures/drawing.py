"""The pictures of the statistics by name: each a figure, a sentence that says what to see, and its data.

A picture is a function from the atlas and what is asked to a `Picture`; it raises ExplorerError, in a sentence, where
the stored screens do not allow it.
"""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture
from explorer.atlas.pictures.axes import axes, stripes
from explorer.atlas.pictures.beginnings import cosine_by_first_word, first_words, word_map, word_matrices
from explorer.atlas.pictures.estimates import agreement
from explorer.atlas.pictures.experiments import correlations, overlap, scatter, side_by_side, site_correlations
from explorer.atlas.pictures.malignant import malignant, malignant_map
from explorer.atlas.pictures.maps import copa, nsm_map, two_maps
from explorer.atlas.pictures.matrices import by_kind, by_layer, overview
from explorer.atlas.pictures.phenotypes import (
    cosine,
    distinct,
    distinct_by_layer,
    divergence,
    scores,
    styles_by_kind,
    styles_by_layer,
)
from explorer.atlas.pictures.sheets import sheet_layers, sheet_screens


def draw(view: str, atlas: Atlas, asked: Asked) -> Picture:
    """The picture of that name. Raises ExplorerError."""
    with atlas.held():
        picture = PICTURES[view](atlas, asked)
    if not asked.screen.has_mutants and view not in WITH_OWN_CLICKS:
        _close(picture.figure)
    return picture


WITH_OWN_CLICKS = ("correlations", "site_correlations", "side_by_side", "sheet_layers", "sheet_screens")
"""Pictures whose marks lead to other pictures."""


def _close(figure: go.Figure) -> None:
    """Let no mark of a figure be clicked: no mutant is behind any."""
    for trace in figure.data:
        trace.customdata = None
    figure.update_layout(meta={**figure.layout.meta, "is_closed": True})


PICTURES: dict[str, Callable[[Atlas, Asked], Picture]] = {
    "overview": overview,
    "by_kind": by_kind,
    "by_layer": by_layer,
    "sheet_layers": sheet_layers,
    "sheet_screens": sheet_screens,
    "nsm_map": nsm_map,
    "malignant": malignant,
    "malignant_map": malignant_map,
    "copa": copa,
    "axes": axes,
    "stripes": stripes,
    "side_by_side": side_by_side,
    "correlations": correlations,
    "site_correlations": site_correlations,
    "scatter": scatter,
    "overlap": overlap,
    "two_maps": two_maps,
    "cosine": cosine,
    "cosine_by_first_word": cosine_by_first_word,
    "first_words": first_words,
    "word_matrices": word_matrices,
    "word_map": word_map,
    "divergence": divergence,
    "scores": scores,
    "styles_by_kind": styles_by_kind,
    "styles_by_layer": styles_by_layer,
    "distinct": distinct,
    "distinct_by_layer": distinct_by_layer,
    "agreement": agreement,
}
"""By name, as figures carry it in their `layout.meta`."""
