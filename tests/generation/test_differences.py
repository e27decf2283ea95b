"""Distances between texts and predictions, with answers worked out by hand."""

import math

import pytest
import torch

from explorer.generation.differences import mean_kl, perplexity
from explorer.generation.texts import cosine_similarity, share_changed, words


def test_words_ignore_case_and_punctuation() -> None:
    assert words("The cat's hat -- THE hat!") == ["the", "cat's", "hat", "the", "hat"]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a b", "a b", 1.0),
        ("a b", "c d", 0.0),
        ("a a b", "a b b", 4 / 5),
        ("", "", 1.0),
        ("a", "!!!", 0.0),
    ],
)
def test_cosine_of_word_counts(left: str, right: str, expected: float) -> None:
    assert cosine_similarity(left, right) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [([1, 2, 3], [1, 2, 3], 0.0), ([1, 2], [3, 4], 1.0), ([1, 2, 3, 4], [9, 1, 2, 3], 0.25), ([1], [], 1.0)],
)
def test_share_changed_forgives_a_shift(left: list[int], right: list[int], expected: float) -> None:
    assert share_changed(left, right) == pytest.approx(expected)


def test_kl_of_two_coins() -> None:
    original = torch.tensor([[0.5, 0.5], [0.9, 0.1]]).log()
    mutated = torch.tensor([[0.25, 0.75], [0.9, 0.1]]).log()
    by_hand = (0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)) / 2
    assert mean_kl(original, mutated) == pytest.approx(by_hand, rel=1e-5)
    assert mean_kl(original, torch.full((2, 2), float("nan"))) is None


def test_perplexity_of_known_probabilities() -> None:
    logits = torch.tensor([[0.5, 0.5], [0.25, 0.75]]).log()
    assert perplexity(logits, [0, 0]) == pytest.approx(math.sqrt(8), rel=1e-5)
    assert perplexity(torch.empty(0, 2), []) is None
