"""The commands that take a mutant elsewhere: save, patch, apply."""

from pathlib import Path
from typing import Annotated

import typer

from explorer.commands.options import AsJson, Device, Dtype, Model, faults, load, show
from explorer.files import check_new_file, check_new_folder
from explorer.notation import format_genotype, parse_genotype
from explorer.reports.exchange import patch_lines, saved_lines
from explorer.settings import DEMO

Mutations = Annotated[str, typer.Argument(help="Such as '11.down[507,1229]=0'.")]
Folder = Annotated[Path, typer.Option("--folder", help="A new folder for the model.")]


def save(
    genotype: Mutations,
    folder: Folder,
    model: Model = DEMO,
    device: Device = None,
    dtype: Dtype = None,
    as_json: AsJson = False,
) -> None:
    """Write the mutated model as a folder of safetensors, which transformers loads as any other model."""
    with faults(as_json):
        parse_genotype(genotype)
        check_new_folder(folder)
        workspace, loaded = load(model, device, dtype, as_json)
        read = loaded.anatomy.read(genotype)
        size = workspace.save(loaded, read, folder)
        report = {"genotype": format_genotype(read), "model": loaded.name, "folder": str(folder), "bytes": size}
        show(report, as_json, saved_lines)


def patch(
    genotype: Mutations,
    file: Annotated[Path, typer.Option("--file", help="A new file, such as paris.patch.json.")],
    model: Model = DEMO,
    device: Device = None,
    dtype: Dtype = None,
    as_json: AsJson = False,
) -> None:
    """Write what a mutation changes as a small file: old and new values, bound to this very model."""
    with faults(as_json):
        from explorer.mutation.patch_file import write_patch

        parse_genotype(genotype)
        check_new_file(file)
        workspace, loaded = load(model, device, dtype, as_json)
        made = workspace.patch(loaded, loaded.anatomy.read(genotype))
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
        show(report, as_json, patch_lines)


def apply(
    file: Annotated[Path, typer.Argument(help="A patch that 'patch' or the page has written.")],
    folder: Folder,
    model: Model = DEMO,
    device: Device = None,
    dtype: Dtype = None,
    as_json: AsJson = False,
) -> None:
    """Write the model that a patch makes of the one that it was made from; any other is refused."""
    with faults(as_json):
        from explorer.mutation.patch_file import read_patch

        read = read_patch(file)
        check_new_folder(folder)
        workspace, loaded = load(model, device, dtype, as_json)
        size = workspace.save_patched(loaded, read, folder)
        report = {"genotype": read.genotype, "model": loaded.name, "folder": str(folder), "bytes": size}
        show(report, as_json, saved_lines)
