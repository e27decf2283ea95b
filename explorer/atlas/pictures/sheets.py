"""Sheets of small maps: a kind of matrix in all layers, a matrix in all screens of its model."""

from __future__ import annotations

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of, names_of, with_mutants
from explorer.domain.errors import StatisticsError
from explorer.figures.sheet import Small, sheet_figure
from explorer.statistics.filters import Filter
from explorer.store.summaries import Bitmap

TURNED = ("gate", "up")
"""Kinds that are drawn with rows across, as in the large map."""


def sheet_layers(atlas: Atlas, asked: Asked) -> Picture:
    """All layers of the kind of the matrix that is chosen."""
    with_mutants(asked.screen)
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    kind = matrix.partition(".")[2]
    chosen = Filter(operations=asked.chosen.operations, layers=asked.chosen.layers, kinds=(kind,))
    by_name: dict[str, list[Bitmap]] = {}
    for bitmap in atlas.bitmaps(asked.screen, chosen):
        by_name.setdefault(bitmap.name, []).append(bitmap)
    if not by_name:
        raise StatisticsError(f"The filters leave no mutant of {kind}: clear one of them.")
    ordered = sorted(by_name.values(), key=lambda maps: maps[0].layer)
    smalls = [Small(maps[0].name, f"{asked.screen.key} {maps[0].name}", maps) for maps in ordered]
    figure = sheet_figure(smalls, is_turned=_is_turned(kind), meta=meta_of(asked, "sheet_layers"))
    unknown = "; what the screen does not list is violet, and unknown" if asked.screen.is_partial else ""
    sentence = (
        f"{kind} in {len(smalls)} layers, all zoomed together{unknown}. Click a map to see it large, unit by unit."
    )
    return Picture(figure=figure, sentence=sentence, data=_data(smalls))


def sheet_screens(atlas: Atlas, asked: Asked) -> Picture:
    """The chosen matrix in all screens of the model."""
    with_mutants(asked.screen)
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    screens = [screen for screen in atlas.stored()[0] if screen.model == asked.screen.model and screen.has_mutants]
    chosen = Filter(operations=asked.chosen.operations)
    found = [(screen, atlas.bitmaps(screen, chosen, matrix)) for screen in screens]
    found = [(screen, maps) for screen, maps in found if maps]
    if not found:
        raise StatisticsError(f"The filters leave no mutant of {matrix}: clear one of them.")
    names = names_of([screen for screen, _ in found])
    smalls = [Small(name, f"{screen.key} {matrix}", maps) for name, (screen, maps) in zip(names, found, strict=True)]
    kind = matrix.partition(".")[2]
    figure = sheet_figure(smalls, is_turned=_is_turned(kind), meta=meta_of(asked, "sheet_screens"))
    sentence = f"{matrix} in {len(smalls)} screens of {asked.screen.model}. Click a map to see it large, unit by unit."
    return Picture(figure=figure, sentence=sentence, data=_data(smalls))


def _is_turned(kind: str) -> bool:
    return kind.rpartition(".")[2] in TURNED


def _data(smalls: list[Small]) -> pl.DataFrame:
    """Of each map and operation the mutants that were screened, and the non-silent ones."""
    rows = [
        {
            "map": small.title, "operation": bitmap.operation, "screened": int(bitmap.screened.sum()),
            "nonsilent": int(bitmap.nonsilent.sum()),
        }
        for small in smalls
        for bitmap in small.bitmaps
    ]  # fmt: skip
    return pl.DataFrame(rows)
