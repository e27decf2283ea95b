"""Operations on weights, as properties."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.domain.genotype import Operation
from explorer.model.weights import measure
from explorer.mutation.operations import operate

finite = st.floats(-1e3, 1e3, width=32)
matrices = st.lists(finite, min_size=6, max_size=6).map(lambda values: torch.tensor(values).reshape(2, 3))


@given(matrices, finite)
def test_each_operation_does_what_it_says(weights: torch.Tensor, value: float) -> None:
    statistics = measure(weights)
    before = weights.clone()
    expected = {
        "set": torch.full((2, 3), value),
        "scale": weights * value,
        "add": weights + value,
        "max": torch.full((2, 3), float(weights.max())),
        "min": torch.full((2, 3), float(weights.min())),
    }
    for kind, result in expected.items():
        operation = Operation(kind=kind, value=value)  # type: ignore[arg-type]
        assert torch.equal(operate(weights, operation, statistics), result)
    assert torch.equal(weights, before)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_infinite_values_are_no_operation(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Operation(kind="set", value=value)
