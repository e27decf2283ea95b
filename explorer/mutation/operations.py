"""What an operation does to weights: pure functions of tensors.

Does not know where the weights come from or who computes with them.
"""

import torch
from torch import Tensor

from explorer.domain.genotype import Operation
from explorer.domain.weights import Statistics


def operate(weights: Tensor, operation: Operation, of_matrix: Statistics) -> Tensor:
    """The weights after the operation, as a new tensor of the same shape and dtype.

    `max` and `min` are the extremes of the unmutated matrix that the weights belong to.
    """
    match operation.kind:
        case "set":
            return torch.full_like(weights, operation.value)
        case "max":
            return torch.full_like(weights, of_matrix.maximum)
        case "min":
            return torch.full_like(weights, of_matrix.minimum)
        case "scale":
            return weights * operation.value
        case "add":
            return weights + operation.value
