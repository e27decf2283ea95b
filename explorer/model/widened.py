"""Weights as they are stored, arithmetic in float32: half-precision numbers that compute as float32 ones.

To whoever computes with it a `Widened` tensor is one of float32. Its numbers lie where and as the checkpoint has
them (in bfloat16, or in the memory of the CPU for a pass on a GPU) and are widened where they are used, piece by piece
in matrix products, so that a model never has a second copy. Widening is exact, so the result is what the same
weights kept in float32 give, but for the rounding of a product that is taken in pieces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

from explorer.model.twin import twin_of

Model = TypeVar("Model", bound=nn.Module)

_ROWS_AT_ONCE, _NUMBERS_AT_ONCE = 1024, 1_200_000
"""A piece has at least so many rows, and more of a narrow weight: few enough to stay in the cache of a CPU, enough to
keep its cores busy (measured in docs/decisions/0020-half-precision.md)."""

_SMALL = 65_536
"""Up to so many numbers (norms, biases) the wide form is kept beside the stored one."""

_FEW_ROWS = 8

Aten = torch.ops.aten

_MOVES = {
    Aten.alias.default, Aten.detach.default, Aten.clone.default,
    Aten.t.default, Aten.transpose.int, Aten.permute.default,
    Aten.view.default, Aten._unsafe_view.default, Aten.reshape.default, Aten.expand.default, Aten.as_strided.default,
    Aten.squeeze.default, Aten.squeeze.dim, Aten.unsqueeze.default,
    Aten.select.int, Aten.slice.Tensor, Aten.narrow.default, Aten.index.Tensor, Aten.index_select.default,
    Aten.unbind.int, Aten.split.Tensor, Aten.split_with_sizes.default, Aten.chunk.default,
}  # fmt: skip
"""What changes no number: done to the stored ones."""


class Widened(Tensor):
    """A float32 tensor over stored numbers of less precision, or in another memory."""

    stored: Tensor
    wide: Tensor | None
    """The same in float32, of a small one."""

    @staticmethod
    def __new__(cls, stored: Tensor, device: torch.device | None = None) -> Widened:
        """Takes the place of `stored` in a pass on `device`, by default where it lies."""
        made: Widened = Tensor._make_wrapper_subclass(
            cls,
            stored.shape,
            strides=stored.stride(),
            storage_offset=stored.storage_offset(),
            dtype=torch.float32,
            device=device or stored.device,
            requires_grad=False,
        )
        return made

    def __init__(self, stored: Tensor, device: torch.device | None = None) -> None:
        self.stored = stored
        self.wide = _widen(stored, device or stored.device) if stored.numel() <= _SMALL else None

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    def __repr__(self, **_: object) -> str:  # type: ignore[override]
        return f"Widened({tuple(self.shape)}, stored in {str(self.stored.dtype).removeprefix('torch.')})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, function: Any, _types: object, arguments: Sequence[Any] = (), keywords: Mapping[str, Any] | None = None
    ) -> Any:
        keywords = keywords or {}
        if function in _MOVES and isinstance(arguments[0], Widened):
            moved = function(arguments[0].stored, *arguments[1:], **keywords)
            with torch.inference_mode(False):  # a view of what is no inference tensor is none either
                return tree_map_only(Tensor, lambda part: Widened(part, arguments[0].device), moved)
        special = _SPECIAL.get(function)
        if special is not None and (answer := special(*arguments, **keywords)) is not None:
            return answer
        if function._schema.is_mutable and isinstance(arguments[0], Widened):
            raise TypeError("The weights are never written to: change a copy of what is stored.")
        plain = tree_map_only(Widened, lambda tensor: tensor.widen(), (tuple(arguments), dict(keywords)))
        return function(*plain[0], **plain[1])

    def widen(self) -> Tensor:
        """All of it in float32."""
        return _widen(self.stored, self.device) if self.wide is None else self.wide


_OWN = "_stored_dtype"
"""The attribute of a parameter that is kept in float32 though its checkpoint has it in another precision."""


def keep_wide(parameter: nn.Parameter, dtype: torch.dtype) -> None:
    """Note that a parameter in float32 stands for numbers of another precision, which it holds exactly.

    It is kept wide because there is room for it; what is changed of it is rounded as where there is none.
    """
    setattr(parameter, _OWN, dtype)


def stored_in(tensor: Tensor) -> Tensor:
    """A parameter's numbers as its checkpoint stores them, without a gradient; do not write to them."""
    if isinstance(tensor, Widened):
        return tensor.stored
    own = getattr(tensor, _OWN, None)
    return tensor.detach() if own is None else tensor.detach().to(own)


def stored_as(parameter: Tensor) -> torch.dtype:
    """The precision in which a checkpoint stores a parameter."""
    if isinstance(parameter, Widened):
        return parameter.stored.dtype
    return getattr(parameter, _OWN, parameter.dtype)


def like(parameter: Tensor, numbers: Tensor) -> Tensor:
    """Other numbers, ready to take the place of a parameter: stored as its own are."""
    return Widened(numbers, parameter.device) if isinstance(parameter, Widened) else numbers.to(parameter.dtype)


def stored_dtype(model: nn.Module) -> torch.dtype:
    """The precision in which most weights are stored."""
    counts: Counter[torch.dtype] = Counter()
    for parameter in model.parameters():
        if parameter.is_floating_point():
            counts[stored_as(parameter)] += parameter.numel()
    return counts.most_common(1)[0][0] if counts else torch.float32


def size_of(model: nn.Module) -> int:
    """Of the parameters as they are kept in memory, in bytes."""
    return sum(_kept(parameter).nbytes for parameter in model.parameters())


def _kept(parameter: Tensor) -> Tensor:
    return parameter.stored if isinstance(parameter, Widened) else parameter


def is_stored_otherwise(model: nn.Module) -> bool:
    """Whether some of its weights are not of float32."""
    return any(_is_other(parameter) for parameter in model.parameters())


def narrowed(model: Model) -> Model:
    """The modules once more, with the parameters as they are stored: to be written to a disk."""
    twin = twin_of(model)
    _exchange(twin, lambda each: stored_in(each) if isinstance(each, Widened) or hasattr(each, _OWN) else None)
    return twin


def widen_model(model: nn.Module, device: torch.device | None = None) -> None:
    """Let all tensors that are not of float32 count in it, and those that lie elsewhere than `device` there.

    The modules are changed, the numbers of the parameters are not; a tied tensor stays one.
    """

    def widen(tensor: Tensor) -> Tensor | None:
        lies_elsewhere = device is not None and tensor.device != device
        return Widened(tensor.detach(), device) if _is_other(tensor) or lies_elsewhere else None

    _exchange(model, widen)
    for module in model.modules():
        for name, buffer in module._buffers.items():
            if buffer is not None and _is_other(buffer):
                module._buffers[name] = buffer.float()


def _is_other(tensor: Tensor) -> bool:
    """Whether it holds numbers that are not of float32."""
    return not isinstance(tensor, Widened) and tensor.is_floating_point() and tensor.dtype != torch.float32


def _exchange(model: nn.Module, change: Callable[[Tensor], Tensor | None]) -> None:
    """Put other tensors in place of some parameters, at all places of each."""
    made: dict[int, nn.Parameter | None] = {}
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is None:
                continue
            if id(parameter) not in made:
                tensor = change(parameter)
                made[id(parameter)] = None if tensor is None else nn.Parameter(tensor, requires_grad=False)
            other = made[id(parameter)]
            module._parameters[name] = parameter if other is None else other


def widened_product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`x @ weight.T + bias` for x [..., columns] of float32 and weight [rows, columns] of less precision, by pieces."""
    rows = x.reshape(-1, x.shape[-1])
    out = _times_transposed(rows, weight).view(*x.shape[:-1], weight.shape[0])
    return out if bias is None else out.add_(bias)


def _widen(numbers: Tensor, device: torch.device) -> Tensor:
    return numbers.to(device=device, dtype=torch.float32)


def _times_transposed(x: Tensor, weight: Tensor) -> Tensor:
    """x [n, columns] by weight [rows, columns]: [n, rows], the rows of the weight widened some at a time."""
    count, height, width = len(x), weight.shape[0], weight.shape[1]
    at_once = max(_ROWS_AT_ONCE, _NUMBERS_AT_ONCE // max(width, 1))
    few = count <= _FEW_ROWS and x.device.type == "cpu"
    if few:  # see model.linear: weight times rows, and not a single row
        x = x.contiguous() if count > 1 else torch.cat((x, x))
    if height <= at_once:
        piece = _widen(weight, x.device)
        return (piece @ x.t()).t()[:count].contiguous() if few else x @ piece.t()
    out = x.new_empty(count, height)
    room = x.new_empty(at_once, width)
    for start in range(0, height, at_once):
        part = weight[start : start + at_once]
        piece = room[: len(part)].copy_(part)
        out[:, start : start + at_once] = (piece @ x.t()).t()[:count] if few else x @ piece.t()
    return out


def _mm(x: Any, weight: Any) -> Tensor | None:
    if not isinstance(weight, Widened) or isinstance(x, Widened) or weight.numel() <= _SMALL:
        return None
    return _times_transposed(x, weight.stored.t())


def _addmm(bias: Any, x: Any, weight: Any, *, beta: float = 1, alpha: float = 1) -> Tensor | None:
    if (out := _mm(x, weight)) is None:
        return None
    return out.mul_(alpha).add_(bias if beta == 1 else bias * beta)


def _linear(x: Any, weight: Any, bias: Any = None) -> Tensor | None:
    if not isinstance(weight, Widened) or isinstance(x, Widened) or weight.ndim != 2:  # noqa: PLR2004
        return None
    return widened_product(x, weight.stored, bias)


def _matmul(x: Any, weight: Any) -> Tensor | None:
    if not isinstance(weight, Widened) or isinstance(x, Widened) or weight.ndim != 2 or x.ndim < 2:  # noqa: PLR2004
        return None
    return widened_product(x, weight.stored.t())


def _bmm(x: Any, weight: Any) -> Tensor | None:
    if not isinstance(weight, Widened) or isinstance(x, Widened):
        return None
    pairs = zip(x.unbind(), weight.stored.unbind(), strict=True)
    return torch.stack([_times_transposed(own, numbers.t()) for own, numbers in pairs])


def _embedding(weight: Any, ids: Tensor, *_: Any, **__: Any) -> Tensor | None:
    if not isinstance(weight, Widened):
        return None
    found = torch.nn.functional.embedding(ids.to(weight.stored.device), weight.stored)
    return _widen(found, weight.device)


_SPECIAL: dict[Any, Callable[..., Tensor | None]] = {
    Aten.mm.default: _mm,
    Aten.addmm.default: _addmm,
    Aten.linear.default: _linear,
    Aten.matmul.default: _matmul,
    Aten.bmm.default: _bmm,
    Aten.embedding.default: _embedding,
}
"""What takes the stored numbers as they are, or piece by piece; None where it does not apply."""
