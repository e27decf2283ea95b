"""From the name that people have for a model to the folder that it is read from."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from explorer.domain.errors import ModelError
from explorer.files.demo import demo_file
from explorer.files.settings import DEMO, Settings
from explorer.model import adapters, gguf, hub
from explorer.model.opening import Say

DEMO_NAME = "SmolLM2-135M-Instruct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a model lies."""

    folder: Path
    name: str
    """To show."""
    adapter: Path | None = None
    """The folder of a LoRA adapter that is applied to it."""


def locate(
    source: str, settings: Settings, say: Say, stop: threading.Event | None = None, *, downloads: bool = True
) -> Located:
    """The folder to read, once everything that it takes is there; what is not is downloaded, or not.

    Raises ModelError.
    """
    if source == DEMO:
        return Located(folder=gguf.converted(demo_file(), settings, say, whole=True), name=DEMO_NAME)
    path = Path(source).expanduser()
    if path.suffix == ".gguf":
        if not path.is_file():
            raise ModelError(f"There is no file {path}. Check the path of the GGUF file.")
        return Located(folder=gguf.converted(path, settings, say), name=path.stem)
    if path.is_dir():
        folder, name = path.resolve(), path.resolve().name
    elif path.is_absolute() or source.startswith((".", "~")):
        raise ModelError(f"There is no folder {path}. Check the path of the model.")
    elif path.suffix == ".safetensors" or path.is_file():
        raise ModelError(f"{path} is a file: name the folder that it lies in, with the model's config.json.")
    else:
        folder = hub.folder_of(source, say, stop) if downloads else hub.cached_folder(source)
        name = source.rpartition("/")[2]
    if not adapters.is_adapter(folder):
        return Located(folder=folder, name=name)
    base = adapters.base_of(folder)
    if Path(base).expanduser().resolve() == folder.resolve():
        raise ModelError(f"The adapter '{name}' names itself as its base: write the base's id or folder there.")
    try:
        found = locate(base, settings, say, stop, downloads=downloads)
    except ModelError as fault:
        raise ModelError(f"'{name}' is an adapter of {base}, which is not here: {fault}") from fault
    if found.adapter is not None:
        raise ModelError(f"'{name}' is an adapter of {base}, which is an adapter too: merge that first.")
    return Located(folder=found.folder, name=name, adapter=folder)
