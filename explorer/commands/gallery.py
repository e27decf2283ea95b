"""The command of the gallery: what mutants of the stored screens say."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from explorer.atlas.cards import Gallery
from explorer.commands.options import Output, atlas_of, edge, listed
from explorer.files.settings import Settings
from explorer.reports.gallery import gallery_lines, gallery_report
from explorer.statistics.filters import chosen_operations, read_layers
from explorer.store.gallery import Order, Wanted


class SortName(StrEnum):
    """What phenotypes can be sorted by."""

    mutants = "mutants"
    cosine = "cosine"
    perplexity = "perplexity"
    repetition = "repetition"
    length = "length"
    layer = "layer"


@edge
def gallery(
    output: Output,
    database: Annotated[
        Path | None, typer.Option("--db", help="A DuckDB file or a folder of exported screens; the bundled screens.")
    ] = None,
    screen: Annotated[int | None, typer.Option(help="The number of a screen; all by default.")] = None,
    style: Annotated[str, typer.Option(help="Only these styles, separated by commas, such as 'poem, loop'.")] = "",
    search: Annotated[str, typer.Option(help="Words, all of which begin some word of the text.")] = "",
    layers: Annotated[str, typer.Option(help="Only these, such as '0-5, 11'.")] = "",
    kinds: Annotated[str, typer.Option(help="Only these kinds of matrix, separated by commas.")] = "",
    operations: Annotated[str, typer.Option(help="Only these of max, min and zero, separated by commas.")] = "",
    sort: Annotated[SortName, typer.Option(help="What they are sorted by, the largest first.")] = SortName.mutants,
    rising: Annotated[bool, typer.Option("--rising", help="The smallest first.")] = False,
    group: Annotated[
        bool, typer.Option("--group", help="One of each group of texts that are nearly the same.")
    ] = False,
    surprise: Annotated[
        int | None, typer.Option(help="One at random, the odd ones first; the same number draws the same.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The most that are printed.")] = 20,
) -> None:
    """Print what mutants of the stored screens say; needs no model."""

    atlas = atlas_of(database or Settings().screens_folder)
    choice = "own" if screen is None else f"own:{screen}"
    wanted = Wanted(
        styles=listed(style),
        operations=chosen_operations(operations),
        kinds=listed(kinds),
        layers=read_layers(layers),
        words=search,
    )
    if surprise is not None:
        found = Gallery([atlas.phenotypes.surprise(choice, wanted, surprise)], 1)
    else:
        found = atlas.phenotypes.page(
            choice, wanted, Order(sort=sort.value, is_rising=rising, is_grouped=group), size=limit
        )
    output.show(gallery_report(found), gallery_lines)
