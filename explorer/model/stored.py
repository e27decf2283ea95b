"""The files of a checkpoint in safetensors: what lies in them, and how transformers is to read them.

They are read into memory once, without a map of them beside it: a map counts twice where weights are widened, and ends
the program when somebody overwrites the file.
"""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import safe_open
from torch import Tensor
from transformers import PreTrainedModel, modeling_utils
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, SAFE_WEIGHTS_NAME

from explorer.domain.errors import ModelError

_NAMES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
    "U16": torch.uint16, "U32": torch.uint32, "U64": torch.uint64,
}  # fmt: skip

_READING = threading.Lock()
"""Held while weights are read: transformers changes how all of torch initializes while it reads."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor in a file."""

    name: str
    file: Path
    dtype: torch.dtype
    shape: tuple[int, ...]
    offset: int = 0
    """Where its numbers begin in the file, in bytes."""

    def beginning(self, size: int) -> bytes:
        """So many bytes of its numbers, or all."""
        with self.file.open("rb") as opened:
            opened.seek(self.offset)
            return opened.read(min(size, self.count * self.dtype.itemsize))

    def read(self) -> Tensor:
        """All of its numbers."""
        with safe_open(self.file, framework="pt", device="cpu", backend="pread") as opened:
            return opened.get_tensor(self.name)  # type: ignore[no-any-return]

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


class Codec(Protocol):
    """What makes tensors of values of several stored ones that belong together."""

    def parts(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The tensors that are made, each with the names of the stored ones that it is made of."""

    def values(self, name: str, stored: Mapping[str, Tensor]) -> Tensor:
        """One of them, of its parts."""


def tensors_in(folder: Path) -> list[Stored]:
    """All tensors of a checkpoint, in its files' order. Raises ModelError if a file is missing or broken."""
    index = folder / SAFE_WEIGHTS_INDEX_NAME
    if index.exists() and not (folder / SAFE_WEIGHTS_NAME).exists():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError, TypeError) as fault:
            raise ModelError(f"{index} is broken: get the files of the model again.") from fault
        if missing := [name for name in names if not (folder / name).is_file()]:
            raise ModelError(
                f"{folder} lacks {len(missing)} of its {len(names)} files of weights ({missing[0]}): "
                "get the others from where it came from."
            )
    else:
        names = [SAFE_WEIGHTS_NAME] if (folder / SAFE_WEIGHTS_NAME).is_file() else []
    return [tensor for name in names for tensor in header_of(folder / name)]


def header_of(file: Path) -> Iterator[Stored]:
    """The tensors of one file. Raises ModelError."""
    try:
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            if length > file.stat().st_size:
                raise ValueError
            header = json.loads(opened.read(length))
        last = 0
        for name, facts in header.items():
            if name != "__metadata__":
                last = max(last, facts["data_offsets"][1])
                yield Stored(name, file, _NAMES.get(facts["dtype"], torch.uint8), tuple(facts["shape"]),
                             8 + length + facts["data_offsets"][0])  # fmt: skip
        if 8 + length + last > file.stat().st_size:
            raise ValueError
    except (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error) as fault:
        raise ModelError(f"{file} is broken or only a part of itself: get it again.") from fault


@contextmanager
def reading(
    stored: torch.dtype | str | None,
    tensors: Sequence[Stored] = (),
    codec: Codec | None = None,
    *,
    wait: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Have transformers read weights as we want them, one model at a time; `wait` is called where another is read.

    `stored` is the precision that weights are kept in, whatever that of the model is; None: their own; "": the model's.
    """
    if not _READING.acquire(blocking=False):
        wait()
        _READING.acquire()
    plan, opened = PreTrainedModel._get_dtype_plan, vars(modeling_utils)["safe_open"]

    def open_file(path: str, **_options: Any) -> CheckpointFile:
        return CheckpointFile(Path(path), tensors, codec)

    vars(modeling_utils)["safe_open"] = open_file
    if stored != "":
        PreTrainedModel._get_dtype_plan = lambda *_: {"*": stored}  # type: ignore[method-assign]
    try:
        yield
    finally:
        PreTrainedModel._get_dtype_plan = plan  # type: ignore[method-assign]
        vars(modeling_utils)["safe_open"] = opened
        _READING.release()


class CheckpointFile:
    """As `safe_open` gives it: a file that is read, not mapped, with values in place of codes."""

    def __init__(self, path: Path, tensors: Sequence[Stored], codec: Codec | None) -> None:
        self._file: Any = safe_open(path, framework="pt", device="cpu", backend="pread")
        self._codec = codec
        self._homes = {tensor.name: tensor for tensor in tensors}
        self._made = {} if codec is None else codec.parts(list(self._homes))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> CheckpointFile:
        self._file.__enter__()
        return self

    def __exit__(self, *fault: object) -> None:
        self._file.__exit__(*fault)

    def keys(self) -> list[str]:
        """The tensors that the model is to get from this file; what is made of several is in that of the first."""
        own = list(self._file.keys())
        hidden = {part for parts in self._made.values() for part in parts}
        return [name for name in own if name not in hidden] + [
            name for name, parts in self._made.items() if parts[0] in own
        ]

    def get_slice(self, name: str) -> _Tensor:
        """A tensor that is read when it is asked for."""
        return _Tensor(self, name)

    def get_tensor(self, name: str) -> Tensor:
        """A tensor as the model is to have it."""
        if name not in self._made:
            return self._file.get_tensor(name)  # type: ignore[no-any-return]
        assert self._codec is not None
        return self._codec.values(name, {part: self._homes[part].read() for part in self._made[name]})


class _Tensor:
    """A slice of a file: whole, it is read in half the time that a slice of everything takes."""

    def __init__(self, file: CheckpointFile, name: str) -> None:
        self._file, self._name = file, name

    def __getitem__(self, part: Any) -> Tensor:
        whole = self._file.get_tensor(self._name)
        return whole if part is Ellipsis else whole[part]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file._file.get_slice(self._name), name)
