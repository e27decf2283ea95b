"""Pictures of malignant mutants: counted by matrix, and mapped."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of, names_of, with_mutants
from explorer.domain.errors import StatisticsError
from explorer.domain.screens import StoredScreen
from explorer.figures.counted import counted_figure
from explorer.figures.marks import mark
from explorer.figures.nsm import nsm_figure
from explorer.statistics.malignant import Malignant
from explorer.store.measured import SITE


def malignant(atlas: Atlas, asked: Asked) -> Picture:
    """How many each matrix has."""
    scored, compared, found = _found(atlas, asked)
    cells = found.by_matrix()
    marks = [
        mark(
            layer=row["layer"], kind=row["kind"], operation=row["operation"], top=row["down"], bottom=row["down"] + 1,
            left=row["across"], right=row["across"] + 1,
        )
        for row in cells.iter_rows(named=True)
    ]  # fmt: skip
    cells = cells.with_columns(mark=pl.Series(marks, dtype=pl.String))
    figure = counted_figure(cells, asked.screen.layers, what="malignant", meta=meta_of(asked, "malignant"))
    names = names_of([scored, compared])
    partial = " Mutants that either does not list are unknown." if scored.is_partial or compared.is_partial else ""
    sentence = (
        f"{len(found.mutants):,} mutants are malignant: {_told(asked)}. Of {names[0]} {found.scored:,} answer as few "
        f"right, of {names[1]} {found.compared:,} say something as far.{partial} Click a cell for one of its worst."
    )
    numbers = {"malignant": len(found.mutants), "scored": found.scored, "compared": found.compared}
    return Picture(figure=figure, sentence=sentence, data=found.mutants, numbers=numbers)


def malignant_map(atlas: Atlas, asked: Asked) -> Picture:
    """The map of one matrix: its malignant mutants."""
    scored, _, found = _found(atlas, asked)
    matrix = asked.matrix
    layers = {f"{row['layer']}.{row['kind']}": row["count"] for row in found.by_matrix().iter_rows(named=True)}
    if matrix not in layers:
        matrix = max(layers, key=lambda name: layers[name])
    drawn = atlas.map(scored, matrix)
    layer, _, kind = matrix.partition(".")
    places = found.mutants.filter((pl.col("layer") == int(layer)) & (pl.col("kind") == kind))
    own = places.select("operation", down=pl.col("down") // drawn.cell, across=pl.col("across") // drawn.cell).unique()
    shown = drawn.cells.join(own.with_columns(is_malignant=1), on=["down", "across", "operation"], how="left")
    cells = shown.with_columns(shown=pl.col("is_malignant").fill_null(0)).drop("is_malignant")
    drawn = replace(drawn, cells=cells)
    meta = {**meta_of(asked, "malignant_map"), "screen": scored.key}
    figure = nsm_figure(drawn, asked.chosen, meta=meta)
    sentence = (
        f"{matrix}: {len(places):,} malignant mutants ({_told(asked)}), counted by row and column in the bars; grey "
        "ones are not."
    )
    data = places.select(*SITE, "score", "cosine")
    return Picture(figure=figure, sentence=sentence, data=data, numbers={"matrix": matrix, "malignant": len(places)})


def _told(asked: Asked) -> str:
    return f"cosine ≤ {asked.limits.cosine:g} and score ≤ {asked.limits.score:g}"


def _found(atlas: Atlas, asked: Asked) -> tuple[StoredScreen, StoredScreen, Malignant]:
    """The screen of scores, that of cosines, and their malignant mutants. Raises StatisticsError if there are none."""
    with_mutants(asked.screen)
    scored, compared = _pair(atlas, asked)
    found = atlas.malignant(scored, compared, asked.limits, asked.chosen)
    if found.mutants.is_empty():
        raise StatisticsError(
            f"No mutant is malignant ({_told(asked)}) in both {' and '.join(names_of([scored, compared]))}: move a "
            "limit, or clear the filters."
        )
    return scored, compared, found


def _pair(atlas: Atlas, asked: Asked) -> tuple[StoredScreen, StoredScreen]:
    """A screen of scores and one of cosines of one model: the one that is shown, and the other that fits best."""
    first = asked.screen
    own = "score" if atlas.has_measure(first, "score") else "cosine"
    if own == "cosine" and not atlas.has_measure(first, "cosine"):
        raise StatisticsError("This screen has neither scores nor cosines: choose one of texts, or on a task.")
    wanted = "cosine" if own == "score" else "score"
    others = [asked.other] if asked.other is not None else []
    others += [screen for screen in atlas.stored()[0] if screen.has_mutants]
    fitting = [
        screen
        for screen in others
        if screen.model == first.model and screen.key != first.key and atlas.has_measure(screen, wanted)
    ]
    if not fitting:
        raise StatisticsError(
            f"Malignant mutants take a screen of texts and one on a task, of the same model: there is none with "
            f"{wanted}s beside this one of {first.model}."
        )
    best = max(fitting, key=lambda screen: (screen is asked.other, _grid(screen) == _grid(first)))
    return (first, best) if own == "score" else (best, first)


def _grid(screen: StoredScreen) -> tuple[object, ...]:
    return tuple(screen.plan[name] for name in ("matrices", "unit", "step", "rate", "seed"))
