"""The command that runs saved genotypes again and tells whether their results have changed."""

import math
from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import Arithmetic, ArithmeticName, Device, Dtype, Output, Session, edge
from explorer.domain.decoding import Prompt
from explorer.domain.errors import ExplorerError, ModelError, WatchError
from explorer.domain.watch import TOLERANCE, Found, Outcome, Watched, judge
from explorer.files.settings import DEMO
from explorer.files.versions import versions
from explorer.files.watch import read_watch, update_watch
from explorer.model.loaded import LoadedModel
from explorer.reports.watch import watch_lines, watch_report
from explorer.workspace.workspace import Workspace

CHANGED = 1
"""The exit code when something is no longer as expected."""


@edge
def watch(
    output: Output,
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
    arithmetic: Arithmetic = ArithmeticName.float32,
) -> None:
    """Run the genotypes of a file again; exit code 1 if a result is no longer as expected."""
    read = read_watch(file)
    session = Session(
        source=model or read.model or DEMO, device=device, dtype=dtype, arithmetic=arithmetic, as_json=output.as_json
    )
    workspace, loaded = session.load()
    found = []
    for run in read.runs:
        try:
            found.append(_run(workspace, loaded, run))
        except ExplorerError as fault:
            raise WatchError(f"{file}, line {run.line}: {fault}") from fault
    made = versions() | loaded.identity
    verdicts = [judge(run.expected, each, tolerance) for run, each in zip(read.runs, found, strict=True)]
    report = watch_report(read, found, verdicts, made, updated=update)
    if update:
        update_watch(read, [each.result for each in found], made)
    output.show(report, watch_lines)
    if not update and any(verdict.status in ("changed", "new") for verdict in verdicts):
        raise typer.Exit(CHANGED)


def _run(workspace: Workspace, model: LoadedModel, run: Watched) -> Found:
    """Run what a watch file holds; see `domain.watch`. Raises NotationError, PromptError and ModelError."""
    from explorer.generation.decoding import near_tie

    is_chat = model.has_chat_template if run.chat is None else run.chat
    prompt = Prompt(text=run.prompt, chat=is_chat, **run.extras)
    genotype = model.anatomy.read(run.genotype)
    *_, update = workspace.pairs.stream(model, prompt, run.decoding, genotype)
    measures = update.measures
    if measures is None:
        raise ModelError("The original model's own forward pass overflows: try another prompt or precision.")
    result = Outcome(
        original="".join(update.original),
        mutated="".join(update.mutated),
        original_tokens=update.original_tokens,
        mutated_tokens=update.mutated_tokens,
        first_divergence=update.first_divergence,
        mean_kl=math.inf if measures.mean_kl is None else measures.mean_kl,
        perplexity=measures.perplexity,
        control_ratio=workspace.instruments.control_ratio(model, genotype),
    )
    return Found(
        result=result,
        original_gaps=measures.original_gaps,
        mutated_gaps=measures.mutated_gaps,
        near_tie=near_tie(model.dtype),
    )
