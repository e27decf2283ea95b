"""Models of the hub: what is in the local cache, and what is downloaded, with its progress told.

What is in the cache whole is opened without a request. `org/name@revision` names a branch, a tag or a commit.
"""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from tqdm import tqdm
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, SAFE_WEIGHTS_NAME

from explorer.domain.errors import CancelledError, ModelError
from explorer.files.hub import check_reachable, endpoint
from explorer.model.stored import tensors_in

Say = Callable[[str], None]
"""Receives one sentence on what is being done."""

_BESIDE = re.compile(r"[^/]+\.(json|txt|model|jinja|tiktoken)|chat_templates/[^/]+\.jinja")
_WEIGHTS = re.compile(r"(model|adapter_model)[^/]*\.safetensors")
_TOLD_EACH = 0.25
"""Seconds between two sentences on the progress."""

_ADDRESS = re.compile(r"https?://[^/]+/([\w.-]+/[\w.-]+)(?:/tree/([\w./-]+))?/?")
"""That of a model's page, as people copy it."""
_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w./-]+)?")


def folder_of(source: str, say: Say, stop: threading.Event | None = None) -> Path:
    """The folder of a model of the hub, downloaded if it is not in the cache. Raises ModelError, and CancelledError."""
    repository, revision = _parts_of(source)
    kept = cached(repository, revision)
    return kept if kept is not None else _downloaded(repository, revision, say, stop or threading.Event())


def cached_folder(source: str) -> Path:
    """The folder of a model of the hub that is in the cache. Raises ModelError."""
    kept = cached(*_parts_of(source))
    if kept is None:
        raise ModelError(f"'{source}' is not in the local cache: load it once as a model, or name a folder.")
    return kept


def _parts_of(source: str) -> tuple[str, str | None]:
    """The repository and the revision that people mean. Raises ModelError."""
    if (address := _ADDRESS.fullmatch(source)) is not None:
        source = "@".join(filter(None, address.groups()))
    if not _NAME.fullmatch(source):
        raise ModelError(f"'{source}' is no model: name demo, a folder, a .gguf file, or a hub id such as org/name.")
    repository, _, revision = source.partition("@")
    return repository, revision or None


def cached(repository: str, revision: str | None = None) -> Path | None:
    """The folder of a model that is in the local cache whole; None: it is not."""
    try:
        folder = Path(
            snapshot_download(repository, revision=revision, local_files_only=True, allow_patterns=["config.json"])
        )
    except (LocalEntryNotFoundError, HFValidationError, OSError, ValueError):
        return None
    return folder if is_whole(folder) else None


def is_whole(folder: Path) -> bool:
    """Whether a folder has a configuration and all files of weights that it names."""
    if (folder / "adapter_config.json").is_file():
        return any(folder.glob("adapter_model*.safetensors"))
    try:
        return (folder / "config.json").is_file() and bool(tensors_in(folder))
    except ModelError:
        return False


def _downloaded(repository: str, revision: str | None, say: Say, stop: threading.Event) -> Path:
    check_reachable(repository)
    constants.HF_HUB_DISABLE_XET = True  # what it downloads with cannot be ended from here
    say(f"Asking the hub for {repository} …")
    api = HfApi(endpoint=endpoint())
    try:
        found = api.model_info(repository, revision=revision, timeout=10)
        files = [
            file
            for file in api.list_repo_tree(repository, recursive=True, revision=found.sha)
            if isinstance(file, RepoFile)
        ]
        wanted = _wanted(repository, files)
        size = sum(file.size for file in wanted)
        there = [file for file in wanted if _is_there(repository, file.path, found.sha)]
        _check_disk(repository, size - sum(file.size for file in there))
        folder = snapshot_download(
            repository,
            revision=revision,
            allow_patterns=[file.path for file in wanted],
            tqdm_class=_bar(repository, size, say, stop),
            endpoint=endpoint(),
        )
    except GatedRepoError as fault:
        raise ModelError(
            f"{repository} is given only to those who have accepted its licence: accept it on "
            f"{endpoint()}/{repository}, then log in here with 'hf auth login', or set HF_TOKEN."
        ) from fault
    except RevisionNotFoundError as fault:
        raise ModelError(
            f"{repository} has no revision '{revision}': name a branch, a tag or a commit of it."
        ) from fault
    except (RepositoryNotFoundError, HFValidationError) as fault:
        raise ModelError(
            f"There is no model '{repository}' on the hub, or it is private: check the name, or log in with "
            "'hf auth login', or set HF_TOKEN."
        ) from fault
    except CancelledError:
        raise
    except (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError) as fault:
        raise ModelError(
            f"{repository} could not be downloaded: {' '.join(str(fault).split())[:200]}. Try again."
        ) from fault
    return Path(folder)


def _is_there(repository: str, path: str, commit: str | None) -> bool:
    return isinstance(try_to_load_from_cache(repository, path, revision=commit), str)


def _wanted(repository: str, files: list[RepoFile]) -> list[RepoFile]:
    """The files that are read. Raises ModelError where there are no weights in safetensors."""
    beside = [file for file in files if _BESIDE.fullmatch(file.path)]
    names = {file.path for file in files}
    weights = [file for file in files if _WEIGHTS.fullmatch(file.path)]
    if SAFE_WEIGHTS_NAME in names and SAFE_WEIGHTS_INDEX_NAME not in names:
        weights = [file for file in weights if file.path in (SAFE_WEIGHTS_NAME, "adapter_model.safetensors")]
    if not weights:
        gguf = [name for name in names if name.endswith(".gguf")]
        if gguf:
            raise ModelError(
                f"{repository} holds GGUF files: download one ('hf download {repository} {gguf[0]}') and name it."
            )
        raise ModelError(f"{repository} {NO_SAFETENSORS}")
    return [*beside, *weights]


NO_SAFETENSORS = (
    "has no weights in safetensors. Pickled ones (.bin, .pt) can run code and are not read: load the model with "
    "transformers where you trust it, and save it with save_pretrained, or take a copy in safetensors."
)


def _check_disk(repository: str, size: int) -> None:
    place = Path(constants.HF_HUB_CACHE)
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if size > free:
        raise ModelError(
            f"{repository} takes {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free where models are kept "
            f"({place}): free some space, or name another folder in HF_HOME."
        )


def _bar(repository: str, size: int, say: Say, stop: threading.Event) -> type[Any]:
    """A progress bar that tells what it would draw, and ends the download when it is to stop."""
    begun, told, lock = time.monotonic(), [0.0], threading.Lock()

    class Bar(tqdm):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options.pop("name", None)
            super().__init__(*arguments, **options | {"disable": False, "file": _Nowhere()})

        def display(self, *_arguments: Any, **_options: Any) -> None:
            """Nothing is drawn."""

        def update(self, n: float | None = 1) -> bool | None:
            if stop.is_set():
                raise CancelledError(f"The download of {repository} was cancelled: what is there is kept.")
            done = super().update(n)
            if self.unit == "B" and str(self.desc).startswith("Reconstruct"):
                with lock:
                    if (now := time.monotonic()) - told[0] > _TOLD_EACH:
                        told[0] = now
                        say(progress(repository, int(self.n), size, now - begun))
            return done

    return Bar


class _Nowhere:
    def write(self, _text: str) -> int:
        return 0

    def flush(self) -> None:
        pass


def progress(repository: str, done: int, size: int, seconds: float) -> str:
    """One sentence on a download: bytes, speed, and the time that is left."""
    speed = done / max(seconds, 0.1)
    left = (size - done) / speed if speed else float("inf")
    when = f"{left:.0f} s left" if left < 100 else f"{left / 60:.0f} min left" if left < 1e6 else "just begun"  # noqa: PLR2004
    return f"Downloading {repository}: {done / 1e6:,.0f} of {size / 1e6:,.0f} MB, {speed / 1e6:.1f} MB/s, {when} …"
