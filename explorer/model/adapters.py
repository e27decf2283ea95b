"""LoRA folders: an adapter, and the base model that it is applied to."""

import json
import warnings
from pathlib import Path

from transformers import PreTrainedModel

from explorer.domain.errors import ModelError
from explorer.model.widened import stored_as, stored_in

CONFIG = "adapter_config.json"


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter alone."""
    return (folder / CONFIG).is_file() and not (folder / "config.json").is_file()


def base_of(folder: Path) -> str:
    """The name of the model that an adapter was trained on: a hub id, or a folder. Raises ModelError."""
    try:
        stated = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        base = str(stated["base_model_name_or_path"] or "")
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ModelError(f"{folder / CONFIG} does not say which model the adapter is for: it is broken.") from fault
    if not base:
        raise ModelError(f"{folder / CONFIG} names no base model: write its id or folder in base_model_name_or_path.")
    beside = folder / base
    return str(beside) if beside.is_dir() else base


def apply_adapter(model: PreTrainedModel, folder: Path, name: str) -> PreTrainedModel:
    """The base model with the adapter's weights added to its own. Raises ModelError if it does not fit."""
    if not any(folder.glob("adapter_model*.safetensors")):
        raise ModelError(f"The adapter '{name}' has no weights in safetensors: save it with peft's save_pretrained.")
    try:
        from peft import PeftModel

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of peft's use of transformers
            joined = PeftModel.from_pretrained(model, folder)
            merged: PreTrainedModel = joined.merge_and_unload(safe_merge=True)
        for parameter in merged.parameters():
            if stored_as(parameter) != parameter.dtype:
                parameter.data = stored_in(parameter).to(parameter.dtype)
    except Exception as fault:  # of libraries, whatever they like
        cause = " ".join(str(fault).split())[:200]
        raise ModelError(f"The adapter '{name}' does not fit its base model: {cause}.") from fault
    return merged
