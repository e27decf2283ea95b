"""The engine on the real demo model: mutants over all kinds and layers, against weights edited in place.

Of each layer and decoding one mutant in the gate, five in the whole grid.
"""

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
from tests.grid import WHOLE
from tests.oracle import agree, decode_token_by_token, edited_in_place

PROMPT = Prompt(text="The life cycle of Drosophila:", chat=False)
_OPERATIONS = ("max", "min", "zero")
GREEDY = Decoding(max_new_tokens=8)
SAMPLED = Decoding(max_new_tokens=8, temperature=0.7, seed=0)


@pytest.mark.parametrize("decoding", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_the_phenotypes_of_mutants_of_every_layer(
    demo: LoadedModel, decoding: Decoding, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(decoding.temperature)
    baseline = decode_alone(demo, PROMPT, decoding, Genotype())
    engine = Engine(demo, baseline, decoding, Genotype(), "text")
    tokens = demo.encode(PROMPT, decoding)
    silent = ties = screened = 0
    for layer in range(demo.anatomy.layer_count):
        mutations: list[Mutation] = []
        matrices = matching(demo.anatomy, f"{layer}.*")
        turn = layer + (decoding is SAMPLED)  # so that in the gate, too, every kind meets every operation
        for matrix in dice.sample(matrices, 5) if WHOLE else [matrices[turn % len(matrices)]]:
            operation = dice.choice(_OPERATIONS) if WHOLE else _OPERATIONS[turn % len(_OPERATIONS)]
            plan = Plan(matrices=matrix.name, step=64, operations=(operation,))
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
            screened += 1
    with capsys.disabled():
        sys.stdout.write(f"\n{screened} mutants: {silent} silent, {ties} with a near tie\n")
    assert 0.1 * screened < silent < 0.9 * screened
