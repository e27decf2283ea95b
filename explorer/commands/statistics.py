"""The command of the statistics: the numbers behind a picture of the Statistics tab."""

from pathlib import Path
from typing import Annotated

import typer

from explorer.atlas.atlas import Atlas
from explorer.atlas.pictures.asked import Asked
from explorer.atlas.pictures.drawing import draw
from explorer.commands.options import Output, atlas_of, edge, listed
from explorer.domain.errors import StoreError
from explorer.domain.screens import StoredScreen
from explorer.files.settings import Settings
from explorer.reports.statistics import View, picture_of, statistics_lines, statistics_report
from explorer.statistics import overview
from explorer.statistics import severity as severities
from explorer.statistics.filters import Filter, chosen_operations, read_layers
from explorer.statistics.malignant import Limits


@edge
def stats(
    output: Output,
    view: Annotated[View, typer.Argument(help="Which statistic.")],
    database: Annotated[
        Path | None, typer.Option("--db", help="A DuckDB file or a folder of exported screens; the bundled screens.")
    ] = None,
    screen: Annotated[int | None, typer.Option(help="The number of a screen; the first by default.")] = None,
    other: Annotated[int | None, typer.Option("--with", help="The number of a screen to compare with.")] = None,
    matrix: Annotated[str, typer.Option(help="Such as 11.down; a telling one by default.")] = "",
    operations: Annotated[str, typer.Option(help="Only these of max, min and zero, separated by commas.")] = "",
    layers: Annotated[str, typer.Option(help="Only these, such as '0-5, 11'.")] = "",
    kinds: Annotated[str, typer.Option(help="Only these kinds of matrix, separated by commas.")] = "",
    axes: Annotated[str, typer.Option(help="Of stripes: such as 'v column'; the most sensitive by default.")] = "",
    measure: Annotated[overview.Measure, typer.Option(help="Of the overview: what a cell tells.")] = "nonsilent",
    severity: Annotated[
        severities.Measure | None, typer.Option(help="Of maps: show those that are this bad, by its mildest step.")
    ] = None,
    threshold: Annotated[float | None, typer.Option(help="And your own threshold of it, or of the cosine.")] = None,
    cosine: Annotated[float, typer.Option(min=0, max=1, help="A malignant mutant has this cosine at most,")] = 0.5,
    score: Annotated[float, typer.Option(min=0, help="and so many right answers.")] = 8,
    word: Annotated[str, typer.Option(help="Of the word map: the first word; the most frequent unusual one.")] = "",
) -> None:
    """Print the numbers behind a picture of the Statistics tab; needs no model."""

    chosen = Filter(
        operations=chosen_operations(operations),
        layers=read_layers(layers),
        kinds=listed(kinds),
    )
    atlas = atlas_of(database or Settings().screens_folder)
    asked = Asked(
        screen=_numbered(atlas, screen),
        chosen=chosen,
        matrix=matrix,
        axes=axes,
        other=None if other is None else _numbered(atlas, other),
        measure=measure,
        severity=severities.Severity.asked(severity, threshold),
        limits=Limits(cosine=cosine, score=score),
        word=word,
    )
    picture = draw(picture_of(view), atlas, asked)
    output.show(statistics_report(asked.screen, picture), statistics_lines)


def _numbered(atlas: Atlas, number: int | None) -> StoredScreen:
    """The screen of that number, or the first. Raises StoreError."""
    screens, fault = atlas.stored()
    if not screens:
        raise StoreError(fault or "There is no screen in this database yet: run one first.")
    found = next((screen for screen in screens if number in (None, screen.screen)), None)
    if found is None:
        known = ", ".join(str(screen.screen) for screen in screens)
        raise StoreError(f"There is no screen {number} in this database: it has {known}.")
    return found
