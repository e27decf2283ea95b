"""Pictures of all matrices of a screen: at a glance, by kind, by layer."""

from __future__ import annotations

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of
from explorer.domain.errors import StatisticsError
from explorer.figures.overview import counts_figure, overview_figure
from explorer.statistics.overview import MEASURES, value_column


def overview(atlas: Atlas, asked: Asked) -> Picture:
    """All matrices at a glance."""
    seen = atlas.overview(asked.screen, asked.chosen, has_phenotypes=True)
    (whole,) = seen.whole.to_dicts()
    column, meaning = value_column(asked.measure), MEASURES[asked.measure]
    if column == "nonsilent_share" and seen.cells[column].null_count() == len(seen.cells):
        column, meaning = "nonsilent", "non-silent mutants"  # it is not known how many mutants there were
    has_texts = bool(whole["phenotypes"] or not whole["nonsilent"])
    needs_texts = asked.measure in ("phenotypes", "destructive")
    if seen.cells[column].null_count() == len(seen.cells) or (needs_texts and not has_texts):
        raise StatisticsError(f"This screen did not measure that ({MEASURES[asked.measure]}): choose another measure.")
    controls = seen.controls.select(pl.col("mutants", "nonsilent").sum()).to_dicts()[0]
    of_mutants = f" of {whole['mutants']:,}" if whole["mutants"] else ""
    said = f"{whole['nonsilent']:,}{of_mutants} mutants are non-silent"
    if whole["phenotypes"]:
        said += f" and say {whole['phenotypes']:,} different things"
    if controls["mutants"]:
        said += f"; of {controls['mutants']:,} controls, which change nothing, {controls['nonsilent']:,} are not silent"
    sentence = (
        f"{meaning[0].upper()}{meaning[1:]} of each matrix; above and to the right that of layers and kinds. "
        f"{said}. Click a cell for its strongest mutant."
    )
    figure = overview_figure(seen, column, meta=meta_of(asked, "overview"))
    numbers = {**whole, "controls": controls["mutants"], "failed_controls": controls["nonsilent"]}
    return Picture(figure=figure, sentence=sentence, data=seen.cells, numbers=numbers)


def by_kind(atlas: Atlas, asked: Asked) -> Picture:
    """Counts of the kinds."""
    return _counts(atlas, asked, "kind")


def by_layer(atlas: Atlas, asked: Asked) -> Picture:
    """Counts of the layers."""
    return _counts(atlas, asked, "layer")


def _counts(atlas: Atlas, asked: Asked, by: str) -> Picture:
    seen = atlas.overview(asked.screen, asked.chosen)
    figure = counts_figure(seen, by, meta=meta_of(asked, f"by_{by}"))
    total = int(seen.by_operation["nonsilent"].sum())
    sentence = f"Non-silent mutants by {by}, max, min and zero apart: {total:,} in all."
    data = seen.by_operation.group_by(by, "operation").agg(pl.col("mutants", "nonsilent").sum()).sort(by, "operation")
    return Picture(figure=figure, sentence=sentence, data=data)
