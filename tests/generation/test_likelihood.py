"""Perplexities of many answers at once against one forward pass each."""

import math

import pytest
import torch
from transformers import DynamicCache

from explorer.generation.likelihood import Likelihood
from explorer.generation.passes import forward
from explorer.mutation.apply import mutated_view
from tests.tiny import tiny_model


@pytest.mark.parametrize("family", ["llama", "gpt2", "gemma2"])
def test_many_answers_are_as_likely_as_each_alone(family: str) -> None:
    model = tiny_model(family)
    prompt = [3, 4, 5]
    answers = [(7, 8, 9, 10), (7,), (11, 12), (7, 8, 1, 2, 3, 4)]
    found = Likelihood(model, prompt).perplexities([*answers, ()])
    assert found[-1] is None
    for answer, perplexity in zip(answers, found, strict=False):
        tokens = torch.tensor([[*prompt, *answer[:-1]]])
        logits = forward(model, mutated_view(model, {}), tokens, DynamicCache(), keep=len(answer))[0]
        nll = -logits.log_softmax(-1)[torch.arange(len(answer)), torch.tensor(answer)].mean()
        assert perplexity == pytest.approx(math.exp(float(nll)), rel=1e-4)


def test_short_answers_need_no_pass_of_their_own() -> None:
    model = tiny_model("llama")
    one, none = Likelihood(model, [3, 4]).perplexities([(5,), ()])
    assert one is not None
    assert none is None
    assert Likelihood(model, [3, 4]).perplexities([]) == []
