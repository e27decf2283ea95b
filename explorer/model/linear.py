"""A matrix product for the few rows of a decoding step.

On x86 CPUs the BLAS behind `torch.nn.functional.linear` runs one to eight rows against a large float32
weight at a fraction of the memory's speed; the same product taken the other way round (weight times
rows) runs at full speed, but not for a single row, which is therefore computed twice. For many rows against the head
of a vocabulary of a quarter of a million words, oneDNN takes half the time of that BLAS, some rows at a time. Measured
in docs/decisions/0003-few-row-products.md and 0019-any-model.md; elsewhere this is `linear` itself.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from explorer.model.view import View
from explorer.model.widened import Widened, widened_product

_FEW_ROWS = 8

_WIDE, _AT_ONCE = 100_000, 96
"""Rows of a weight from which on oneDNN is asked, and rows of input that it gets at a time."""


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`x @ weight.T + bias` for x [..., columns], weight [rows, columns]; equal to F.linear but for rounding.

    A weight of less precision than float32 `x`, or in another memory, is widened by pieces.
    """
    numbers = weight.stored if isinstance(weight, Widened) else weight
    if x.dtype == torch.float32 and (numbers.dtype != torch.float32 or numbers.device != x.device):
        return widened_product(x, numbers, bias)
    row_count = x.numel() // x.shape[-1]
    if not _is_slow(weight):
        return F.linear(x, weight, bias)
    if row_count > _FEW_ROWS:
        return _wide(x, weight, bias) if weight.shape[0] >= _WIDE else F.linear(x, weight, bias)
    rows = x.reshape(row_count, x.shape[-1]).contiguous()  # rows that lie apart would be multiplied the slow way
    doubled = rows if row_count > 1 else torch.cat((rows, rows))
    product = (weight @ doubled.t()).t()[:row_count].contiguous().view(*x.shape[:-1], weight.shape[0])
    return product if bias is None else product + bias


def _wide(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    if not torch.backends.mkldnn.is_available() or torch.is_grad_enabled():
        return F.linear(x, weight, bias)
    rows = x.reshape(-1, x.shape[-1])
    product = rows.new_empty(len(rows), weight.shape[0])
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE].contiguous()
        product[start : start + _AT_ONCE] = torch.ops.mkldnn._linear_pointwise(some, weight, bias, "none", [], "")
    return product.view(*x.shape[:-1], weight.shape[0])


def _is_slow(weight: Tensor) -> bool:
    return weight.device.type == "cpu" and weight.dtype == torch.float32 and torch.backends.mkl.is_available()


class FewRowLinear(nn.Linear):
    """An `nn.Linear` that multiplies by `linear` above."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # the name that nn.Linear gives it
        """x [..., in_features] to [..., out_features]."""
        return linear(input, self.weight, self.bias)


def base_view(model: nn.Module) -> View:
    """A view of the model whose linear maps are fast for few rows, and whose small tensors are plain ones."""
    view = View(model)
    for path, module in model.named_modules():
        if type(module) is nn.Linear:
            view.own(path).__class__ = FewRowLinear
        for name, parameter in module._parameters.items():
            if isinstance(parameter, Widened) and parameter.wide is not None:
                view.own(path)._parameters[name] = nn.Parameter(parameter.wide, requires_grad=False)
    return view
