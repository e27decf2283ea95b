"""What the weights of a model are worth: looking at them, never writing.

Knows matrices by their anatomy; the extremes that `=max` and `=min` mean are defined here.
"""

import hashlib

import torch
from torch import Tensor, nn

from explorer.domain.weights import Statistics
from explorer.model.anatomy import Matrix
from explorer.model.widened import stored_in


def parameter_of(model: nn.Module, matrix: Matrix) -> nn.Parameter:
    """The model's own tensor that holds the matrix, perhaps with others."""
    return model.get_parameter(matrix.uses[0].path)


def stored_tensor(model: nn.Module, matrix: Matrix) -> Tensor:
    """As `parameter_of`, the numbers as they are stored, without a gradient; do not write to them."""
    return stored_in(parameter_of(model, matrix))


def part_of(tensor: Tensor, matrix: Matrix) -> Tensor:
    """The matrix's part [rows, columns] of a tensor shaped like its parameter; a view unless it is interleaved."""
    return upright(tensor, matrix)[matrix.uses[0].features(range(matrix.rows))]


def upright(tensor: Tensor, matrix: Matrix) -> Tensor:
    """A view [features of the module, columns] of a tensor shaped like a matrix's parameter: output features down."""
    use = matrix.uses[0]
    if use.expert is not None:
        tensor = tensor[use.expert]
    if use.layout in ("conv1d", "turned"):
        return tensor.t()
    if tensor.ndim < 2:  # noqa: PLR2004
        return tensor.reshape(-1, 1)
    return tensor.reshape(-1, matrix.columns) if tensor.ndim > 2 else tensor  # noqa: PLR2004


def weight_of(model: nn.Module, matrix: Matrix) -> Tensor:
    """The matrix as `weight[row, column]`: [rows, columns] of the model's own tensor; do not write to it."""
    return part_of(stored_tensor(model, matrix), matrix)


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
    """SHA-256 over the stored bytes of all parameters, in order: equal exactly when no weight has changed."""
    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        digest.update(name.encode())
        digest.update(stored_in(parameter).cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
