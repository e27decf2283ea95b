"""What the weights of a model are worth: looking at them, never writing.

Knows matrices by their anatomy; the extremes that `=max` and `=min` mean are defined here.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.model.anatomy import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Of one matrix: its extremes, its mean and its standard deviation (population)."""

    minimum: float
    maximum: float
    mean: float
    deviation: float


def weight_of(model: nn.Module, matrix: Matrix) -> Tensor:
    """The matrix as `weight[row, column]`: a view [rows, columns] of the model's own tensor; do not write to it."""
    use = matrix.uses[0]
    weight = model.get_submodule(use.module).weight
    assert isinstance(weight, Tensor)
    weight = weight.detach()
    if use.layout == "conv1d":
        weight = weight.t()
    if use.layout == "vector":
        weight = weight.unsqueeze(1)
    return weight[use.first_row : use.first_row + matrix.rows]


def measure(weight: Tensor) -> Statistics:
    """Statistics of a matrix [rows, columns]."""
    values = weight.float()
    minimum, maximum = torch.aminmax(values)
    return Statistics(
        minimum=float(minimum),
        maximum=float(maximum),
        mean=float(values.mean()),
        deviation=float(values.std(correction=0)),
    )


def checksum(model: nn.Module) -> str:
    """SHA-256 over the bytes of all parameters, in order: equal exactly when no weight has changed."""
    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        digest.update(name.encode())
        digest.update(parameter.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
