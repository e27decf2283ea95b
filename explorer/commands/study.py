"""The command that imports what the study published."""

from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import Output, edge, listed
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
    shape: Annotated[str, typer.Option(help="llama2-7b, zephyr, or the path of a model's config.json.")],
    experiment: Annotated[str | None, typer.Option(help="That of the logs, such as drosophila.")] = None,
    step: Annotated[
        int | None, typer.Option(min=1, help="The side of a block; that of the code files, or 64, by default.")
    ] = None,
    operations: Annotated[
        str, typer.Option(help="Those that were screened, of max, min and zero; those that occur by default.")
    ] = "",
    all_matrices: Annotated[
        bool, typer.Option("--all-matrices", help="A matrix that no file mentions is a silent one.")
    ] = False,
) -> None:
    """Add the screens that the study published to a database; those that it has already are left as they are."""

    question = Question(
        paths=tuple(paths),
        shape=shape,
        experiment=experiment,
        step=step,
        operations=tuple(dict.fromkeys(listed(operations))),
        all_matrices=all_matrices,
    )
    study = read_study(question, {each.name: each for each in read_experiments(Settings().experiments_folder)})
    with opened(database) as connection:
        report = study.store(connection)
    output.show(report, study_lines)
