"""Experiments as TOML files: a prompt with its decoding, under a name, and what it is for.

Owns the file format, which docs/experiments.md describes.
"""

from pathlib import Path
from typing import Any

from explorer.domain.decoding import Decoding, Prompt, read_extras
from explorer.domain.errors import DecodingError, ExperimentError, PromptError
from explorer.domain.experiments import Experiment
from explorer.files.toml import check_table, name_of, read_toml, toml_files

DECODING_TYPES: dict[str, tuple[type, ...]] = {
    "max_new_tokens": (int,),
    "temperature": (int, float),
    "top_p": (int, float),
    "seed": (int,),
    "top_k": (int,),
    "max_length": (int,),
}
"""What TOML files say of decoding, and how."""


def read_experiment(path: Path) -> Experiment:
    """Read one file; its stem, less a number that orders the files, is the experiment's name.

    Raises ExperimentError with file and line.
    """
    return read_table(path, {})[0]


def read_table(path: Path, extra: dict[str, tuple[type, ...]]) -> tuple[Experiment, dict[str, Any]]:
    """As `read_experiment`, with the values of further keys, of the types given, that the file may have."""
    text, table = read_toml(path, ExperimentError)
    _check_keys(path, text, table, extra)
    try:
        experiment = Experiment(
            name=name_of(path),
            title=table.get("title", name_of(path)),
            prompt=Prompt(text=table["prompt"], chat=table.get("chat", True), **read_extras(table)),
            decoding=Decoding(**table.get("decoding", {})),
            purpose=table.get("purpose", ""),
        )
    except (DecodingError, PromptError) as fault:
        raise ExperimentError(f"{path}: {fault}") from fault
    return experiment, {key: table[key] for key in extra if key in table}


def read_experiments(folder: Path) -> tuple[Experiment, ...]:
    """All experiments of a folder, in the order of their file names. Raises ExperimentError."""
    return tuple(read_experiment(path) for path in toml_files(folder, ExperimentError))


PROMPT_TYPES: dict[str, tuple[type, ...]] = {
    "system": (str,),
    "thinking": (bool,),
    "prefill": (str,),
    "turns": (list,),
}
"""What TOML files say of a prompt beyond its text, and how."""

_KEYS: dict[str, tuple[type, ...]] = {
    "title": (str,),
    "purpose": (str,),
    "prompt": (str,),
    "chat": (bool,),
    **PROMPT_TYPES,
    "decoding": (dict,),
}


def _check_keys(path: Path, text: str, table: dict[str, Any], extra: dict[str, tuple[type, ...]]) -> None:
    if "prompt" not in table:
        raise ExperimentError(f"{path}: the key 'prompt' is missing.")
    check_table(path, text, table, _KEYS | extra, ExperimentError)
    check_table(path, text, table.get("decoding", {}), DECODING_TYPES, ExperimentError)
