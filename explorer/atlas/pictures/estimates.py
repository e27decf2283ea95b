"""The picture of first-order estimates beside what was measured."""

from __future__ import annotations

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of
from explorer.domain.errors import StatisticsError
from explorer.figures.estimates import agreement_figure, thinned


def agreement(atlas: Atlas, asked: Asked) -> Picture:
    """Estimates against measurements."""
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    pairs, rank = atlas.predicted(asked.screen, matrix, asked.chosen)
    if pairs.is_empty():
        raise StatisticsError(
            "This screen keeps no first-order estimates beside its measurements: screens on a background have none."
        )
    layer, _, kind = matrix.partition(".")
    figure = agreement_figure(pairs, int(layer), kind, meta=meta_of(asked, "agreement"))
    shown = len(thinned(pairs))
    rho = "not defined" if rank is None else f"{rank:+.2f}"
    sentence = (
        f"{matrix}: change of NLL as one backward pass estimates it, and as it was measured up to where the text "
        f"parts; magnitudes, filled where the text changes. Rank correlation (signed): ρ = {rho}, n = {len(pairs):,}"
        f"{'' if shown == len(pairs) else f', {shown:,} of them drawn'}."
    )
    return Picture(figure=figure, sentence=sentence, data=pairs, numbers={"matrix": matrix, "rank_correlation": rank})
