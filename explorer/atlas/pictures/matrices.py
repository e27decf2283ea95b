"""Pictures of all matrices of a screen: at a glance, by kind, by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked, Picture, meta_of
from explorer.domain.errors import StatisticsError
from explorer.domain.screened import ordered, told
from explorer.figures.overview import counts_figure, overview_figure
from explorer.statistics.overview import MEASURES, value_column


def overview(atlas: Atlas, asked: Asked) -> Picture:
    """All matrices at a glance."""
    seen = atlas.overview(asked.screen, asked.chosen, has_phenotypes=True)
    (whole,) = seen.whole.to_dicts()
    column, meaning = value_column(asked.measure), MEASURES[asked.measure]
    if asked.measure in ("nonsilent", "destructive") and not whole["mutants"]:
        column, meaning = asked.measure, meaning.removeprefix("share of ")  # nobody knows how many mutants there were
    is_lacking = not whole["phenotypes"] and asked.measure == "phenotypes" and bool(whole["nonsilent"])
    if seen.cells[column].null_count() == len(seen.cells) or is_lacking:
        raise StatisticsError(f"This screen did not measure that ({meaning}): choose another measure.")
    controls = seen.controls.select(pl.col("mutants", "nonsilent").sum()).to_dicts()[0]
    sentence = (
        f"{meaning[0].upper()}{meaning[1:]} of each matrix; above and to the right that of layers and kinds. "
        f"{_said(asked, whole, controls)}."
    )
    if asked.screen.has_mutants:
        sentence += " Click a cell for its strongest mutant."
    figure = overview_figure(seen, column, meta=meta_of(asked, "overview"))
    numbers = {**whole, "controls": controls["mutants"], "failed_controls": controls["nonsilent"]}
    return Picture(figure=figure, sentence=sentence, data=seen.cells, numbers=numbers)


def _said(asked: Asked, whole: Mapping[str, Any], controls: Mapping[str, Any]) -> str:
    """The totals of a screen, in a sentence without its end."""
    if whole["nonsilent"] is None:
        return "Its non-silent mutants were not counted"
    of_mutants = f" of {whole['mutants']:,}" if whole["mutants"] else ""
    said = f"{whole['nonsilent']:,}{of_mutants} mutants are non-silent"
    if asked.screen.is_partial:
        said = (
            f"{whole['nonsilent']:,} non-silent mutants are listed; of the others nothing is known, so no share is told"
        )
    if whole["phenotypes"]:
        said += f" and say {whole['phenotypes']:,} different things"
    if controls["mutants"]:
        said += f"; of {controls['mutants']:,} controls, which change nothing, {controls['nonsilent']:,} are not silent"
    return said


def by_kind(atlas: Atlas, asked: Asked) -> Picture:
    """Counts of the kinds."""
    return _counts(atlas, asked, "kind")


def by_layer(atlas: Atlas, asked: Asked) -> Picture:
    """Counts of the layers."""
    return _counts(atlas, asked, "layer")


def _counts(atlas: Atlas, asked: Asked, by: str) -> Picture:
    seen = atlas.overview(asked.screen, asked.chosen)
    counted = seen.by_operation["nonsilent"]
    if not counted.count():
        raise StatisticsError("The non-silent mutants of this screen were not counted: choose another screen.")
    figure = counts_figure(seen, by, meta=meta_of(asked, f"by_{by}"))
    operations = [told(name) for name in ordered(seen.by_operation["operation"])]
    apart = f"{joined(operations)} apart" if len(operations) > 1 else "".join(operations) or "all operations together"
    listed = " are listed" if asked.screen.is_partial else " in all"
    sentence = f"Non-silent mutants by {by}, {apart}: {int(counted.sum()):,}{listed}."
    if not operations:
        sentence += _of_operations(atlas, asked)
    data = seen.by_operation.group_by(by, "operation").agg(pl.col("mutants", "nonsilent").sum()).sort(by, "operation")
    return Picture(figure=figure, sentence=sentence, data=data)


def _of_operations(atlas: Atlas, asked: Asked) -> str:
    """What is known of the operations of a screen whose matrices do not tell them apart."""
    (totals,) = atlas.totals([asked.screen])
    known = [f"{told(name)} {count:,}" for name, count in totals["by_operation"].items() if count is not None]
    return f" In all matrices together: {joined(known)}." if known else ""


def joined(parts: Sequence[str]) -> str:
    """Some things in a row: a, b and c."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
