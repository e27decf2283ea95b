"""Tensors that are stored in half precision and count in float32."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from explorer.model.widened import Widened, is_stored_otherwise, narrowed, stored_in, widen_model, widened_product

_LARGE = (3000, 500)
"""More than one piece, and more than what is kept wide."""


def _pair(*shape: int) -> tuple[Widened, Tensor]:
    stored = torch.randn(*shape, generator=torch.Generator().manual_seed(0)).bfloat16()
    return Widened(stored), stored.float()


_USES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "linear": nn.functional.linear,
    "linear with a bias": lambda x, weight: nn.functional.linear(x, weight, torch.arange(weight.shape[0]).float()),
    "few rows": lambda x, weight: nn.functional.linear(x[:2], weight),
    "one row": lambda x, weight: nn.functional.linear(x[0], weight),
    "matmul": lambda x, weight: x @ weight.t(),
    "addmm": lambda x, weight: torch.addmm(torch.ones(weight.shape[0]), x, weight.t(), beta=2, alpha=3),
    "rows by columns": lambda x, weight: x[:, :7] @ weight[:7],
    "from the left": lambda x, weight: weight @ x.t(),
    "embedding": lambda _, weight: nn.functional.embedding(torch.tensor([[5, 2999]]), weight),
    "index": lambda _, weight: weight[torch.tensor([1, 7])] * 1,
    "part": lambda x, weight: nn.functional.linear(x[:, :100], weight[100:2900, :100]),
    "sum": lambda _, weight: weight.sum(0),
    "concatenation": lambda _, weight: torch.cat([weight, weight]),
    "einsum": lambda x, weight: torch.einsum("nc,rc->nr", x, weight),
    "one after another": lambda x, weight: torch.bmm(x[:10].view(2, 5, -1), weight[:20].view(2, 10, -1).mT),
}


@pytest.mark.parametrize("use", _USES.values(), ids=_USES)
@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
def test_whatever_is_done_with_it_is_done_in_float32(
    use: Callable[[Tensor, Tensor], Tensor], mode: Callable[[], torch.no_grad]
) -> None:
    widened, plain = _pair(*_LARGE)
    x = torch.randn(40, _LARGE[1], generator=torch.Generator().manual_seed(1))
    with mode():
        read, expected = use(x, widened), use(x, plain)
    assert type(read) is Tensor
    assert read.dtype == torch.float32
    torch.testing.assert_close(read, expected, rtol=1e-5, atol=1e-4)


def test_gradients_are_of_float32() -> None:
    widened, plain = _pair(*_LARGE)
    x = torch.randn(3, _LARGE[1])
    found = []
    for weight in (nn.Parameter(widened), nn.Parameter(plain)):
        entering = x.clone().requires_grad_()
        nn.functional.linear(entering, weight).square().sum().backward()
        assert weight.grad is not None
        assert entering.grad is not None
        found.append((weight.grad, entering.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-2)


def test_views_share_what_is_stored() -> None:
    widened, _ = _pair(4, 6, 5)
    part = widened[2].t()[1:]
    assert isinstance(part, Widened)
    assert stored_in(part).untyped_storage().data_ptr() == widened.stored.untyped_storage().data_ptr()


def test_the_weights_are_never_written_to() -> None:
    widened, _ = _pair(4, 6)
    with pytest.raises(TypeError, match="never written to"):
        widened.mul_(2)
    with pytest.raises(TypeError, match="never written to"):
        widened[1].fill_(0)


def test_a_model_is_widened_with_its_ties_and_narrowed_again() -> None:
    model = nn.ModuleDict(
        {"embed": nn.Embedding(300, 300), "head": nn.Linear(300, 300, bias=False), "norm": nn.LayerNorm(300)}
    )
    model["head"].weight = model["embed"].weight
    model.register_buffer("scale", torch.ones(2).bfloat16())
    model.bfloat16()
    ours = copy.deepcopy(model)
    widen_model(ours)
    assert ours["head"].weight is ours["embed"].weight
    assert isinstance(ours["norm"].weight, Widened)
    assert ours.get_buffer("scale").dtype == torch.float32
    assert not is_stored_otherwise(ours)
    back = narrowed(ours)
    assert back["head"].weight is back["embed"].weight
    for name, parameter in model.named_parameters():
        assert torch.equal(back.get_parameter(name), parameter)
    assert isinstance(ours["norm"].weight, Widened), "the widened one is left as it is"


def test_weights_of_float64_and_float32_count_in_float32_too() -> None:
    model = nn.Linear(4, 4).double()
    widen_model(model)
    assert model(torch.ones(1, 4)).dtype == torch.float32
    plain = nn.Linear(4, 4)
    before = plain.weight
    widen_model(plain)
    assert plain.weight is before


@pytest.mark.parametrize("rows", [1, 2, 8, 9, 100])
def test_a_product_by_pieces_is_the_product(rows: int) -> None:
    x, (widened, plain) = torch.randn(rows, 1, _LARGE[1]), _pair(*_LARGE)
    bias = torch.randn(_LARGE[0])
    read = widened_product(x, widened.stored, bias)
    torch.testing.assert_close(read, nn.functional.linear(x, plain, bias), rtol=1e-5, atol=1e-4)


def test_what_lies_elsewhere_counts_on_the_device_of_the_pass() -> None:
    """There is no second device here: the one that has no numbers stands for it."""
    elsewhere = torch.device("meta")
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8).bfloat16())
    widen_model(model, elsewhere)
    for parameter in model.parameters():
        assert isinstance(parameter, Widened)
        assert parameter.device == elsewhere
        assert parameter.stored.device == torch.device("cpu")
    assert model(torch.ones(2, 8, device=elsewhere)).device == elsewhere
