"""Choosing tokens: greedy, sampled, near ties."""

import pytest
import torch
from transformers.generation.logits_process import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from explorer.domain.decoding import Decoding
from explorer.domain.errors import DecodingError
from explorer.generation.decoding import choose, gumbel_noise, near_tie


def test_greedy_takes_the_largest_and_tells_its_lead() -> None:
    choices = choose(torch.tensor([[1.0, 3.5, 3.0], [9.0, 0.0, 1.0]]), Decoding(), 0)
    assert choices.tokens.tolist() == [1, 0]
    assert choices.gaps.tolist() == [0.5, 8.0]
    assert choices.finite.tolist() == [True, True]


def test_a_tiny_temperature_is_nearly_greedy() -> None:
    choices = choose(torch.tensor([[1.0, 3.5, 3.0]]), Decoding(temperature=1e-39, top_p=0.9), 0)
    assert choices.tokens.tolist() == [1]
    assert not choices.gaps.isnan().any()


def test_half_precision_ties_sooner() -> None:
    assert near_tie(torch.float32) == 1e-3
    assert near_tie(torch.bfloat16) == 0.25


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_an_overflow_is_told(bad: float) -> None:
    assert choose(torch.tensor([[1.0, bad, 3.0]]), Decoding(temperature=1.0), 0).finite.tolist() == [False]


def test_noise_is_a_function_of_seed_and_position_alone() -> None:
    noise = gumbel_noise(3, 7, 50)
    assert torch.equal(noise, gumbel_noise(3, 7, 50))
    assert torch.equal(noise[:20], gumbel_noise(3, 7, 20))
    assert not torch.equal(noise, gumbel_noise(3, 8, 50))
    assert not torch.equal(noise, gumbel_noise(4, 7, 50))
    assert noise[:3].tolist() == pytest.approx([0.0099194, 0.9111976, 0.6729468], abs=1e-6)


def test_sampling_follows_the_softmax() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0])
    decoding = Decoding(temperature=0.8, seed=1)
    draws = choose(logits.expand(20_000, -1), decoding, 0).tokens
    shares = torch.bincount(draws, minlength=4) / len(draws)
    assert torch.allclose(shares, (logits / 0.8).softmax(0), atol=0.015)


def test_top_p_never_leaves_the_nucleus() -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    draws = choose(logits.expand(2_000, -1), Decoding(temperature=1.0, top_p=0.7, seed=1), 0).tokens
    assert set(draws.tolist()) == {0, 1}
    draws = choose(logits.expand(100, -1), Decoding(temperature=1.0, top_p=0.01, seed=1), 0).tokens
    assert set(draws.tolist()) == {0}


def test_a_token_at_the_edge_of_the_nucleus_is_a_near_tie() -> None:
    logits = torch.tensor([0.5, 0.3, 0.2]).log()
    inside = choose(logits.expand(500, -1), Decoding(temperature=1.0, top_p=0.80001, seed=1), 0)
    third = inside.tokens == 2
    assert third.any()
    assert bool((inside.gaps[third] == 0).all())


def test_top_k_keeps_what_the_study_s_own_decoding_keeps() -> None:
    logits = torch.randn(200, 60, generator=torch.Generator().manual_seed(3)) * 3
    for top_k, top_p in ((1, 1.0), (5, 1.0), (50, 1.0), (500, 1.0), (20, 0.8)):
        decoding = Decoding(temperature=0.7, top_k=top_k, top_p=top_p, seed=2)
        kept = TopKLogitsWarper(top_k)(None, TemperatureLogitsWarper(0.7)(None, logits))
        kept = TopPLogitsWarper(top_p)(None, kept) if top_p < 1 else kept
        noise = torch.stack([gumbel_noise(2, place, 60) for place in range(200)])
        assert torch.equal(choose(logits, decoding, 0).tokens, (kept + noise).argmax(-1))


def test_a_token_at_the_edge_of_the_top_k_is_a_near_tie() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0001, 0.0, -3.0])
    inside = choose(logits.expand(500, -1), Decoding(temperature=1.0, top_k=3, seed=1), 0)
    third = inside.tokens == 2
    assert third.any()
    assert bool((inside.gaps[third] == 0).all())
    assert not bool((inside.gaps[inside.tokens == 0] == 0).all())
    assert set(inside.tokens.tolist()) == {0, 1, 2}


def test_a_length_may_count_the_prompt() -> None:
    assert Decoding(max_new_tokens=64).new_tokens(10) == 64
    assert Decoding(max_length=150).new_tokens(10) == 140
    assert Decoding(max_length=150).new_tokens(150) == 0


def test_choosing_many_at_once_equals_one_by_one() -> None:
    logits = torch.randn(9, 40, generator=torch.Generator().manual_seed(0))
    decoding = Decoding(temperature=1.3, top_p=0.9, seed=5)
    together = choose(logits, decoding, 2)
    for index in range(9):
        alone = choose(logits[index : index + 1], decoding, 2 + index)
        assert alone.tokens[0] == together.tokens[index]
        assert float(alone.gaps[0]) == pytest.approx(float(together.gaps[index]), abs=1e-6)


@pytest.mark.parametrize(
    "setting",
    [
        {"max_new_tokens": 0},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_k": -1},
        {"max_length": -1},
        {"seed": -1},
        {"seed": 2**63},
    ],
)
def test_a_setting_out_of_range_gets_a_sentence(setting: dict[str, float]) -> None:
    with pytest.raises(DecodingError, match="must"):
        Decoding(**setting)  # type: ignore[arg-type]
