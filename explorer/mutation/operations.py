"""What an operation does to weights: pure functions of tensors.

Does not know where the weights come from or who computes with them. What is computed of the weights is computed in
float32, whatever they are stored in, and stored as they were.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from explorer.domain.chance import raw_numbers, uniform
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Operation
from explorer.domain.weights import Statistics

_FACTORS_KEPT = 4
"""Sites whose components are kept: the slider moves over their number."""
_WHOLE_NUMBERS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
"""By bytes."""


def operate(
    weights: Tensor, operation: Operation, of_matrix: Statistics, *, name: str = "", source: Tensor | None = None
) -> Tensor:
    """The weights [rows, columns] of a site after the operation, as a new tensor of the same shape and dtype.

    `max`, `min`, `mean` and deviations are those of the unmutated matrix that the weights belong to, whose `name`
    chance depends on beside the seed; `source` has the weights of a copy or a graft, or what an adapter adds. Raises
    ModelError for a bit that there is not.
    """
    match operation.kind:
        case "set":
            return torch.full_like(weights, operation.value)
        case "max":
            return torch.full_like(weights, of_matrix.maximum)
        case "min":
            return torch.full_like(weights, of_matrix.minimum)
        case "mean":
            return torch.full_like(weights, of_matrix.mean)
        case "scale":
            return weights * operation.value
        case "add":
            return weights + operation.value
        case "flip":
            return flipped(weights, int(operation.value))
        case "copy":
            assert source is not None
            if source.shape != weights.shape:
                raise ModelError("Only a site of the same shape can be copied here.")
            return source.to(weights.dtype).clone()
        case "from":
            assert source is not None
            other = source.to(weights.device, torch.float32)
            mixed = other if operation.value == 1 else torch.lerp(weights.float(), other, operation.value)
            return mixed.to(weights.dtype)
        case "adapter":
            assert source is not None
            return (weights.float() + operation.value * source.to(weights.device)).to(weights.dtype)
    return _edited(weights.float(), operation, of_matrix, name).to(weights.dtype)


def _edited(weights: Tensor, operation: Operation, of_matrix: Statistics, name: str) -> Tensor:
    """Of weights in float32."""
    match operation.kind:
        case "noise" | "jitter":
            noise = gaussian(weights.shape, operation.seed, name) * (operation.value * of_matrix.deviation)
            noise = noise.to(weights.device, torch.float32)
            return noise if operation.kind == "noise" else weights + noise
        case "shuffle":
            drawn = raw_numbers(weights.numel(), operation.seed, stream=0, place=_place_of(name))
            order = torch.from_numpy(_order_of(drawn))
            return weights.flatten()[order.to(weights.device)].reshape(weights.shape)
        case "round":
            return rounded(weights, int(operation.value), operation.group)
        case "prune" if operation.group:
            return pruned_in_groups(weights, int(operation.value), operation.group)
        case "prune":
            return pruned(weights, operation.value)
        case "rank":
            return of_rank(weights, component_count(operation, weights))
        case "unrank":
            return weights - of_rank(weights, component_count(operation, weights))
    raise AssertionError(operation.kind)


def _place_of(name: str) -> int:
    """Where a matrix's own random numbers begin."""
    return zlib.crc32(name.encode()) + 1


def _order_of(drawn: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The order of random numbers, of equal ones the first first: by a fast sort, unless there are such."""
    order = np.argsort(drawn)
    ranked = drawn[order]
    return np.argsort(drawn, kind="stable") if bool((ranked[1:] == ranked[:-1]).any()) else order


def gaussian(shape: torch.Size, seed: int, name: str) -> Tensor:
    """Standard normal noise, float64, the same on every device (Box and Muller, 1958)."""
    count = math.prod(shape)
    first, second = (torch.from_numpy(uniform(count, seed, stream, _place_of(name))) for stream in (1, 2))
    return (first.log().mul_(-2).sqrt_() * second.mul(2 * math.pi).cos_()).reshape(shape)


def rounded(weights: Tensor, bits: int, group: int) -> Tensor:
    """Quantised to nearest, symmetrically, with one scale for each `group` columns of a row.

    The scale is the largest magnitude over 2^(bits - 1) - 1 (absmax quantisation, as Dettmers et al., 2022, describe
    it); with one bit each weight becomes the group's mean magnitude times its sign (Rastegari et al., 2016). The last
    group of a row may be shorter.
    """
    rows, columns = weights.shape
    padded = torch.nn.functional.pad(weights, (0, -columns % group)).reshape(rows, -1, group)
    if bits == 1:
        sizes = torch.full((padded.shape[1], 1), group, device=weights.device)
        sizes[-1] = group - -columns % group
        levels = padded.sign() * (padded.abs().sum(-1, keepdim=True) / sizes)
    else:
        most = 2 ** (bits - 1) - 1
        scales = padded.abs().amax(-1, keepdim=True) / most
        levels = (padded / scales.where(scales > 0, 1)).round().clamp(-most, most) * scales
    return levels.reshape(rows, -1)[:, :columns].contiguous()


def pruned(weights: Tensor, share: float) -> Tensor:
    """The floor of that share of the weights, those of smallest magnitude, set to 0.

    Magnitude pruning (Han et al., 2015). Of equal ones the first in row-major order.
    """
    count = math.floor(Fraction(repr(share)) * weights.numel())
    if not count:
        return weights.clone()
    sizes = weights.abs().flatten()
    limit = sizes.kthvalue(count).values
    goes = sizes < limit
    ties = (sizes == limit).nonzero().flatten()
    goes[ties[: count - int(goes.sum())]] = True
    return weights.masked_fill(goes.reshape(weights.shape), 0)


def pruned_in_groups(weights: Tensor, count: int, group: int) -> Tensor:
    """In every `group` columns of a row the `count` smallest set to 0 (N:M sparsity: Mishra et al., 2021).

    Of equal ones the first. A last group that is shorter loses the same share of its columns, rounded down.
    """
    found = weights.clone()
    for first in range(0, weights.shape[1], group):
        part = found[:, first : first + group]
        few = count * part.shape[1] // group
        part.scatter_(1, part.abs().argsort(dim=1, stable=True)[:, :few], 0.0)
    return found


def component_count(operation: Operation, weights: Tensor) -> int:
    """How many components an operation on the rank is about."""
    full = min(weights.shape)
    if operation.is_share:
        return math.floor(Fraction(repr(operation.value)) / 100 * full)
    return min(int(operation.value), full)


def of_rank(weights: Tensor, rank: int) -> Tensor:
    """The best approximation of that rank (Eckart and Young, 1936); as Sharma et al., 2023, reduce layers."""
    if rank >= min(weights.shape):
        return weights.clone()
    directions = _factors(weights)[:, -rank:] if rank else None
    if directions is None:
        return torch.zeros_like(weights)
    if weights.shape[1] <= weights.shape[0]:
        return (weights @ directions) @ directions.T
    return directions @ (directions.T @ weights)


_kept: OrderedDict[bytes, Tensor] = OrderedDict()


def _factors(weights: Tensor) -> Tensor:
    """Singular vectors of the shorter side [side, side], float32, those of the largest values last; kept by content.

    From the eigenvectors of the Gram matrix in float64, a fraction of the time of a singular value decomposition.
    """
    key = hashlib.blake2b(weights.contiguous().cpu().numpy().tobytes(), salt=b"%d" % weights.shape[0]).digest()
    if key not in _kept:
        exact = weights.double()
        gram = exact.T @ exact if weights.shape[1] <= weights.shape[0] else exact @ exact.T
        _kept[key] = torch.linalg.eigh(gram).eigenvectors.float()
        while len(_kept) > _FACTORS_KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return _kept[key].to(weights.device)


def flipped(weights: Tensor, bit: int) -> Tensor:
    """One bit of each stored number turned, 0 the least; what becomes infinite stays so. Raises ModelError."""
    width = 8 * weights.element_size()
    if bit >= width:
        name = str(weights.dtype).removeprefix("torch.")
        raise ModelError(f"A weight stored in {name} has the bits 0 to {width - 1}: there is no bit {bit}.")
    whole = _WHOLE_NUMBERS[weights.element_size()]
    mask = torch.tensor(-(2**bit) if bit == width - 1 else 2**bit, dtype=whole, device=weights.device)
    return (weights.contiguous().view(whole) ^ mask).view(weights.dtype)
