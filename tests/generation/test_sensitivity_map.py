"""The sensitivity map against autograd and against weights edited in place."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from explorer.domain.decoding import Prompt
from explorer.domain.genotype import NAMED_OPERATIONS, Genotype, Mutation
from explorer.generation import sensitivity_map as maps
from explorer.generation.gradients import loss_of
from explorer.model.loaded import LoadedModel
from explorer.model.weights import checksum, parameter_of, part_of, weight_of
from explorer.mutation.operations import operate
from tests.oracle import edited_in_place
from tests.tiny import baseline_of

RAW = Prompt(text="w5 w6 w7 w8 w9", chat=False)


def test_every_block_is_the_sum_of_gradient_times_change(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "BLOCK_SIDE", 20)
    before = checksum(tiny.causal_lm)
    baseline = baseline_of(tiny, RAW, 10)
    found = maps.sensitivity_map(tiny, baseline)
    loss_of(tiny, baseline).backward()
    layered = [m for m in tiny.anatomy.matrices.values() if m.layer is not None and m.columns > 1]
    assert len(found.estimates) == 3 * len(layered)
    for matrix in layered:
        gradient = parameter_of(tiny.causal_lm, matrix).grad
        assert gradient is not None
        weights = weight_of(tiny.causal_lm, matrix)
        for name, operation in NAMED_OPERATIONS.items():
            change = operate(weights, operation, tiny.statistics(matrix)) - weights
            scores = (part_of(gradient, matrix) * change).numpy()
            values = found.estimates[matrix.name, name]
            assert values.shape == (-(-matrix.rows // 20), -(-matrix.columns // 20))
            for (row, column), value in np.ndenumerate(values):
                block = scores[row * 20 : row * 20 + 20, column * 20 : column * 20 + 20]
                assert value == pytest.approx(block.sum(), rel=1e-3, abs=1e-5)
    tiny.causal_lm.zero_grad()
    assert checksum(tiny.causal_lm) == before


def test_agreement_is_measured_on_real_forward_passes(tiny: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "BLOCK_SIDE", 8)
    monkeypatch.setattr(maps, "SAMPLE", 12)
    baseline = baseline_of(tiny, RAW, 10)
    found = maps.sensitivity_map(tiny, baseline)
    agreement = maps.agreement(tiny, baseline, found, "zero")
    blocks = maps._sample(tiny, found, "zero")
    assert len(blocks) == 12
    own = float(loss_of(tiny, baseline).detach())
    for block, verified in zip(blocks, agreement.verified, strict=True):
        with edited_in_place(tiny, Genotype((Mutation(block.site, NAMED_OPERATIONS["zero"]),))):
            assert verified == pytest.approx(float(loss_of(tiny, baseline).detach()) - own, rel=1e-3, abs=1e-4)
    assert agreement.rank_correlation == pytest.approx(spearmanr(agreement.estimated, agreement.verified)[0])
