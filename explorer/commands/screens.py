"""The commands of screens: run one, ask the database."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import (
    Output,
    Session,
    edge,
    tell_unkept,
)
from explorer.domain.errors import ExperimentError, PlanError, StoreError
from explorer.domain.evaluation import Task
from explorer.domain.experiments import Experiment
from explorer.domain.screened import WHOLE_UNITS, read_operations
from explorer.domain.screens import matrices_told
from explorer.files.experiments import read_experiment, read_experiments
from explorer.files.settings import Settings
from explorer.files.sites import read_sites
from explorer.reports.screens import (
    duration,
    estimate_lines,
    export_lines,
    import_lines,
    progress_line,
    screen_lines,
)
from explorer.screen.order import Order
from explorer.screen.plan import Plan, as_stored, matrices_of
from explorer.store.console import MOST_ROWS, MOST_SECONDS, ask
from explorer.store.database import opened
from explorer.store.parquet import check_folder, export_screens, import_screens
from explorer.tasks.questions import BUNDLED, bundled_questions
from explorer.tasks.sample import task_experiment
from explorer.workspace.behaviour import mmlu_questions


class UnitName(StrEnum):
    """What a mutant changes."""

    block = "block"
    row = "row"
    column = "column"
    weight = "weight"
    matrix = "matrix"
    head = "head"
    kvhead = "kvhead"
    expert = "expert"
    layer = "layer"


class ModeName(StrEnum):
    """What is found out of a mutant."""

    divergence = "divergence"
    text = "text"


class ByName(StrEnum):
    """What counts as the answer to a question."""

    likelihood = "likelihood"
    letter = "letter"


Database = Annotated[Path, typer.Option("--db", help="The DuckDB file.")]


@edge
def screen(
    session: Session,
    database: Annotated[Path | None, typer.Option("--db", help="The DuckDB file.")] = None,
    matrices: Annotated[str, typer.Option(help="Patterns such as '*.down, 0-5.v, 11.*'.")] = "",
    sites: Annotated[
        Path | None, typer.Option(help="A file of places, one a line, such as 11.down[0:96,96:192]: only units there.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print plan, size, time and disk, by measuring a batch or two."),
    ] = False,
    experiment: Annotated[str, typer.Option(help="The name of an experiment, or the path of a TOML file.")] = "",
    task: Annotated[
        str,
        typer.Option(
            help="Ask questions instead: 'facts', the bundled ones, or a folder in MMLU's layout, also one with "
            "test_right and test_wrong."
        ),
    ] = "",
    subject: Annotated[str, typer.Option(help="Of a task: its questions on this subject alone.")] = "",
    right: Annotated[int, typer.Option(min=1, help="Of a task: questions that the original gets right.")] = 14,
    wrong: Annotated[int, typer.Option(min=0, help="And those that it gets wrong.")] = 7,
    shots: Annotated[int, typer.Option(min=0, help="Answered questions shown before each.")] = 0,
    by: Annotated[ByName, typer.Option(help="What counts as its answer.")] = ByName.likelihood,
    unit: Annotated[UnitName, typer.Option(help="What a mutant changes.")] = UnitName.block,
    step: Annotated[int, typer.Option(help="The side of a block.")] = 64,
    operations: Annotated[
        str, typer.Option(help="max, min, zero, mean, or any other, such as round4,prune50,rank10%,*0.5.")
    ] = "max,min",
    mode: Annotated[
        ModeName, typer.Option(help="divergence: whether and where a mutant parts; text: its whole answer too.")
    ] = ModeName.divergence,
    rate: Annotated[float, typer.Option(help="The share of the units to screen, drawn at random.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Of that draw, and of the questions of a task.")] = 0,
    background: Annotated[str, typer.Option(help="Mutations that every mutant has, and is compared with.")] = "",
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Ray cluster that computes; 'local': this machine.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Of Ray; one a GPU, or one for two CPUs.")] = None,
) -> None:
    """Screen a model: mutate unit after unit, and store what each mutant does. Killed, it goes on where it was."""

    places = read_sites(sites) if sites is not None else ()
    matrices = matrices or (f"*.{unit.value}" if unit.value in WHOLE_UNITS else "")
    if not (matrices or places):
        raise PlanError("Name matrices with --matrices, such as '*.down', or places of them with --sites FILE.")
    if database is None and not dry_run:
        raise StoreError("Name the database with --db FILE, or ask for --dry-run.")
    plan = Plan(
        matrices=matrices or matrices_of(places),
        sites=places,
        unit=unit.value,
        step=step,
        operations=read_operations(operations),
        rate=rate,
        seed=seed,
    )
    chosen = _task(task, subject, right, wrong, shots, by, seed) if task else _experiment(experiment)
    kept = ModeName.text if chosen.task else mode  # answers to questions are always kept
    order = Order(source=session.model, experiment=chosen, plan=plan, background=background, mode=kept.value)
    workspace, _ = session.load()
    if dry_run:
        estimate = workspace.screens.estimate(order, is_behind=False)
        session.show({"plan": as_stored(plan), "experiment": chosen.name, **estimate._asdict()}, estimate_lines)
        return
    with workspace.screens.running(order, database, ray=ray, workers=workers) as running:
        if not session.as_json:
            typer.echo(
                f"{running.total:,} mutants of {matrices_told(running.matrices)}, about {duration(running.estimate())}",
                err=True,
            )
        for progress in running.progress:
            if not session.as_json and sys.stderr.isatty():
                typer.echo(f"\r{progress_line(progress)}", err=True, nl=progress.done == progress.total)
        session.show(running.report(), screen_lines)
    tell_unkept(workspace)


@edge
def sql(
    output: Output,
    query: Annotated[str, typer.Argument(help="Such as 'SELECT operation, count(*) FROM mutants GROUP BY ALL'.")],
    database: Database,
    limit: Annotated[int, typer.Option(min=1, help="The most rows.")] = MOST_ROWS,
    timeout: Annotated[float, typer.Option(min=0.1, help="The most seconds; Ctrl-C stops it before.")] = MOST_SECONDS,
) -> None:
    """Ask a database of screens one question; it can read that database and nothing else of the machine."""
    answer = ask(database, query, most_rows=limit, most_seconds=timeout)
    if output.as_json:
        typer.echo(json.dumps([dict(zip(answer.columns, row, strict=True)) for row in answer.rows], default=str))
    else:
        typer.echo("\n".join("\t".join(map(str, row)) for row in [answer.columns, *answer.rows]))
    if answer.is_cut:
        typer.echo(f"These are the first {limit:,} rows: --limit asks for more.", err=True)


@edge
def export(
    output: Output,
    folder: Annotated[Path, typer.Argument(help="A new folder for the Parquet files.")],
    database: Database,
    screens: Annotated[list[int] | None, typer.Option("--screen", help="Of these screens alone.")] = None,
) -> None:
    """Write screens as Parquet files, one a table."""

    with opened(database, read_only=True) as connection:
        export_screens(connection, screens or (), folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    output.show({"folder": str(folder), "bytes": size}, export_lines)


@edge
def import_(
    output: Output,
    folder: Annotated[Path, typer.Argument(help="A folder that 'export' has written.")],
    database: Database,
) -> None:
    """Add exported screens to a database; those that it has already are left as they are."""

    check_folder(folder)
    with opened(database) as connection:
        added = import_screens(connection, folder)
    output.show({"screens": added}, import_lines)


def _task(name: str, subject: str, right: int, wrong: int, shots: int, by: ByName, seed: int) -> Experiment:
    """The questions of that name, or of that folder, as an experiment. Raises TaskError."""

    subjects = (subject,) if subject else None
    if name == BUNDLED:
        questions = bundled_questions(Settings().questions_folder, subjects)
    else:
        questions = mmlu_questions(Path(name), subjects=subjects)
    task = Task(questions=questions, shots=shots, right=right, wrong=wrong, seed=seed, by=by.value)
    return task_experiment(task)


def _experiment(name: str) -> Experiment:
    """The experiment of that name, or of that file. Raises ExperimentError."""
    if name.endswith(".toml"):
        return read_experiment(Path(name))
    known = {each.name: each for each in read_experiments(Settings().experiments_folder)}
    if name not in known:
        raise ExperimentError(f"There is no experiment '{name}': name a TOML file, or one of {', '.join(known)}.")
    return known[name]
