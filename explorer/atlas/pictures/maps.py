"""Pictures of one matrix, unit by unit: as it is, rearranged, in two screens."""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of, names_of, other_of, p_told, with_mutants, with_rest
from explorer.domain.errors import StatisticsError
from explorer.domain.screened import told as named
from explorer.figures.nsm import copa_figure, nsm_figure, pair_figure
from explorer.statistics.axes import Clustering
from explorer.statistics.severity import MEASURES as MEASURED


def nsm_map(atlas: Atlas, asked: Asked) -> Picture:
    """The map of one matrix."""
    with_mutants(asked.screen)
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    drawn = atlas.map(asked.screen, matrix, asked.window, asked.severity.bound)
    cells = asked.chosen.rows(drawn.cells)
    if cells.is_empty():
        raise StatisticsError(f"No mutant of {matrix} is stored, or the filters leave none: choose another matrix.")
    measured = int(cells[asked.severity.measure].count())
    if not measured and (asked.severity.step or asked.coloured):
        raise StatisticsError(f"This screen did not measure that ({MEASURED[asked.severity.measure]}): choose another.")
    figure = nsm_figure(drawn, asked.chosen, asked.severity, coloured=asked.coloured, meta=meta_of(asked, "nsm_map"))
    gathered = None if asked.screen.is_partial else atlas.clustering(asked.screen, matrix, asked.chosen)
    mutants, loud = int(cells["mutants"].sum()), int(cells["shown"].sum())
    pooled = f" A cell is {drawn.cell} × {drawn.cell} units: zoom in for single ones." if drawn.cell > 1 else ""
    listed, unknown = "", ""
    if asked.screen.is_partial:
        listed, unknown = " that the screen lists", " What it does not list is unknown, not silent."
    sentence = (
        f"{matrix}: {loud:,} of {mutants:,} mutants{listed} shown ({asked.severity.told()}); the bars count them by "
        f"row and column.{unknown}{pooled} {_gathered(gathered)}"
    ).strip()
    numbers = {
        "matrix": matrix,
        "mutants": mutants,
        "shown": loud,
        "clustering": [asdict(each) for each in gathered or ()],
    }
    return Picture(figure=figure, sentence=sentence, data=cells, numbers=numbers)


def _gathered(found: tuple[Clustering, Clustering] | None) -> str:
    if found is None or not any(each.times for each in found):
        return ""  # all of its units are non-silent, or none: nothing can gather
    told = " and ".join(
        f"in {each.axis}s {each.dispersion:.1f} times (p {p_told(each.p, each.times)})" for each in found
    )
    return f"Compared with units strewn at random, the counts spread {told}."


def copa(atlas: Atlas, asked: Asked) -> Picture:
    """The map rearranged."""
    with_rest(asked.screen)
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    drawn, pattern = atlas.copa(asked.screen, matrix)
    first, second = map(named, pattern.operations)
    told = []
    for each in pattern.by_axis:
        if each.correlation is None:
            told.append(f"over {each.axis}s it is not defined")
        else:
            told.append(f"over {each.axis}s r = {each.correlation:+.2f} (p {p_told(each.p, each.times)})")
    phi = "" if pattern.phi is None else f", φ = {pattern.phi:+.2f}"
    sentence = (
        f"{matrix}, rows and columns sorted by {first} less {second} NSMs. Correlation of the two counts: "
        f"{', '.join(told)}; negative means complementary. {pattern.both:,} units answer to both; "
        f"{pattern.expected:,.0f} would by chance{phi}."
    )
    rank = {
        name: pl.DataFrame({name: order, f"{name}_rank": range(len(order))}, schema_overrides={name: pl.UInt32})
        for name, order in (("down", pattern.rows), ("across", pattern.columns))
    }
    data = drawn.cells.join(rank["down"], on="down").join(rank["across"], on="across")
    figure = copa_figure(drawn, pattern, meta=meta_of(asked, "copa"))
    numbers = {
        "matrix": matrix,
        "by_axis": [asdict(each) for each in pattern.by_axis],
        "both": pattern.both,
        "expected": pattern.expected,
        "phi": pattern.phi,
    }
    return Picture(figure=figure, sentence=sentence, data=data, numbers=numbers)


def two_maps(atlas: Atlas, asked: Asked) -> Picture:
    """The same matrix in two screens."""
    other = other_of(asked)
    with_mutants(asked.screen, other)
    matrix = atlas.telling(asked.screen, asked.matrix, asked.chosen)
    maps = [atlas.map(screen, matrix, bound=asked.severity.bound) for screen in (asked.screen, other)]
    if any(drawn.cells.is_empty() for drawn in maps):
        raise StatisticsError(f"One of these screens keeps no mutants of {matrix}: choose another matrix.")
    names = names_of([asked.screen, other])
    meta = {**meta_of(asked, "two_maps"), "other": other.key}
    figure = pair_figure(maps, names, asked.chosen, asked.severity, meta=meta)
    linked = "zoom one and the other follows, point at a cell and both tell"
    if not figure.layout.meta["linked"]:
        linked = "their grids differ, so each is zoomed by itself"
    sentence = f"{matrix} in both screens ({asked.severity.told()}): {linked}."
    data = pl.concat([drawn.cells.with_columns(screen=pl.lit(name)) for drawn, name in zip(maps, names, strict=True)])
    return Picture(figure=figure, sentence=sentence, data=data)
