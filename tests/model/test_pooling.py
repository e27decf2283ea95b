"""A matrix reduced to few cells, against plain loops."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.model.pooling import MOST_COLUMNS, MOST_ROWS, pool_strongest, strongest, sum_blocks


@given(st.integers(1, 300), st.integers(1, 500), st.data())
def test_each_cell_holds_its_strongest_weight(rows: int, columns: int, data: st.DataObject) -> None:
    torch.manual_seed(rows * 1000 + columns)
    weights = torch.randn(rows, columns)
    top, left = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    window = range(top, data.draw(st.integers(top + 1, rows))), range(left, data.draw(st.integers(left + 1, columns)))
    grid = pool_strongest(weights, *window)
    down, across = grid.values.shape
    assert down <= MOST_ROWS
    assert across <= MOST_COLUMNS
    row = data.draw(st.integers(window[0].start, window[0].stop - 1))
    column = data.draw(st.integers(window[1].start, window[1].stop - 1))
    place = ((row - top) // grid.cell_rows, (column - left) // grid.cell_columns)
    first_row, first_column = top + place[0] * grid.cell_rows, left + place[1] * grid.cell_columns
    cell = (
        range(first_row, min(first_row + grid.cell_rows, window[0].stop)),
        range(first_column, min(first_column + grid.cell_columns, window[1].stop)),
    )
    inside = weights[cell[0].start : cell[0].stop, cell[1].start : cell[1].stop]
    assert abs(grid.values[place]) == inside.abs().max()
    assert weights[strongest(weights, *cell)] == grid.values[place]


def test_a_matrix_that_fits_is_shown_as_it_is() -> None:
    weights = torch.randn(20, 30)
    assert np.array_equal(pool_strongest(weights, range(20), range(30)).values, weights.numpy())


def test_sums_over_blocks_of_a_matrix_that_they_do_not_divide() -> None:
    scores = torch.randn(100, 70)
    sums = sum_blocks(scores, 64, 64)
    assert sums.shape == (2, 2)
    assert torch.allclose(sums[1, 1], scores[64:, 64:].sum(), atol=1e-4)
    assert torch.allclose(sums.sum(), scores.sum(), atol=1e-3)
