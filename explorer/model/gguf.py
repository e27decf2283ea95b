"""GGUF files, whole or split: converted once to safetensors, in the cache.

Plain numbers are kept as the file has them; what is quantised becomes bfloat16, but for vectors that it would round.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, PreTrainedModel

from explorer.domain.errors import ModelError
from explorer.files.memory import needed
from explorer.files.settings import Settings
from explorer.model.checkpoint import check_whole
from explorer.model.memory import free_memory
from explorer.model.opening import Say, sentence_on, tokenizer_in
from explorer.model.stored import reading

_MADE_FROM = "made_from.json"
"""In the folder of a converted model, the last that is written: the file that it was made from."""

_SPLIT = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf")

_PLAIN = {
    GGMLQuantizationType.F32: torch.float32,
    GGMLQuantizationType.F16: torch.float16,
    GGMLQuantizationType.BF16: torch.bfloat16,
}


def converted(gguf: Path, settings: Settings, say: Say, *, whole: bool = False) -> Path:
    """The folder with the file's content as safetensors, converted on the first call.

    `whole` keeps all of it in float32. Raises ModelError.
    """
    parts = _parts(gguf)
    facts = [part.stat() for part in parts]
    told = ":".join(
        f"{part.resolve()}:{fact.st_size}:{fact.st_mtime_ns}" for part, fact in zip(parts, facts, strict=True)
    )
    key = hashlib.sha256((told if whole else f"{told}:as stored").encode()).hexdigest()[:12]
    folder = settings.cache_folder / "models" / f"{gguf.stem}-{key}"
    if not (folder / _MADE_FROM).exists():
        say(f"Converting {gguf.name} to safetensors, once (15 s for each 100 million weights) …")
        with _joined(parts, settings, say) as file:
            _convert(file, gguf.name, folder, say, whole=whole)
    return folder


def _parts(gguf: Path) -> list[Path]:
    """All files of a split one, in order. Raises ModelError if one is missing."""
    found = _SPLIT.fullmatch(gguf.name)
    if found is None:
        return [gguf]
    count = int(found["count"])
    parts = [gguf.with_name(f"{found['stem']}-{number:05}-of-{count:05}.gguf") for number in range(1, count + 1)]
    if missing := [part.name for part in parts if not part.is_file()]:
        raise ModelError(
            f"{gguf.name} is one of {count} parts, and {', '.join(missing)} is missing beside it: get it too."
        )
    return parts


@contextmanager
def _joined(parts: list[Path], settings: Settings, say: Say) -> Iterator[Path]:
    """One file with the tensors of all parts, for as long as it is read."""
    if len(parts) == 1:
        yield parts[0]
        return
    say(f"Joining the {len(parts)} parts of {parts[0].name} …")
    place = settings.cache_folder / "models"
    place.mkdir(parents=True, exist_ok=True)
    whole = place / f"joined.{os.getpid()}.{threading.get_ident()}.gguf"
    try:
        _join(parts, whole)
        yield whole
    except Exception as fault:  # of libraries, whatever they like
        raise ModelError(sentence_on(parts[0].name, fault)) from fault
    finally:
        whole.unlink(missing_ok=True)


def _join(parts: list[Path], whole: Path) -> None:
    readers = [GGUFReader(part) for part in parts]
    fields = readers[0].fields
    writer = GGUFWriter(whole, str(fields["general.architecture"].contents()))
    for name, field in fields.items():
        if not name.startswith(("GGUF.", "split.")) and name != "general.architecture":
            inner = field.types[-1] if field.types[0] == GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], inner)
    for reader in readers:
        for tensor in reader.tensors:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _convert(file: Path, name: str, folder: Path, say: Say, *, whole: bool) -> None:
    """Write a folder that appears only when complete."""
    try:
        tensors = GGUFReader(file).tensors
        count = sum(int(tensor.n_elements) for tensor in tensors)
        kinds = {tensor.tensor_type for tensor in tensors if tensor.n_elements > 1 and len(tensor.shape) > 1}
    except Exception as fault:  # of libraries, whatever they like
        raise ModelError(sentence_on(name, fault)) from fault
    narrow = _narrow(kinds)
    free = free_memory(torch.device("cpu"))
    reads_whole = whole or needed(4 * count) <= free
    if not reads_whole and needed(2 * count) > free:
        raise ModelError(
            f"{name} has {count:,} weights: to convert them takes {needed(2 * count) / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free. Close other programs, or convert it on a larger machine."
        )
    try:
        tokenizer = tokenizer_in(file.parent, gguf_file=file.name)
        with reading("", wait=lambda: say("Waiting until another model has been read …")):
            read: Any = AutoModelForCausalLM.from_pretrained(
                file.parent,
                gguf_file=file.name,
                dtype=torch.float32 if reads_whole else narrow,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except Exception as fault:  # of libraries, whatever they like
        raise ModelError(sentence_on(name, fault)) from fault
    model, report = read
    check_whole(name, report)
    if not whole:
        _narrow_all(model, narrow)
    model.hf_quantizer = None  # the weights are plain numbers now, which save_pretrained must be told
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.{threading.get_ident()}.unfinished")
    try:
        unfinished.mkdir(parents=True)
        model.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)
        (unfinished / _MADE_FROM).write_text(json.dumps({"file": name, "weights": count}), encoding="utf-8")
        if folder.exists() and not (folder / _MADE_FROM).exists():  # of a version that did not ask what was missing
            shutil.rmtree(folder)
        if not folder.exists():  # another process may have been faster
            unfinished.rename(folder)
    except (OSError, SafetensorError) as fault:
        raise ModelError(
            f"The converted model could not be written to {folder.parent} ({fault}). "
            "Free some space there, or name another folder in EXPLORER_CACHE."
        ) from fault
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _narrow(kinds: set[GGMLQuantizationType]) -> torch.dtype:
    """The precision of matrices of some types: that of plain ones, bfloat16 of quantised ones."""
    if kinds <= set(_PLAIN):
        halves = {_PLAIN[kind] for kind in kinds} - {torch.float32}
        return halves.pop() if len(halves) == 1 else torch.float32
    return torch.bfloat16


def _narrow_all(model: PreTrainedModel, dtype: torch.dtype) -> None:
    """Matrices in a precision; vectors, and what was in float32 beside half precision, only where nothing is lost."""
    for parameter in model.parameters():
        narrow = parameter.data.to(dtype)
        if (parameter.ndim > 1 and dtype == torch.bfloat16) or torch.equal(narrow.to(parameter.dtype), parameter.data):
            parameter.data = narrow
