"""The engine on the real demo model: 300 mutants over all kinds and layers, against weights edited in place."""

import random
import sys

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.genotype import Genotype, Mutation
from explorer.generation.alone import decode_alone
from explorer.generation.decoding import NEAR_TIE
from explorer.model.loaded import LoadedModel
from explorer.screen.engine import Engine
from explorer.screen.plan import Plan, matching, planned
from tests.oracle import agree, decode_token_by_token, edited_in_place

PROMPT = Prompt(text="The life cycle of Drosophila:", chat=False)
GREEDY = Decoding(max_new_tokens=8)
SAMPLED = Decoding(max_new_tokens=8, temperature=0.7, seed=0)


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
        for mutation, record in zip(mutations, engine.screen(mutations), strict=True):
            found = list(baseline.tokens if record.tokens is None else record.tokens)
            with edited_in_place(demo, Genotype((mutation,))):
                plain, gaps = decode_token_by_token(demo, tokens, decoding, cached=True)
            assert agree(found, plain, gaps, NEAR_TIE), mutation
            silent += record.first_divergence is None
            ties += record.near_tie
    with capsys.disabled():
        sys.stdout.write(f"\n150 mutants: {silent} silent, {ties} with a near tie\n")
    assert 20 < silent < 140
