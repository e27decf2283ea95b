"""From a name to a model that can run: the bundled demo model, a hub id, a folder, or a GGUF file.

Owns where models come from and on which device they go; GGUF files are converted once and kept as
safetensors. Code that comes with a checkpoint is never run, and pickled weights are never read.
"""

import hashlib
import json
import logging
import os
import shutil
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import SAFE_WEIGHTS_INDEX_NAME, SAFE_WEIGHTS_NAME
from transformers.utils import logging as transformers_logging
from transformers.utils.hub import cached_file, get_checkpoint_shard_files

from explorer.domain.errors import ModelError
from explorer.files.demo import demo_file
from explorer.files.settings import DEMO, Settings
from explorer.model.checkpoint import check_architecture, check_whole, remark_on
from explorer.model.linear import base_view
from explorer.model.loaded import LoadedModel
from explorer.model.reading import read_anatomy

DEMO_NAME = "SmolLM2-135M-Instruct"

_MADE_FROM = "made_from.json"
"""In the folder of a converted model, the last that is written: the file that it was made from."""

_LOG = logging.getLogger(__name__)
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
_LOADING_FAULTS = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    RuntimeError,
    ImportError,
    OverflowError,
    MemoryError,
    struct.error,
    SafetensorError,
)
"""What transformers raises for files that are missing, broken, of another kind or too large."""

_READING = threading.Lock()
"""Held while weights are read."""

Say = Callable[[str], None]
"""Receives one sentence on what is being done."""


def load_model(
    source: str = DEMO,
    *,
    device: str | None = None,
    dtype: str | None = None,
    settings: Settings | None = None,
    say: Say = _LOG.info,
) -> LoadedModel:
    """Load a causal language model.

    `source` is `demo`, a folder, a `.gguf` file or a hub id; `device` is `cuda`, `mps` or `cpu`, by
    default the first of these that is there; `dtype` is `float32`, `bfloat16` or `float16`, by default
    float32 on a CPU and the checkpoint's own on a GPU. Raises ModelError.
    """
    settings = settings or Settings()
    place = choose_device(device)
    precision = _choose_dtype(dtype, place)
    folder, name = _locate(source, settings, say)
    is_local = Path(folder).is_dir()
    say(
        f"Reading the weights of {name} …"
        if is_local
        else f"Fetching {name}, unless it is in the cache, and reading it …"
    )
    tokenizer, model, remark = _read(folder, name, precision, say)
    if remark:
        say(remark)
    if place.type != "cpu":
        say(f"Moving {name} to {place} …")
    model = _move(model, place, name)
    return assemble(model, tokenizer, source=source, name=name, remark=remark)


def assemble(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, source: str, name: str, remark: str = ""
) -> LoadedModel:
    """Wrap a transformers model that is already in memory; the model itself is left as it is."""
    model.eval()
    _settle(model)
    anatomy = read_anatomy(model)
    return LoadedModel(
        name=name,
        source=source,
        causal_lm=model,
        tokenizer=tokenizer,
        anatomy=anatomy,
        view=base_view(model),
        remark=remark,
    )


def _settle(model: PreTrainedModel) -> None:
    """Keep a model from changing itself in its first pass.

    RWKV would halve the weights of every sixth layer, against overflows in half precision; BigBird would turn to full
    attention with the first short text, and stay so.
    """
    if getattr(model.config, "rescale_every", 0):
        model.config.rescale_every = 0
    for module in list(model.modules()):
        turn = getattr(module, "set_attention_type", None)
        if callable(turn) and getattr(module, "attention_type", "") == "block_sparse":
            turn("original_full")


def choose_device(name: str | None = None) -> torch.device:
    """The device of that name, or the best one here. Raises ModelError if it is not there."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name is None:
        return torch.device(next(device for device, is_there in present.items() if is_there))
    if present.get(name.partition(":")[0], False):
        return torch.device(name)
    here = ", ".join(device for device, is_there in present.items() if is_there)
    raise ModelError(f"There is no device '{name}' here. Choose from: {here}.")


def _choose_dtype(name: str | None, device: torch.device) -> torch.dtype | str:
    if name is None:
        return torch.float32 if device.type == "cpu" else "auto"
    if name not in _DTYPES:
        raise ModelError(f"There is no dtype '{name}'. Choose from: {', '.join(_DTYPES)}.")
    return _DTYPES[name]


def _locate(source: str, settings: Settings, say: Say) -> tuple[str, str]:
    """The folder or hub id to read and the name to show."""
    if source == DEMO:
        return str(_converted(demo_file(), settings, say)), DEMO_NAME
    path = Path(source).expanduser()
    if path.suffix == ".gguf":
        if not path.is_file():
            raise ModelError(f"There is no file {path}. Check the path of the GGUF file.")
        return str(_converted(path, settings, say)), path.stem
    if path.is_dir():
        return str(path.resolve()), path.resolve().name
    if path.is_absolute() or source.startswith((".", "~")):
        raise ModelError(f"There is no folder {path}. Check the path of the model.")
    return source, source.rpartition("/")[2]


def _converted(gguf: Path, settings: Settings, say: Say) -> Path:
    """The folder with the file's content as safetensors, converted on the first call."""
    facts = gguf.stat()
    key = hashlib.sha256(f"{gguf.resolve()}:{facts.st_size}:{facts.st_mtime_ns}".encode()).hexdigest()[:12]
    folder = settings.cache_folder / "models" / f"{gguf.stem}-{key}"
    if not (folder / _MADE_FROM).exists():
        say(f"Converting {gguf.name} to safetensors, once (about 15 s) …")
        _convert(gguf, folder, say)
    return folder


def _convert(gguf: Path, folder: Path, say: Say) -> None:
    """Write a folder that appears only when complete."""
    tokenizer, model, _ = _read(str(gguf.parent), gguf.name, torch.float32, say, gguf_file=gguf.name)
    model.hf_quantizer = None  # type: ignore[assignment]  # the weights are plain numbers now, which save_pretrained must be told
    del model.config.quantization_config
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.{threading.get_ident()}.unfinished")
    try:
        unfinished.mkdir(parents=True)
        model.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)
        facts = gguf.stat()
        made_from = {"file": str(gguf.resolve()), "bytes": facts.st_size, "changed_ns": facts.st_mtime_ns}
        (unfinished / _MADE_FROM).write_text(json.dumps(made_from), encoding="utf-8")
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


def _read(
    folder: str, name: str, dtype: torch.dtype | str, say: Say, **options: Any
) -> tuple[PreTrainedTokenizerBase, PreTrainedModel, str]:
    """Tokenizer, model, and a remark on the checkpoint."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, **options)
        if not options:  # a GGUF file holds nothing but such models
            options["config"] = AutoConfig.from_pretrained(folder, trust_remote_code=False)
            check_architecture(name, options["config"])
        if not Path(folder).is_dir():
            _fetch(folder)
        with _alone(say):
            read: Any = AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, use_safetensors=True, trust_remote_code=False, output_loading_info=True, **options
            )
    except _LOADING_FAULTS as fault:
        raise ModelError(_loading_sentence(name, fault)) from fault
    model, report = read
    check_whole(name, report)
    return tokenizer, model, remark_on(report)


def _fetch(source: str) -> None:
    """Have the weights of a hub id in the local cache, so that nobody waits for a download of somebody else."""
    if cached_file(source, SAFE_WEIGHTS_NAME, _raise_exceptions_for_missing_entries=False) is None:
        index = cached_file(source, SAFE_WEIGHTS_INDEX_NAME, _raise_exceptions_for_missing_entries=False)
        if index is not None:
            get_checkpoint_shard_files(source, index)


@contextmanager
def _alone(say: Say) -> Iterator[None]:
    """One model at a time is read: transformers changes how all of torch initializes while it reads."""
    if not _READING.acquire(blocking=False):
        say("Waiting until another model has been read …")
        _READING.acquire()
    try:
        yield
    finally:
        _READING.release()


def _loading_sentence(name: str, fault: BaseException) -> str:
    cause = " ".join(str(fault).split())
    if "couldn't connect" in cause:
        cause = "the model hub cannot be reached, and the model is not in the local cache."
    cause = cause if len(cause) < 300 else cause[:300] + " …"  # noqa: PLR2004
    return (
        f"The model '{name}' could not be loaded: {cause} — It must be 'demo', a folder or hub id of a causal "
        "language model with safetensors weights, or a .gguf file."
    )


def _move(model: PreTrainedModel, device: torch.device, name: str) -> PreTrainedModel:
    try:
        moved: PreTrainedModel = model.to(device)  # type: ignore[arg-type]
    except torch.OutOfMemoryError as fault:
        raise ModelError(
            f"{name} does not fit into the memory of {device}. Use a smaller model, or --device cpu."
        ) from fault
    return moved
