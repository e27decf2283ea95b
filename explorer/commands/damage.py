"""The commands of damage tables: what operations on single matrices cost, and advice within a budget of bits."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import Session, edge
from explorer.domain.damage import DamageTable
from explorer.domain.errors import StatisticsError
from explorer.domain.screened import read_operations
from explorer.reports.damage import advice_lines, advice_report, damage_lines, damage_report, read_damage
from explorer.statistics.advice import ROUNDINGS, bits_within
from explorer.tasks.comparison import shortened


@edge
def damage(
    session: Session,
    operations: Annotated[
        str, typer.Option(help="What is done to each matrix, such as round4,prune50,rank10%.")
    ] = "round4,round3,prune50,rank50%",
    questions: Annotated[int, typer.Option(min=0, help="Also ask each so many of the bundled questions.")] = 0,
) -> None:
    """Measure what operations on each matrix of each layer cost, over fixed texts."""
    names = read_operations(operations)
    if not names:
        raise StatisticsError("Name operations, such as --operations round4,prune50.")
    workspace, loaded = session.load()
    asked = shortened(workspace.behaviour.question_sets()[0], questions) if questions else None
    table = _last(workspace.damages.table(loaded, names, asked), is_silent=session.as_json)
    session.show(damage_report(table, loaded.fingerprint), damage_lines)


@edge
def advise(
    session: Session,
    bits: Annotated[float | None, typer.Option(help="Bits a weight, on average, at most.")] = None,
    megabytes: Annotated[float | None, typer.Option(help="Or what all of the model may take, in MB.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="A damage table that 'damage --json' has written; else one is measured.")
    ] = None,
) -> None:
    """Advise how many bits each matrix keeps within a budget, and try it beside uniform bits on unseen texts."""
    if (bits is None) == (megabytes is None):
        raise StatisticsError("Name one budget: --bits 4.0, or --megabytes 120.")
    held = None if table is None else read_damage(table)
    workspace, loaded = session.load()
    if held is None:
        steps = workspace.damages.table(loaded, ROUNDINGS)
        found = _last(steps, is_silent=session.as_json)
    else:
        found, fingerprint = held
        if fingerprint != loaded.fingerprint:
            raise StatisticsError(f"{table} is of another model, or of other weights: measure the damage of this one.")
    average = bits_within(found, megabytes) if megabytes is not None else float(bits or 0)
    session.show(advice_report(workspace.damages.compare(loaded, found, average)), advice_lines)


def _last(steps: Iterator[tuple[int, DamageTable]], *, is_silent: bool) -> DamageTable:
    """The whole table, with a line on its progress."""
    table: DamageTable | None = None
    for total, table in steps:  # the last is wanted
        if not is_silent and sys.stderr.isatty():
            typer.echo(f"\r{len(table.rows):,} of {total:,} measured", err=True, nl=len(table.rows) == total)
    assert table is not None
    return table
