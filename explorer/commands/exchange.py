"""The commands that take a mutant elsewhere, and compare with what is there: save, patch, apply, diff, lm-eval."""

from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import Session, edge, listed
from explorer.domain.notation import format_genotype, parse_genotype
from explorer.files.folders import check_new_file, check_new_folder
from explorer.reports.exchange import (
    diff_lines,
    diff_report,
    harness_lines,
    harness_report,
    patch_lines,
    saved_lines,
    size_text,
)
from explorer.tasks.harness import Order, check_installed, check_order, evaluate

Mutations = Annotated[str, typer.Argument(help="Such as '11.down[507,1229]=0'.")]
LARGE = 100_000
"""Values of a patch whose size is said before it is written."""
Folder = Annotated[Path, typer.Option("--folder", help="A new folder for the model.")]


@edge
def save(
    session: Session,
    genotype: Mutations,
    folder: Folder,
) -> None:
    """Write the mutated model as a folder of safetensors, which transformers loads as any other model."""
    parse_genotype(genotype)
    check_new_folder(folder)
    workspace, loaded = session.load()
    read = loaded.anatomy.read(genotype)
    size = workspace.exchange.save(loaded, read, folder)
    report = {"genotype": format_genotype(read), "model": loaded.name, "folder": str(folder), "bytes": size}
    session.show(report, saved_lines)


@edge
def patch(
    session: Session,
    genotype: Mutations,
    file: Annotated[Path, typer.Option("--file", help="A new file, such as paris.patch.json.")],
) -> None:
    """Write what a mutation changes as a small file: old and new values, bound to this very model."""
    from explorer.mutation.patch_file import patch_bytes, write_patch

    parse_genotype(genotype)
    check_new_file(file)
    workspace, loaded = session.load()
    read = loaded.anatomy.read(genotype)
    count = workspace.weights.count(loaded, read)
    if count > LARGE and not session.as_json:
        typer.echo(f"{count:,} values, old and new: up to {size_text(patch_bytes(loaded, count))} …", err=True)
    made = workspace.exchange.patch(loaded, read)
    size = write_patch(made, file)
    report = {
        "genotype": made.genotype,
        "model": made.model,
        "dtype": made.dtype,
        "fingerprint": made.fingerprint,
        "values": made.weight_count,
        "file": str(file),
        "bytes": size,
    }
    session.show(report, patch_lines)


@edge
def apply(
    session: Session,
    file: Annotated[Path, typer.Argument(help="A patch that 'patch' or the page has written.")],
    folder: Folder,
) -> None:
    """Write the model that a patch makes of the one that it was made from; any other is refused."""
    from explorer.mutation.patch_file import read_patch

    read = read_patch(file)
    check_new_folder(folder)
    workspace, loaded = session.load()
    size = workspace.exchange.save_patched(loaded, read, folder)
    report = {"genotype": read.genotype, "model": loaded.name, "folder": str(folder), "bytes": size}
    session.show(report, saved_lines)


@edge
def diff(
    session: Session,
    donor: Annotated[str, typer.Argument(metavar="MODEL_B", help="Compared with --model: demo, a folder, a hub id.")],
    grafts: Annotated[int, typer.Option(min=0, help="A genotype that grafts so many of the most different ones.")] = 5,
) -> None:
    """Compare the weights of two checkpoints of the same shapes, matrix by matrix; nothing of MODEL_B is run."""
    workspace, loaded = session.load()
    found = [each for some in workspace.weights.differences(loaded, donor) for each in some]
    session.show(diff_report(loaded.name, donor, found, grafts), diff_lines)


@edge
def lm_eval(
    session: Session,
    genotype: Mutations,
    tasks: Annotated[
        str, typer.Option(help="Of lm-evaluation-harness, such as 'arc_easy,mmlu_*', or paths of YAML files.")
    ],
    include_path: Annotated[
        Path | None, typer.Option(help="A folder of further YAML files, whose tasks go by name.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The most documents of a task.")] = None,
    num_fewshot: Annotated[int | None, typer.Option(min=0, help="Examples shown; as the task says by default.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts of one forward pass.")] = 8,
    chat: Annotated[bool, typer.Option("--chat/--raw", help="Put documents as chats.")] = False,
) -> None:
    """Score the original and the mutant on tasks of lm-evaluation-harness (extra 'lm-eval')."""

    order = Order(
        tasks=listed(tasks),
        include_path=include_path,
        limit=limit,
        num_fewshot=num_fewshot,
        batch_size=batch_size,
        as_chat=chat,
    )
    parse_genotype(genotype)
    check_installed()
    check_order(order)
    workspace, loaded = session.load()
    read = loaded.anatomy.read(genotype)
    scored = workspace.computing.answer(evaluate, loaded, read, order)
    session.show(harness_report(format_genotype(read), loaded.name, scored), harness_lines)
