"""Quantised checkpoints: which package reads the codes, and the values that they stand for.

A mutation sets values, so a model is always one of values: what is stored as codes is turned into bfloat16 when it is
read, or refused in a sentence that names the format and the package that it takes.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel

from explorer.domain.errors import ModelError
from explorer.model.hqq import Hqq
from explorer.model.mlx import Mlx
from explorer.model.stored import Codec, Stored

_PACKAGES = {
    "aqlm": ("AQLM", "aqlm"),
    "auto-round": ("AutoRound", "auto_round"),
    "awq": ("AWQ", "gptqmodel"),
    "bitsandbytes": ("bitsandbytes", "bitsandbytes"),
    "compressed-tensors": ("compressed-tensors", "compressed_tensors"),
    "eetq": ("EETQ", "kernels"),
    "fbgemm_fp8": ("FBGEMM FP8", "fbgemm_gpu"),
    "fouroversix": ("Four Over Six", "fouroversix"),
    "fp_quant": ("FP-Quant", "fp_quant"),
    "gptq": ("GPTQ", "gptqmodel optimum"),
    "higgs": ("HIGGS", "flute"),
    "hqq": ("HQQ", "hqq"),
    "quanto": ("Quanto", "optimum.quanto"),
    "quark": ("Quark", "quark"),
    "sinq": ("SINQ", "sinq"),
    "spqr": ("SpQR", "spqr_quant"),
    "torchao": ("torchao", "torchao"),
    "vptq": ("VPTQ", "vptq"),
}
"""By transformers' name of a format: how people call it, and the modules that it takes."""

_DEQUANTIZING = ("compressed-tensors", "fp8", "metal", "mxfp4", "mxfp8", "nvfp4")
"""Formats that transformers itself turns into values while it reads."""

_MLX, _UNKNOWN = "mlx", "unknown"


def format_of(config: PreTrainedConfig) -> str:
    """The name of the format that a checkpoint's weights are quantised in; "": none."""
    stated = _stated(config)
    if stated is None:
        return ""
    method = stated.get("quant_method")
    if method is None:
        return _MLX if {"bits", "group_size"} <= set(stated) else _UNKNOWN
    return str(getattr(method, "value", method))


def prepare(name: str, config: PreTrainedConfig, tensors: Sequence[Stored]) -> Codec | None:
    """Have a checkpoint of codes read as values, by a codec of ours if one is returned.

    Raises ModelError for a format that nothing here reads, naming it and the package that would.
    """
    method = format_of(config)
    if not method:
        _check_plain(name, tensors)
        return None
    title, package = _PACKAGES.get(method, (method, ""))
    packages = package.split()
    if not all(map(_has, packages)):
        installed = package.replace(".", "-").replace("_", "-")
        raise ModelError(
            f"The weights of '{name}' are stored as {title} codes, which {packages[0].partition('.')[0]} reads: "
            f"pip install {installed}, or take the model in safetensors of bfloat16."
        )
    if method in (_MLX, "hqq"):
        codec = Mlx(dict(_stated(config) or {})) if method == _MLX else Hqq()
        _drop(config)
        return codec
    if method not in _PACKAGES and method not in _DEQUANTIZING:
        raise ModelError(
            f"The weights of '{name}' are stored as codes of a format that nothing here reads ({method}): take the "
            "model in safetensors of bfloat16."
        )
    if is_decoded_by_transformers(method):
        _holder(config).quantization_config = (_stated(config) or {}) | {"dequantize": True}
    return None


def is_decoded_by_transformers(method: str) -> bool:
    """Whether transformers itself makes values of a format's codes while it reads."""
    return method in _DEQUANTIZING


def _check_plain(name: str, tensors: Sequence[Stored]) -> None:
    codes = [each.name for each in tensors if each.name.endswith(".weight") and not each.dtype.is_floating_point]
    if codes:
        raise ModelError(_left(name, "of an unknown format", codes))


def _left(name: str, what: str, paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return (
        f"The weights of '{name}' are stored as codes ({what}: {paths[0]}{more}), which cannot be turned into values "
        "here: take the model in safetensors of bfloat16."
    )


def as_values(name: str, method: str, model: PreTrainedModel) -> None:
    """Turn modules that keep codes into ones of values, in place. Raises ModelError if some are left."""
    quantizer = getattr(model, "hf_quantizer", None)
    if quantizer is not None:
        try:
            model.dequantize(torch.bfloat16)
        except NotImplementedError:
            for path, module in list(model.named_modules()):
                if _keeps_codes(module) and hasattr(module, "in_features"):
                    parent, _, own = path.rpartition(".")
                    model.get_submodule(parent)._modules[own] = _dense(module)
            quantizer.remove_quantization_config(model)
    left = [path for path, module in model.named_modules() if _keeps_codes(module)]
    if left:
        raise ModelError(_left(name, _PACKAGES.get(method, (method or "of an unknown format", ""))[0], left))


def _dense(module: nn.Module) -> nn.Linear:
    """The linear map that a module of codes computes, read off what it makes of the unit vectors."""
    columns, rows = int(module.in_features), int(module.out_features)  # type: ignore[arg-type]
    device = next((each.device for each in (*module.parameters(), *module.buffers())), torch.device("cpu"))
    with torch.no_grad():
        offset = module(torch.zeros(1, columns, dtype=torch.bfloat16, device=device))
        weight = torch.empty(rows, columns, dtype=torch.bfloat16, device=device)
        for start in range(0, columns, 256):
            some = torch.eye(columns, dtype=torch.bfloat16, device=device)[start : start + 256]
            weight[:, start : start + 256] = (module(some) - offset).t()
    linear = nn.Linear(columns, rows, bias=bool(offset.any()), device="meta")
    linear.weight = nn.Parameter(weight, requires_grad=False)
    if linear.bias is not None:
        linear.bias = nn.Parameter(offset[0], requires_grad=False)
    return linear


def _keeps_codes(module: nn.Module) -> bool:
    """Whether a module has weights of its own that are no plain numbers."""
    own = [*module._parameters.values(), *module._buffers.values()]
    has_packed = any(name in module._buffers for name in ("qweight", "W_q", "weight_packed"))
    return has_packed or any(
        type(tensor.data) is not torch.Tensor or (isinstance(tensor, nn.Parameter) and not tensor.is_floating_point())
        for tensor in own
        if tensor is not None
    )


def _has(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


def _holder(config: PreTrainedConfig) -> PreTrainedConfig:
    """The configuration, or its part, that states a quantisation."""
    text = config.get_text_config()
    return config if getattr(config, "quantization_config", None) is not None else text


def _stated(config: PreTrainedConfig) -> dict[str, Any] | None:
    stated = getattr(_holder(config), "quantization_config", None)
    if stated is None:
        return None
    return stated if isinstance(stated, dict) else stated.to_dict()


def _drop(config: PreTrainedConfig) -> None:
    for part in (config, config.get_text_config()):
        for name in ("quantization_config", "quantization"):
            if hasattr(part, name):
                delattr(part, name)


def as_decoded(tensors: Sequence[Stored], config: PreTrainedConfig) -> list[Stored]:
    """What a checkpoint of codes has when it is read: as many numbers as the architecture has weights, in bfloat16."""
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(_plain(config))
    found = [Stored(name, Path(), torch.bfloat16, tuple(each.shape)) for name, each in model.named_parameters()]
    return found or list(tensors)


def _plain(config: PreTrainedConfig) -> PreTrainedConfig:
    copied = copy.deepcopy(config)
    _drop(copied)
    return copied
