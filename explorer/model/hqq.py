"""Checkpoints of HQQ: what its package keeps of a linear map, as values; transformers no longer reads them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

_CODES = "W_q"


class Hqq:
    """See `explorer.model.stored.Codec`."""

    def parts(self, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """`x.weight` of `x.W_q` and all that lies beside it, but for the bias."""
        modules = [name.removesuffix(f".{_CODES}") for name in names if name.endswith(f".{_CODES}")]
        found = {}
        for module in modules:
            own = [name for name in names if name.rpartition(".")[0] == module and not name.endswith((".bias", _CODES))]
            found[f"{module}.weight"] = (f"{module}.{_CODES}", *own)
        return found

    def values(self, name: str, stored: Mapping[str, Tensor]) -> Tensor:
        """[rows, columns], in bfloat16."""
        from hqq.core.quantize import HQQLinear

        module = name.removesuffix("weight")
        layer = HQQLinear(None, None, compute_dtype=torch.bfloat16, device="cpu", initialize=False)
        layer.load_state_dict({part.removeprefix(module): tensor for part, tensor in stored.items()})
        values: Tensor = layer.dequantize()
        return values.detach()
