"""Evolutions as TOML files: what is asked of a search, under a name (docs/evolve.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from explorer.domain.errors import DecodingError, EvolutionError, PlanError
from explorer.domain.evolution import Evolution, evolution_of
from explorer.files.experiments import DECODING_TYPES
from explorer.files.toml import check_table, name_of, read_toml, toml_files

_SPACE: dict[str, tuple[type, ...]] = {
    "matrices": (str,), "units": (list,), "step": (int,), "operations": (list,), "most": (int,),
}  # fmt: skip
_KEYS: dict[str, tuple[type, ...]] = {
    "title": (str,), "purpose": (str,), "targets": (list,), "prompts": (list,), "chat": (bool,), "questions": (int,),
    "background": (str,), "evaluations": (int,), "population": (int,), "seed": (int,), "decoding": (dict,), **_SPACE,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEvolution:
    """An evolution of a file."""

    name: str
    """The stem of the file, less a number that orders the files."""
    purpose: str
    evolution: Evolution


def read_evolution(path: Path) -> NamedEvolution:
    """Read one file. Raises EvolutionError with file and line, or with what cannot be asked."""
    text, table = read_toml(path, EvolutionError)
    check_table(path, text, table, _KEYS, EvolutionError)
    check_table(path, text, table.get("decoding", {}), DECODING_TYPES, EvolutionError)
    name = name_of(path)
    given: dict[str, Any] = {key: value for key, value in table.items() if key not in (*_SPACE, "purpose")}
    space = {key: table[key] for key in _SPACE if key in table}
    try:
        evolution = evolution_of({"title": name, **given, "space": space})
    except (EvolutionError, PlanError, DecodingError) as fault:
        raise EvolutionError(f"{path}: {fault}") from fault
    return NamedEvolution(name=name, purpose=table.get("purpose", ""), evolution=evolution)


def read_evolutions(folder: Path) -> tuple[NamedEvolution, ...]:
    """All of a folder, in the order of their file names. Raises EvolutionError."""
    return tuple(read_evolution(path) for path in toml_files(folder, EvolutionError))
