"""Whether a checkpoint is what it must be: a causal language model, with every one of its weights.

transformers fills tensors that a checkpoint lacks with random numbers, and says so in a warning; here its own report of
the loading decides.
"""

from collections.abc import Mapping
from typing import Any

from transformers import PreTrainedConfig
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from explorer.domain.errors import ModelError

SHOWN = 3
"""Names of tensors that a sentence tells, at most."""


def check_architecture(name: str, config: PreTrainedConfig) -> None:
    """Refuse a classifier, a reward model, an encoder. Raises ModelError.

    A checkpoint that names a bare model (`LlamaModel`) is let through: whether it has a head is seen when it is read.
    """
    said = list(config.architectures or ())
    known = set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values())
    if said and not any(each in known or (each.endswith("Model") and "Reward" not in each) for each in said):
        raise ModelError(
            f"The model '{name}' is a {said[0]}, which is no causal language model: choose one that continues a text."
        )


def check_whole(name: str, report: Mapping[str, Any]) -> None:
    """Refuse what lacks weights, or has some of another shape, by transformers' report. Raises ModelError."""
    missing = sorted(report["missing_keys"])
    other = sorted(key for key, *_ in report["mismatched_keys"])
    if missing or other:
        what = " and ".join(filter(None, (_counted(missing, "lacks"), _counted(other, "has in another shape"))))
        raise ModelError(
            f"The checkpoint of '{name}' {what}. Random numbers would stand in for them: get all of its files, in one "
            "version."
        )


def remark_on(report: Mapping[str, Any]) -> str:
    """That the model has no place for some tensors, in a sentence; "" if all are used."""
    names = sorted(report["unexpected_keys"])
    return f"The checkpoint {_counted(names, 'has')} that this architecture does not use." if names else ""


def _counted(names: list[str], verb: str) -> str:
    """How many tensors, and the names of the first; "" for none."""
    if not names:
        return ""
    tensors = "1 tensor" if len(names) == 1 else f"{len(names):,} tensors"
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return f"{verb} {tensors} ({shown})"
