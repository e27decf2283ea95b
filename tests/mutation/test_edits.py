"""Edits of a whole site against plain procedures that go weight by weight."""

import numpy as np
import pytest
import torch

from explorer.domain.errors import ModelError
from explorer.domain.genotype import Operation
from explorer.domain.notation import parse_genotype
from explorer.model.weights import measure
from explorer.mutation.operations import component_count, gaussian, of_rank, operate, rounded
from tests.oracle import plainly_edited
from tests.tiny import tiny_model

EDITS = (
    "+noise(0.1)", "=noise(2, seed 7)", "=shuffle", "=shuffle(seed 3)", "=round(1)", "=round(2)", "=round(3, group 7)",
    "=round(4)", "=round(8, group 128)", "=prune(0)", "=prune(0.29)", "=prune(1)", "=prune(2:4)", "=prune(1:3)",
    "=prune(0:2)", "=prune(3:3)",
    "=rank(0)", "=rank(1)", "=rank(5)", "=rank(1000)", "=rank(10%)", "=rank(62.5%)", "=unrank(1)", "=unrank(0)",
    "=unrank(25%)",
)  # fmt: skip


def _operation(text: str) -> Operation:
    return parse_genotype(f"0.q{text}").mutations[0].operation


def _weights(shape: tuple[int, int], seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (1, 33), (33, 1), (1, 1), (20, 20)])
@pytest.mark.parametrize("text", EDITS)
def test_an_edit_is_what_the_plain_procedure_leaves(text: str, shape: tuple[int, int]) -> None:
    weights = _weights(shape)
    before = weights.clone()
    operation, statistics = _operation(text), measure(_weights((50, 50), 1))
    found = operate(weights, operation, statistics, name="3.down")
    plain = plainly_edited(weights, operation, statistics.deviation, "3.down")
    assert torch.allclose(found, torch.from_numpy(plain).float(), atol=3e-6, rtol=1e-5)
    assert (found.shape, found.dtype) == (weights.shape, weights.dtype)
    assert torch.equal(weights, before)


def test_of_equal_weights_the_first_are_pruned() -> None:
    weights = torch.tensor([[1.0, -1.0, 1.0, 1.0], [2.0, -1.0, 1.0, 0.5]])
    statistics = measure(weights)
    assert operate(weights, _operation("=prune(0.5)"), statistics).tolist() == [[0, 0, 0, 1], [2, -1, 1, 0]]
    assert operate(weights, _operation("=prune(2:4)"), statistics).tolist() == [[0, 0, 1, 1], [2, 0, 1, 0]]


def test_a_share_is_counted_as_it_is_written() -> None:
    weights = torch.arange(1.0, 101.0).reshape(10, 10)
    left = operate(weights, _operation("=prune(0.29)"), measure(weights))  # 0.29 * 100 is 28.999… in binary
    assert int((left == 0).sum()) == 29


def test_rounding_ties_to_even_and_keeps_zeros() -> None:
    weights = torch.tensor([[0.5, 1.5, 2.5, -2.5, 7.0, 0.0]])  # a scale of exactly 1 in 4 bits
    assert rounded(weights, 4, 32).tolist() == [[0, 2, 2, -2, 7, 0]]
    assert rounded(torch.zeros(2, 5), 4, 2).tolist() == torch.zeros(2, 5).tolist()
    assert rounded(torch.tensor([[3.0, -1.0, 5.0]]), 1, 2).tolist() == [[2, -2, 5]]


def test_chance_depends_on_seed_and_matrix_and_on_nothing_else() -> None:
    shape = torch.Size((30, 40))
    noise = gaussian(shape, 0, "0.q")
    assert torch.equal(noise, gaussian(shape, 0, "0.q"))
    for other in (gaussian(shape, 1, "0.q"), gaussian(shape, 0, "1.q")):
        assert abs(float(np.corrcoef(noise.flatten(), other.flatten())[0, 1])) < 0.15
    assert abs(float(noise.mean())) < 0.1
    assert abs(float(noise.std()) - 1) < 0.1
    statistics = measure(_weights((30, 40)))
    shuffled = operate(_weights((30, 40)), _operation("=shuffle"), statistics, name="0.q")
    assert sorted(shuffled.flatten().tolist()) == sorted(_weights((30, 40)).flatten().tolist())


def test_rank_is_the_nearest_of_its_rank_and_is_kept_by_content() -> None:
    weights = _weights((60, 24), 5)
    exact = torch.linalg.svdvals(weights.double())
    for rank in (1, 7, 23):
        low = of_rank(weights, rank)
        assert int(torch.linalg.matrix_rank(low.double(), rtol=1e-5)) == rank
        error = float((weights - low).double().norm())
        assert error == pytest.approx(float(exact[rank:].norm()), rel=1e-4)
    changed = weights.clone()
    changed[0, 0] += 1
    assert not torch.equal(of_rank(changed, 7), of_rank(weights, 7))
    assert component_count(_operation("=rank(10%)"), torch.zeros(1536, 576)) == 57


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_every_bit_turns_and_turns_back(dtype: torch.dtype) -> None:
    weights = torch.tensor([[-1.5]], dtype=dtype)
    statistics = measure(weights)
    seen = set()
    width = 8 * weights.element_size()
    for bit in range(width):
        turned = operate(weights, _operation(f"=flip({bit})"), statistics)
        seen.add(str(turned.item()))
        assert torch.equal(operate(turned, _operation(f"=flip({bit})"), statistics), weights)
        if dtype != torch.bfloat16:
            plain = plainly_edited(weights, _operation(f"=flip({bit})"), 0, "")
            assert turned.double().item() == pytest.approx(plain[0, 0], nan_ok=True)
    assert len(seen) == width
    if width == 16:
        with pytest.raises(ModelError, match="bits 0 to 15: there is no bit 16"):
            operate(weights, _operation("=flip(16)"), statistics)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("0.down[0,0:2]=flip(3)", "a single weight"),
        ("0.q=copy(9.q)", "The model has 2 layers"),
        ("0.q=copy(0.down)", "of the same shape"),
        ("0.head0=copy(1.kvhead0)", "of the same shape"),
    ],
)
def test_what_a_model_cannot_do_is_told(text: str, part: str) -> None:
    with pytest.raises(Exception, match=part):
        tiny_model("llama").anatomy.read(text)
