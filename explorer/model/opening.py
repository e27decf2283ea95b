"""A folder with a checkpoint as tokenizer and model: read by transformers, checked, and with values for weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from explorer.domain.errors import ModelError
from explorer.domain.placement import FLOAT32, Placement
from explorer.model import formats
from explorer.model.checkpoint import check_architecture, check_whole, remark_on
from explorer.model.hub import NO_SAFETENSORS
from explorer.model.memory import MemoryPlan, plan
from explorer.model.stored import Stored, reading, tensors_in
from explorer.model.widened import keep_wide

Say = Callable[[str], None]
"""Receives one sentence on what is being done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What was read."""

    tokenizer: PreTrainedTokenizerBase
    model: PreTrainedModel
    remark: str
    """What is to be known of the checkpoint, as a sentence; "": nothing."""
    memory: MemoryPlan


def open_checkpoint(
    folder: Path,
    name: str,
    placement: Placement,
    device: torch.device,
    say: Say,
    reclaim: Callable[[int], None] = lambda _: None,
) -> Opened:
    """Read a folder, on the CPU or on the device that takes all of it. Raises ModelError.

    Where arithmetic is in float32, the model is one of float32 (what it computes when it is made, such as the scale of
    embeddings, is not rounded), whose weights are as they are stored, or in the precision asked for.
    """
    _quiet()
    tensors = tensors_in(folder)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        check_architecture(name, config)
        method = formats.format_of(config)
        codec = formats.prepare(name, config, tensors)
        if not tensors and any(folder.glob("*.bin")):
            raise ModelError(f"'{name}' {NO_SAFETENSORS}")
        tokenizer = tokenizer_in(folder)
        sizes = formats.as_decoded(tensors, config) if method else tensors
        is_plain = not method or codec is not None
        memory = plan(name, sizes, placement, device, reclaim, is_coded=not is_plain)
        say(memory.sentence)
        wanted = memory.dtype or ("auto" if is_plain else torch.bfloat16)
        keeps_stored = placement.arithmetic == FLOAT32 and wanted != torch.float32 and is_plain
        stored = memory.dtype if keeps_stored else None if formats.is_decoded_by_transformers(method) else ""
        options: dict[str, Any] = {"device_map": {"": device}} if memory.fits and device.type == "cuda" else {}
        with reading(stored, tensors, codec, wait=lambda: say("Waiting until another model has been read …")):
            read: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32 if keeps_stored else wanted,
                use_safetensors=True,
                trust_remote_code=False,
                output_loading_info=True,
                **options,
            )
    except ModelError:
        raise
    except Exception as fault:  # transformers, tokenizers and packages for codes raise whatever they like
        raise ModelError(sentence_on(name, fault)) from fault
    model, report = read
    check_whole(name, report)
    formats.as_values(name, method, model)
    if placement.dtype is None and memory.dtype == torch.float32:
        _note_precision(model, sizes)
    return Opened(tokenizer=tokenizer, model=model, remark=remark_on(report), memory=memory)


def _note_precision(model: PreTrainedModel, tensors: Sequence[Stored]) -> None:
    """Keep in mind what is in float32 only because there is room for it: changed weights are rounded all the same."""
    by_name = {tensor.name: tensor.dtype for tensor in tensors}
    main = Counter(by_name.values()).most_common(1)[0][0] if by_name else torch.float32
    for name, parameter in model.named_parameters():
        dtype = by_name.get(name, main)
        is_narrow = dtype.is_floating_point and dtype != torch.float32
        if is_narrow and (name in by_name or torch.equal(parameter.to(dtype).float(), parameter)):
            keep_wide(parameter, dtype)


def tokenizer_in(folder: Path, **options: Any) -> PreTrainedTokenizerBase:
    """The tokenizer of a checkpoint, whatever the file that it lies in."""
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, **options)
    return tokenizer


def sentence_on(name: str, fault: BaseException) -> str:
    """What is told of a checkpoint that cannot be read."""
    cause = " ".join(str(fault).split())
    cause = cause if len(cause) < 300 else cause[:300] + " …"  # noqa: PLR2004
    return (
        f"The model '{name}' could not be loaded: {cause or type(fault).__name__} — It must be 'demo', a folder or hub "
        "id of a causal language model with safetensors weights, or a .gguf file."
    )


def _quiet() -> None:
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
