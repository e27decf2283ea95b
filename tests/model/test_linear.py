"""The few-row product equals the plain one."""

import pytest
import torch
import torch.nn.functional as F

from explorer.model.linear import FewRowLinear, linear


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 9, 40])
@pytest.mark.parametrize("with_bias", [False, True])
def test_it_equals_the_plain_product(rows: int, with_bias: bool) -> None:
    generator = torch.Generator().manual_seed(rows)
    weight = torch.randn(24, 16, generator=generator)
    bias = torch.randn(24, generator=generator) if with_bias else None
    flat = torch.randn(rows, 16, generator=generator)
    for x in (flat, flat.unsqueeze(1), flat.t().contiguous().t()):
        expected = F.linear(x, weight, bias)
        result = linear(x, weight, bias)
        assert result.shape == expected.shape
        assert torch.allclose(result, expected, atol=1e-5)


def test_other_precisions_are_left_to_torch() -> None:
    x, weight = torch.randn(1, 8, dtype=torch.bfloat16), torch.randn(4, 8, dtype=torch.bfloat16)
    assert torch.equal(linear(x, weight), F.linear(x, weight))


def test_the_module_keeps_its_weights() -> None:
    module = FewRowLinear(8, 4)
    x = torch.randn(2, 8)
    assert torch.allclose(module(x), F.linear(x, module.weight, module.bias), atol=1e-6)
