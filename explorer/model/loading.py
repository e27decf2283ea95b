"""From a name to a model that can run: found (`sources`), read (`opening`), put on a device and set up.

Code that comes with a checkpoint is never run, and pickled weights are never read.
"""

import logging
import threading
from collections.abc import Callable

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from explorer.domain.errors import ModelError
from explorer.domain.placement import FLOAT32, Placement
from explorer.files.settings import DEMO, Settings
from explorer.model.adapters import apply_adapter
from explorer.model.linear import base_view
from explorer.model.loaded import LoadedModel
from explorer.model.memory import free_memory
from explorer.model.opening import Say, open_checkpoint
from explorer.model.reading import read_anatomy
from explorer.model.sources import locate
from explorer.model.twin import twin_of
from explorer.model.widened import is_stored_otherwise, stored_dtype, widen_model

_LOG = logging.getLogger(__name__)


def load_model(
    source: str = DEMO,
    *,
    device: str | None = None,
    dtype: str | None = None,
    arithmetic: str = FLOAT32,
    settings: Settings | None = None,
    say: Say = _LOG.info,
    reclaim: Callable[[int], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> LoadedModel:
    """Load a causal language model: `demo`, a folder, a `.gguf` file or a hub id (`org/name`, `org/name@revision`).

    `device`, `dtype` and `arithmetic` are those of `Placement`: by default the best device that is there, weights in
    float32 on a CPU that has the memory and else as they are stored, and arithmetic in float32. `reclaim` may free the
    bytes of memory that it is told are missing; `stop` ends a download. Raises ModelError.
    """
    placement = Placement(device=device, dtype=dtype, arithmetic=arithmetic)
    place = choose_device(placement.device)
    found = locate(source, settings or Settings(), say, stop)
    opened = open_checkpoint(found.folder, found.name, placement, place, say, reclaim)
    model = opened.model
    remark = " ".join(filter(None, (opened.remark, _cost(model, placement))))
    if remark:
        say(remark)
    if found.adapter is not None:
        say(f"Adding the adapter {found.name} …")
        model = apply_adapter(model, found.adapter, found.name)
    if place.type != "cpu":
        say(f"Moving {found.name} to {place} …")
        model = _move(model, place, found.name) if opened.memory.fits else _spread(model, place)
    if placement.arithmetic == FLOAT32:
        _widen(model, place)
    return assemble(
        model, opened.tokenizer, source=source, name=found.name, remark=remark, arithmetic=placement.arithmetic
    )


def assemble(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    source: str,
    name: str,
    remark: str = "",
    arithmetic: str = FLOAT32,
) -> LoadedModel:
    """Wrap a transformers model that is already in memory; the model itself is left as it is."""
    model.eval()
    _settle(model)
    if arithmetic == FLOAT32 and is_stored_otherwise(model):
        model = twin_of(model)
        _widen(model, model.device)
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


def _cost(model: PreTrainedModel, placement: Placement) -> str:
    """What arithmetic in half precision costs, in a sentence; "" where it is not in half precision."""
    if placement.arithmetic == FLOAT32 or not is_stored_otherwise(model):
        return ""
    name = str(stored_dtype(model)).removeprefix("torch.")
    return f"It counts in {name}: near ties are frequent, and a text may depend on how many share its batch."


def choose_device(name: str | None = None) -> torch.device:
    """The device of that name, or the best one here. Raises ModelError if it is not there."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name is None:
        return torch.device(next(device for device, is_there in present.items() if is_there))
    if present.get(name.partition(":")[0], False):
        return torch.device(name)
    here = ", ".join(device for device, is_there in present.items() if is_there)
    raise ModelError(f"There is no device '{name}' here. Choose from: {here}.")


def _move(model: PreTrainedModel, device: torch.device, name: str) -> PreTrainedModel:
    try:
        moved: PreTrainedModel = model.to(device)  # type: ignore[arg-type]
    except torch.OutOfMemoryError as fault:
        raise ModelError(
            f"{name} does not fit into the memory of {device}. Use a smaller model, or --device cpu."
        ) from fault
    return moved


def _spread(model: PreTrainedModel, device: torch.device) -> PreTrainedModel:
    """Put on a device what it takes, layer by layer; the rest stays where it is, and is brought when it is used."""
    from accelerate import infer_auto_device_map

    room = int(0.8 * free_memory(device))  # the rest is for what is computed
    kept = infer_auto_device_map(
        model, max_memory={0: room, "cpu": 1 << 50}, no_split_module_classes=list(model._no_split_modules or ())
    )
    for path, where in kept.items():
        if where != "cpu":
            (model.get_submodule(path) if path else model).to(device)
    for module in model.modules():
        for name, buffer in module._buffers.items():
            module._buffers[name] = None if buffer is None else buffer.to(device)
    widen_model(model, device)
    return model


def _widen(model: PreTrainedModel, device: torch.device) -> None:
    if is_stored_otherwise(model):
        widen_model(model, device)
        if getattr(model.config, "_experts_implementation", None) is not None:
            model.set_experts_implementation("eager")  # the others would take the experts of a layer all at once
