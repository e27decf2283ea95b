"""Models to choose from: those used last, those in the local cache, those that are good to begin with. No torch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from explorer.domain.errors import SettingsError
from explorer.files.hub import hub_cache
from explorer.files.memory import free_memory, needed
from explorer.files.settings import DEMO, Settings
from explorer.files.toml import read_toml

REMEMBERED = 8
"""How many models used last are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A model to choose."""

    source: str
    size: int | None
    """Of its weights as they are stored, in bytes; None: not known."""
    why: str
    """Where it is known from, or what it is good for."""

    @property
    def label(self) -> str:
        """One line: name, size, whether it fits into the memory, and why."""
        facts = [self.source]
        if self.size is not None:
            facts.append(f"{self.size / 1e9:.1f} GB, {'fits' if fits(self.size) else 'too large for the free memory'}")
        return " · ".join([*facts, self.why])


def fits(size: int) -> bool:
    """Whether weights of that many bytes go into the memory that is free now, as they are stored."""
    return needed(size) <= free_memory()


def known_models(settings: Settings) -> list[Known]:
    """Models used last, those in the hub's cache, those of data/models.toml; each once. Raises SettingsError."""
    found: dict[str, Known] = {}
    cached = {model.source: model for model in _in_cache()}
    cached[DEMO] = Known(source=DEMO, size=538_000_000, why="comes along")
    for source in remembered(settings):
        size = cached[source].size if source in cached else _size_of(Path(source).expanduser())
        found[source] = Known(source=source, size=size, why="used before")
    found.setdefault(DEMO, cached[DEMO])
    for model in (*cached.values(), *_to_begin(settings.models_file)):
        found.setdefault(model.source, model)
    return list(found.values())


def remember(settings: Settings, source: str) -> None:
    """A model has been loaded: put it first among those used last."""
    sources = [source, *(other for other in remembered(settings) if other != source)][:REMEMBERED]
    file = _memory(settings)
    with suppress(OSError):  # a list that is not kept is no fault
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(sources), encoding="utf-8")


def remembered(settings: Settings) -> list[str]:
    """The models used last, the latest first."""
    try:
        read = json.loads(_memory(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [source for source in read if isinstance(source, str)] if isinstance(read, list) else []


def _memory(settings: Settings) -> Path:
    return settings.database.parent / "models.json"


def _in_cache() -> Iterator[Known]:
    """What lies whole in the hub's cache, by its folders alone."""
    for folder in sorted(hub_cache().glob("models--*")):
        try:
            commit = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        snapshot = folder / "snapshots" / commit
        size = _size_of(snapshot)
        if size and _is_whole(snapshot):
            name = folder.name.removeprefix("models--").replace("--", "/")
            yield Known(source=name, size=size, why="in the local cache")


def _is_whole(folder: Path) -> bool:
    """Whether a download has come to its end: all files that the index names are there."""
    if not (folder / "config.json").is_file():
        return False
    if (folder / "model.safetensors").is_file():
        return True
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
        return all((folder / name).is_file() for name in set(index["weight_map"].values()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


def _size_of(folder: Path) -> int | None:
    """Of the weights in a folder, or of a file; None if there are none."""
    if folder.is_file():
        return folder.stat().st_size
    sizes = [file.stat().st_size for file in folder.glob("*.safetensors") if file.is_file()] if folder.is_dir() else []
    return sum(sizes) or None


def _to_begin(file: Path) -> Iterator[Known]:
    _, table = read_toml(file, SettingsError)
    for model in table.get("model", ()):
        try:
            yield Known(source=str(model["name"]), size=int(float(model["size"]) * 1e9), why=str(model["why"]))
        except (LookupError, TypeError, ValueError) as fault:
            raise SettingsError(f"{file}: each [[model]] has a name, a size in GB, and why it is there.") from fault
