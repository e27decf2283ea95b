"""Recorded runs as JSON files: those that come with the program, and those that this machine has made.

A file is named by what was asked and by the model's fingerprint; what it holds is checked against both.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.recording import Recording, asked_key, recording_key


class Recordings:
    """Looks for recordings in folders, the first first; new ones go into the last."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def find(
        self, fingerprint: str, precision: str, genotype: str, prompt: Prompt, decoding: Decoding
    ) -> Recording | None:
        """The recording of a genotype, in canonical notation, on a model; None if there is none."""
        name = f"{recording_key(fingerprint, precision, genotype, prompt, decoding)}.json"
        paths = (folder / name for folder in self._folders)
        found = next((path for path in paths if path.is_file()), None)
        recording = None if found is None else read_recording(found)
        return recording if recording is not None and recording.fingerprint == fingerprint else None

    def shipped(self, genotype: str, prompt: Prompt, decoding: Decoding) -> Recording | None:
        """One that comes with the program, whichever model it is of: for a page whose model is not there yet."""
        paths = sorted(self._folders[0].glob(f"{asked_key(genotype, prompt, decoding)}-*.json"))
        return read_recording(paths[0]) if paths else None

    def keep(self, recording: Recording) -> Path:
        """Write a recording. Raises OSError."""
        folder = self._folders[-1]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{recording.key}.json"
        part = path.with_suffix(".part")
        part.write_bytes(_adapter().dump_json(recording, exclude_defaults=True))
        part.replace(path)
        return path


def read_recording(path: Path) -> Recording | None:
    """What a file holds; None for one that cannot be read, or was made by another version."""
    with contextlib.suppress(OSError, ValidationError, ValueError):
        recording = _adapter().validate_json(path.read_bytes())
        return recording if recording.key == path.stem else None
    return None


@functools.cache
def _adapter() -> TypeAdapter[Recording]:
    return TypeAdapter(Recording)
