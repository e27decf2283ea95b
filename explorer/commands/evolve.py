"""The command of directed evolution: search, list, export."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import Session, edge, listed, tell_unkept
from explorer.domain.errors import EvolutionError
from explorer.domain.evolution import Evolution, EvolutionOrder, read_target
from explorer.files.evolutions import read_evolution
from explorer.files.folders import check_new_folder
from explorer.reports.evolution import evolution_lines, evolution_report, list_lines, list_report, progress_line
from explorer.store.database import opened
from explorer.store.evolutions import export
from explorer.workspace.workspace import Workspace

DEFAULT = "poet"


@edge
def evolve(
    session: Session,
    what: Annotated[str, typer.Argument(help="The name of a preset, or the path of a TOML file.")] = DEFAULT,
    targets: Annotated[
        list[str] | None, typer.Option("--target", help="Instead of its targets, such as style:poem; again for more.")
    ] = None,
    prompts: Annotated[Path | None, typer.Option(help="Instead of its prompts: a file with one on each line.")] = None,
    matrices: Annotated[str | None, typer.Option(help="Patterns such as '*.down, 0-5.v, 11.*'.")] = None,
    units: Annotated[str | None, typer.Option(help="Such as block,row,column,weight,head.")] = None,
    operations: Annotated[str | None, typer.Option(help="Such as max,min,zero,*2,round4.")] = None,
    most: Annotated[int | None, typer.Option(help="Mutations of a genotype, at most.")] = None,
    background: Annotated[str | None, typer.Option(help="Mutations that every genotype comes on top of.")] = None,
    evaluations: Annotated[
        int | None, typer.Option(help="Genotypes to try; as many by chance are tried beside them.")
    ] = None,
    population: Annotated[int | None, typer.Option(help="Genotypes of a generation.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all that chance decides.")] = None,
    database: Annotated[Path | None, typer.Option("--db", help="The DuckDB file; else the page's own.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Also write it as Parquet files into this new folder.")] = None,
    shows_list: Annotated[bool, typer.Option("--list", help="List presets, targets and stored evolutions.")] = False,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Ray cluster that computes; 'local': this machine.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Of Ray; one a GPU, or one for two CPUs.")] = None,
) -> None:
    """Evolve genotypes towards a behaviour, and tell how much of it is real. Killed, it goes on where it was."""
    if shows_list:
        workspace = Workspace(session.model)
        session.show(list_report(workspace.evolutions.presets(), workspace.evolutions.stored()), list_lines)
        return
    evolution = _named(what).changed(
        {
            "matrices": matrices,
            "units": None if units is None else listed(units),
            "operations": operations,
            "most": most,
        },
        targets=None if targets is None else tuple(map(read_target, targets)),
        prompts=None if prompts is None else _lines(prompts),
        background=background,
        evaluations=evaluations,
        population=population,
        seed=seed,
    )
    if parquet is not None:
        check_new_folder(parquet)
    workspace, _ = session.load()
    order = EvolutionOrder(source=session.model, evolution=evolution)
    with workspace.evolutions.running(order, database, ray=ray, workers=workers) as running:
        for progress in running.progress:
            if not session.as_json and sys.stderr.isatty():
                typer.echo(f"\r{progress_line(progress)}", err=True, nl=progress.phase == "done")
        found = running.stored()
    if parquet is not None:
        with opened(database or workspace.settings.database, read_only=True) as connection:
            export(connection, found.number, parquet)
    session.show(evolution_report(found), evolution_lines)
    tell_unkept(workspace)


def _named(what: str) -> Evolution:
    """Raises EvolutionError."""
    if what.endswith(".toml"):
        return read_evolution(Path(what)).evolution
    known = {each.name: each.evolution for each in Workspace().evolutions.presets()}
    if what not in known:
        raise EvolutionError(f"There is no preset '{what}': name a TOML file, or one of {', '.join(known)}.")
    return known[what]


def _lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as fault:
        raise EvolutionError(f"{path} cannot be read: {fault}. Name a text file with a prompt on each line.") from fault
