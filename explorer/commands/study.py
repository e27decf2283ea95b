"""The command that imports what the study published."""

from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import Output, Teller, edge, listed
from explorer.commands.screens import Database
from explorer.files.experiments import read_experiments
from explorer.files.settings import Settings
from explorer.reports.study import study_lines
from explorer.screen.study import Question, read_study
from explorer.store.database import opened


@edge
def import_study(
    output: Output,
    paths: Annotated[list[Path], typer.Argument(help="Logs, code files and tables of the study, or their folders.")],
    database: Database,
    shape: Annotated[
        str | None,
        typer.Option(
            help="llama2-7b, zephyr, or a model's config.json; by default what names of sheets and files tell."
        ),
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(help="That of the logs, such as drosophila; by default what their names tell.")
    ] = None,
    step: Annotated[
        int | None, typer.Option(min=1, help="The side of a block; that of the code files, or 64, by default.")
    ] = None,
    operations: Annotated[
        str, typer.Option(help="Those that were screened, of max, min and zero; those that occur by default.")
    ] = "",
    all_matrices: Annotated[
        bool, typer.Option("--all-matrices", help="A matrix that no file mentions is a silent one.")
    ] = False,
    complete: Annotated[
        bool,
        typer.Option("--complete", help="Logs reach the end of their matrices, tables list all that is non-silent."),
    ] = False,
    swapped: Annotated[
        bool | None,
        typer.Option("--swapped/--not-swapped", help="Max and min of the logs are exchanged, as since January 2025."),
    ] = None,
) -> None:
    """Add the screens that the study published to a database; those that it has already are left as they are."""

    question = Question(
        paths=tuple(paths),
        shape=shape,
        experiment=experiment,
        step=step,
        operations=tuple(dict.fromkeys(listed(operations))),
        all_matrices=all_matrices,
        complete=complete,
        swapped=swapped,
    )
    known = {each.name: each for each in read_experiments(Settings().experiments_folder)}
    teller = Teller(is_silent=output.as_json, progress="")
    study = read_study(question, known, teller.tell)
    with opened(database) as connection:
        report = study.store(connection, teller.tell)
    teller.end()
    output.show(report, study_lines)
    if not report["screens"]:
        raise typer.Exit(1)
