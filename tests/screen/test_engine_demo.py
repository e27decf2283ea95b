"""The engine on the real demo model: 300 mutants over all kinds and layers, against weights edited in place."""

import random
import sys

import pytest
import torch
from transformers import DynamicCache

from explorer.domain import Decoding, Genotype, Mutation, Prompt
from explorer.generation.alone import decode_alone
from explorer.generation.decoding import NEAR_TIE, choose
from explorer.model.loaded import LoadedModel
from explorer.screen.engine import Engine
from explorer.screen.plan import Plan, matching, planned
from tests.oracle import agree, edited_in_place

PROMPT = Prompt(text="The life cycle of Drosophila:", chat=False)
GREEDY = Decoding(max_new_tokens=8)
SAMPLED = Decoding(max_new_tokens=8, temperature=0.7, seed=0)


def _decode_one_by_one(model: LoadedModel, tokens: list[int], decoding: Decoding) -> tuple[list[int], list[float]]:
    """As the oracle, but with transformers' own cache: 300 mutants would take an hour without."""
    answer: list[int] = []
    gaps: list[float] = []
    cache, fed = DynamicCache(), tokens
    while len(answer) < decoding.max_new_tokens:
        with torch.inference_mode():
            logits = model.causal_lm(torch.tensor([fed]), past_key_values=cache, use_cache=True).logits[0, -1:]
        choice = choose(logits, decoding, len(answer))
        if not bool(choice.finite[0]):
            break
        answer.append(int(choice.tokens[0]))
        gaps.append(float(choice.gaps[0]))
        fed = answer[-1:]
        if answer[-1] in model.stop_tokens:
            break
    return answer, gaps


@pytest.mark.parametrize("decoding", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_the_phenotypes_of_150_mutants(
    demo: LoadedModel, decoding: Decoding, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(decoding.temperature)
    baseline = decode_alone(demo, PROMPT, decoding, Genotype())
    engine = Engine(demo, baseline, decoding, Genotype(), "text")
    tokens = demo.encode(PROMPT, decoding)
    silent = ties = 0
    for layer in range(demo.anatomy.layer_count):
        mutations: list[Mutation] = []
        matrices = matching(demo.anatomy, f"{layer}.*")
        for matrix in dice.sample(matrices, 5):
            plan = Plan(matrices=matrix.name, step=64, operations=(dice.choice(["max", "min", "zero"]),))
            mutations.append(
                dice.choice([item for item in planned(plan, matrix) if item.operation != "control"]).mutation
            )
        for mutation, record in zip(mutations, engine.screen(mutations, layer), strict=True):
            found = list(baseline.tokens if record.tokens is None else record.tokens)
            with edited_in_place(demo, Genotype((mutation,))):
                plain, gaps = _decode_one_by_one(demo, tokens, decoding)
            assert agree(found, plain, gaps, NEAR_TIE), mutation
            silent += record.first_divergence is None
            ties += record.near_tie
    with capsys.disabled():
        sys.stdout.write(f"\n150 mutants: {silent} silent, {ties} with a near tie\n")
    assert 20 < silent < 140
