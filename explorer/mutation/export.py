"""A model as a folder that `AutoModelForCausalLM.from_pretrained` loads: written whole or not at all."""

import json
import shutil
from pathlib import Path

from safetensors import SafetensorError
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, PreTrainedModel

from explorer.domain.errors import ExchangeError
from explorer.files.folders import check_new_folder, unfinished
from explorer.files.versions import versions
from explorer.model.loaded import LoadedModel
from explorer.model.widened import narrowed

ORIGIN = "mutation.json"
"""The file in the folder that says what the model is."""


def save_model(original: LoadedModel, mutant: PreTrainedModel, genotype: str, folder: Path) -> int:
    """Write a mutant with its original's tokenizer; the size in bytes. The folder appears only when complete.

    `mutant` is a copy that `patch` has made. Raises ExchangeError, also if the folder holds something already.
    """
    if type(mutant.config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        raise ExchangeError(
            f"{mutant.config.model_type} is a part of a model and has no loader of its own: write a patch."
        )
    check_new_folder(folder)
    folder = folder.absolute()
    growing = unfinished(folder)
    try:
        growing.mkdir(parents=True)
        narrowed(mutant).save_pretrained(growing)
        original.tokenizer.save_pretrained(growing)
        (growing / ORIGIN).write_text(_origin(original, genotype), encoding="utf-8")
        if folder.exists():
            folder.rmdir()
        growing.rename(folder)
    except (OSError, ValueError, SafetensorError) as fault:
        raise ExchangeError(f"The model could not be written to {folder}: {' '.join(str(fault).split())}.") from fault
    finally:
        shutil.rmtree(growing, ignore_errors=True)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _origin(original: LoadedModel, genotype: str) -> str:
    table = {
        "genotype": genotype,
        "original": {"name": original.name, "fingerprint": original.fingerprint},
        "versions": versions(),
    }
    return json.dumps(table, ensure_ascii=False, indent=2) + "\n"
