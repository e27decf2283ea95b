"""A matrix reduced to few cells: for maps by its largest weights, for estimates by sums over blocks."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from explorer.domain.weights import Grid

MOST_ROWS, MOST_COLUMNS = 96, 192
"""The most cells of a map; a larger rectangle is pooled."""


def pool_strongest(weights: Tensor, rows: range, columns: range) -> Grid:
    """The map of a rectangle of weights [rows, columns]: each cell holds its weight of largest magnitude."""
    window = weights[rows.start : rows.stop, columns.start : columns.stop]
    cell_rows, cell_columns = -(-len(rows) // MOST_ROWS), -(-len(columns) // MOST_COLUMNS)
    cells = _cells(window, cell_rows, cell_columns)
    highest, lowest = cells.amax((1, 3)).float(), cells.amin((1, 3)).float()
    values = torch.where(highest >= -lowest, highest, lowest)
    return Grid(values=values.cpu().numpy(), rows=rows, columns=columns, cell_rows=cell_rows, cell_columns=cell_columns)


def strongest(weights: Tensor, rows: range, columns: range) -> tuple[int, int]:
    """Row and column of the weight of largest magnitude in a rectangle of weights [rows, columns]."""
    window = weights[rows.start : rows.stop, columns.start : columns.stop]
    row, column = divmod(int(window.abs().argmax()), len(columns))
    return rows.start + row, columns.start + column


def sum_blocks(scores: Tensor, height: int, width: int) -> Tensor:
    """Sums of scores [rows, columns] over blocks of so many rows and columns: [blocks down, blocks across], float32."""
    bands = _cells(scores.float(), height, width).sum(1)  # whole rows first: they lie side by side in memory
    return bands.sum(-1)


def _cells(scores: Tensor, cell_rows: int, cell_columns: int) -> Tensor:
    """Scores [rows, columns] as [cells down, cell rows, cells across, cell columns], padded with zeros."""
    rows, columns = scores.shape
    missing = (0, -columns % cell_columns, 0, -rows % cell_rows)
    padded = pad(scores, missing) if any(missing) else scores
    shape = (padded.shape[0] // cell_rows, cell_rows, padded.shape[1] // cell_columns, cell_columns)
    return padded.reshape(shape)
