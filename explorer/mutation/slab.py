"""The piece of a matrix that a genotype replaces."""

from dataclasses import dataclass

from torch import Tensor

from explorer.model.anatomy import Matrix


@dataclass(frozen=True, slots=True)
class Slab:
    """Consecutive rows of a matrix after a genotype: everything that its mutations touch there."""

    matrix: Matrix
    first_row: int
    weights: Tensor
    """[rows of the slab, columns], a copy."""

    @property
    def rows(self) -> range:
        """The matrix rows that it replaces."""
        return range(self.first_row, self.first_row + self.weights.shape[0])
