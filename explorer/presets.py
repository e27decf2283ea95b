"""Presets: genotypes worth showing, each with the prompt that shows it and what it must do, as TOML files.

An experiment file with three keys more (docs/presets.md): `genotype`, `shows`, and `says`, which a test replays.
"""

from dataclasses import dataclass
from pathlib import Path

from explorer.domain import Experiment
from explorer.errors import ExperimentError, NotationError
from explorer.experiments import read_table
from explorer.notation import parse_genotype

EXTRA_KEYS: dict[str, tuple[type, ...]] = {"genotype": (str,), "shows": (str,), "says": (str,)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A genotype of the demo model with the experiment that shows what it does."""

    experiment: Experiment
    genotype: str
    """In notation."""
    shows: str
    """What to look at, in a sentence."""
    says: str
    """The beginning of the mutant's text; the original's own, word for word, where the mutant is silent."""


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
    return tuple(read_preset(path) for path in sorted(folder.glob("*.toml")))
