"""What is read once from the surroundings: folders and limits.

Every setting is an environment variable with a default; docs/settings.md lists them, and a test fails
when it does not.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from explorer.domain.errors import SettingsError
from explorer.files.shipped import shipped

DEMO = "demo"
"""The name of the bundled demo model, and the model meant where none is named."""

_APP = "mutation-explorer"


def _folder(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).expanduser()


def _count(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SettingsError(f"{variable} must be a whole number of 1 or more, not '{text}'.")
    return int(text)


def _switch(variable: str, *, default: bool) -> bool:
    text = os.environ.get(variable) or str(int(default))
    if text not in ("0", "1"):
        raise SettingsError(f"{variable} must be 1 (yes) or 0 (no), not '{text}'.")
    return text == "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Paths and limits of one process."""

    cache_folder: Path = field(default_factory=lambda: _folder("EXPLORER_CACHE", platformdirs.user_cache_path(_APP)))
    """EXPLORER_CACHE: converted models; safe to delete."""
    experiments_folder: Path = field(
        default_factory=lambda: _folder("EXPLORER_EXPERIMENTS", shipped("data") / "experiments")
    )
    """EXPLORER_EXPERIMENTS: the TOML files offered as prompts."""
    recordings_folder: Path = field(
        default_factory=lambda: _folder("EXPLORER_RECORDINGS", shipped("data") / "recordings")
    )
    """EXPLORER_RECORDINGS: the folder of recorded runs that are shown before anything is computed."""
    presets_folder: Path = field(default_factory=lambda: _folder("EXPLORER_PRESETS", shipped("data") / "presets"))
    """EXPLORER_PRESETS: the TOML files of mutations worth showing on the demo model."""
    inputs_file: Path = field(
        default_factory=lambda: _folder("EXPLORER_INPUTS", shipped("data") / "inputs" / "rihf.toml")
    )
    """EXPLORER_INPUTS: the file of inputs that show how a mutant begins its texts."""
    questions_folder: Path = field(default_factory=lambda: _folder("EXPLORER_QUESTIONS", shipped("data") / "questions"))
    """EXPLORER_QUESTIONS: the folder of questions, in MMLU's layout, that each choice continues (form `cloze`)."""
    screens_folder: Path = field(default_factory=lambda: _folder("EXPLORER_SCREENS", shipped("data") / "screens"))
    """EXPLORER_SCREENS: the folder of exported screens that the page shows from the start."""
    database: Path = field(
        default_factory=lambda: _folder("EXPLORER_DATABASE", platformdirs.user_data_path(_APP) / "screens.duckdb")
    )
    """EXPLORER_DATABASE: the DuckDB file of the lab record, which screens of the page are written to as well."""
    programme: Path = field(
        default_factory=lambda: _folder("EXPLORER_PROGRAMME", platformdirs.user_data_path(_APP) / "programme.toml")
    )
    """EXPLORER_PROGRAMME: the TOML file of the programme that is put together in the tab History."""
    keeps_record: bool = field(default_factory=lambda: _switch("EXPLORER_RECORD", default=True))
    """EXPLORER_RECORD: whether runs are kept in the lab record."""
    thresholds: Path = field(
        default_factory=lambda: _folder("EXPLORER_THRESHOLDS", shipped("data") / "thresholds.toml")
    )
    """EXPLORER_THRESHOLDS: the TOML file of the limits beyond which the page warns."""
    models_file: Path = field(default_factory=lambda: _folder("EXPLORER_MODELS", shipped("data") / "models.toml"))
    """EXPLORER_MODELS: the TOML file of models that are offered to begin with."""
    texts_file: Path = field(
        default_factory=lambda: _folder("EXPLORER_TEXTS", shipped("data") / "texts" / "damage.toml")
    )
    """EXPLORER_TEXTS: the TOML file of texts that damage is measured on."""
    evolve_folder: Path = field(default_factory=lambda: _folder("EXPLORER_EVOLVE", shipped("data") / "evolve"))
    """EXPLORER_EVOLVE: the folder of evolutions that are offered, as TOML files."""
    baselines_kept: int = field(default_factory=lambda: _count("EXPLORER_BASELINES", 8))
    """EXPLORER_BASELINES: how many baselines, with their activations, stay in memory."""
