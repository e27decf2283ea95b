"""The command that runs saved genotypes again and tells whether their results have changed."""

from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import AsJson, Device, Dtype, faults, load, show
from explorer.errors import ExplorerError, WatchError
from explorer.settings import DEMO
from explorer.versions import versions
from explorer.watching import TOLERANCE, judge, read_watch, update_watch

CHANGED = 1
"""The exit code when something is no longer as expected."""


def watch(
    file: Annotated[Path, typer.Argument(help="A TOML file of genotypes and prompts.")],
    update: Annotated[
        bool, typer.Option("--update", help="Write what is found as what is expected from now on.")
    ] = False,
    tolerance: Annotated[
        float, typer.Option(min=0, help="How far measures may be apart, relative to the larger.")
    ] = TOLERANCE,
    model: Annotated[
        str | None, typer.Option("--model", help="demo, a folder, a .gguf file or a hub id; the file's by default.")
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
    as_json: AsJson = False,
) -> None:
    """Run the genotypes of a file again; exit code 1 if a result is no longer as expected."""
    with faults(as_json):
        from explorer.reports.watch import run_watched, watch_lines, watch_report

        read = read_watch(file)
        workspace, loaded = load(model or read.model or DEMO, device, dtype, as_json)
        found = []
        for run in read.runs:
            try:
                found.append(run_watched(workspace, loaded, run))
            except ExplorerError as fault:
                raise WatchError(f"{file}, line {run.line}: {fault}") from fault
        made = versions() | loaded.identity
        verdicts = [judge(run.expected, each, tolerance) for run, each in zip(read.runs, found, strict=True)]
        report = watch_report(read, found, verdicts, made, updated=update)
        if update:
            update_watch(read, [each.result for each in found], made)
        show(report, as_json, watch_lines)
        if not update and any(verdict.status in ("changed", "new") for verdict in verdicts):
            raise typer.Exit(CHANGED)
