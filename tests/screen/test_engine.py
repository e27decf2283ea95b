"""The engine against weights edited in place and tokens decoded one by one."""

import random

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.genotype import NAMED_OPERATIONS, Genotype, Mutation
from explorer.generation.alone import decode_alone
from explorer.generation.decoding import NEAR_TIE
from explorer.generation.differences import mean_kl
from explorer.generation.draft import check
from explorer.model.anatomy import block_site
from explorer.model.loaded import LoadedModel
from explorer.model.weights import checksum
from explorer.mutation.apply import make_mutant
from explorer.screen.asked import Record
from explorer.screen.engine import Engine
from explorer.screen.plan import CONTROL, Plan, matching, planned
from tests.grid import covering
from tests.oracle import agree, decode_token_by_token, edited_in_place
from tests.tiny import CONFIGURATIONS, kept_model

RAW = Prompt(text="w5 w6 w7 w8 w9", chat=False)
GREEDY = Decoding(max_new_tokens=24)
SAMPLED = Decoding(max_new_tokens=24, temperature=0.8, top_p=0.95, seed=3)


def _assert_is(
    model: LoadedModel,
    record: Record,
    mutation: Mutation,
    prompt: Prompt,
    decoding: Decoding,
    background: Genotype,
    standard: list[int],
) -> None:
    """Compare a record in mode `text` with the plain procedure."""
    tokens = model.encode(prompt, decoding)
    with edited_in_place(model, Genotype((*background.mutations, mutation))):
        plain, gaps = decode_token_by_token(model, tokens, decoding)
    found = standard if record.tokens is None else list(record.tokens)
    assert agree(found, plain, gaps, NEAR_TIE), mutation
    if found == plain:
        parted = next((i for i, (a, b) in enumerate(zip(plain, standard, strict=False)) if a != b), None)
        if parted is None and len(plain) < len(standard):
            parted = len(plain)  # it overflowed there
        assert record.first_divergence == parted


@pytest.mark.parametrize(
    ("family", "decoding", "background"), covering(sorted(CONFIGURATIONS), [GREEDY, SAMPLED], ["", "0.o[2:9,:]*2"])
)
def test_every_phenotype_is_that_of_the_plain_procedure(family: str, decoding: Decoding, background: str) -> None:
    tiny = kept_model(family)
    before = checksum(tiny.causal_lm)
    base = tiny.anatomy.read(background)
    baseline = decode_alone(tiny, RAW, decoding, base)
    with edited_in_place(tiny, base):
        standard, _ = decode_token_by_token(tiny, tiny.encode(RAW, decoding), decoding)
    dice = random.Random(1)
    divergences = set()
    engine = Engine(tiny, baseline, decoding, base, "text")
    for layer in (0, 1):
        plan = Plan(matrices=f"{layer}.*", step=8, operations=("max", "min", "zero"))
        every = [item for matrix in matching(tiny.anatomy, plan.matrices) for item in planned(plan, matrix)]
        mutations = [item.mutation for item in dice.sample(every, 8)]
        texts = engine.screen(mutations)
        assert [each.tokens for each in engine.screen(mutations)] == [each.tokens for each in texts]
        for mutation, record in zip(mutations, texts, strict=True):
            _assert_is(tiny, record, mutation, RAW, decoding, base, standard)
            divergences.add(record.first_divergence)
        shorter = Engine(tiny, baseline, decoding, base, "divergence").screen(mutations)
        for text, short in zip(texts, shorter, strict=True):
            assert short.tokens is None
            assert short.first_divergence == text.first_divergence
            assert (short.mean_kl, short.added_nll) == pytest.approx((text.mean_kl, text.added_nll))
    assert len(divergences) > 1
    assert engine.pace.tokens > 2 * engine.pace.passes > 0  # the second time every text was known
    assert checksum(tiny.causal_lm) == before


def test_a_control_is_silent_and_a_silent_one_is_measured_over_everything(tiny: LoadedModel) -> None:
    baseline = decode_alone(tiny, RAW, GREEDY, Genotype())
    site = block_site(next(m for m in tiny.anatomy.matrices.values() if m.layer == 1), 0, 0)
    mutation = Mutation(site, NAMED_OPERATIONS["zero"])
    control, record = Engine(tiny, baseline, GREEDY, Genotype(), "text").screen([Mutation(site, CONTROL), mutation])
    assert (control.first_divergence, control.tokens) == (None, None)
    assert control.mean_kl == pytest.approx(0, abs=1e-6)
    assert control.verified == len(baseline.tokens)
    logits = check(tiny, baseline, make_mutant(tiny, Genotype((mutation,)))).logits[: record.verified]
    assert record.mean_kl == pytest.approx(mean_kl(baseline.logits[: record.verified], logits), rel=1e-3, abs=1e-6)


def test_an_overflow_has_no_number_and_no_token(tiny: LoadedModel) -> None:
    baseline = decode_alone(tiny, RAW, GREEDY, Genotype())
    big = tiny.anatomy.read("0.o=1e38").mutations[0]
    (record,) = Engine(tiny, baseline, GREEDY, Genotype(), "text").screen([big])
    if record.overflow:
        assert record.mean_kl is None
        assert record.tokens == tuple(baseline.tokens[: record.first_divergence])
        assert record.end == "overflow"
