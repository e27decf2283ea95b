"""Presets as TOML files: experiment files with three keys more (docs/presets.md).

`genotype`, `shows`, and `says`, which a test replays.
"""

from pathlib import Path

from explorer.domain.errors import ExperimentError, NotationError
from explorer.domain.experiments import Preset
from explorer.domain.notation import parse_genotype
from explorer.files.experiments import read_table
from explorer.files.toml import toml_files

EXTRA_KEYS: dict[str, tuple[type, ...]] = {"genotype": (str,), "shows": (str,), "says": (str,)}


def read_preset(path: Path) -> Preset:
    """Read one file. Raises ExperimentError with file and line, or with what is wrong with the genotype."""
    experiment, extra = read_table(path, EXTRA_KEYS)
    missing = [key for key in EXTRA_KEYS if key not in extra]
    if missing:
        raise ExperimentError(f"{path}: the key '{missing[0]}' is missing.")
    try:
        parse_genotype(extra["genotype"])
    except NotationError as fault:
        raise ExperimentError(f"{path}: {fault}") from fault
    return Preset(experiment=experiment, **extra)


def read_presets(folder: Path) -> tuple[Preset, ...]:
    """All presets of a folder, in the order of their file names. Raises ExperimentError."""
    return tuple(read_preset(path) for path in toml_files(folder, ExperimentError))
