"""Effects, alone and together, against weights edited in place."""

import math

import pytest
import torch

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import MOST_PAIRED
from explorer.domain.errors import ExplorerError
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline
from explorer.generation.differences import mean_kl
from explorer.generation.epistasis import epistasis, pair_matrix
from explorer.generation.gradients import loss_of, tokens_of
from explorer.model.loaded import LoadedModel
from tests.oracle import edited_in_place
from tests.tiny import baseline_of, read

RAW = Prompt(text="w5 w6 w7 w8 w9", chat=False)
GREEDY = Decoding(max_new_tokens=10)
TEXT = "0.head1*0; 1.down[3,5]=max; 1.up[2,:]=0; norm*0.5"


def _plainly(model: LoadedModel, baseline: Baseline, genotype: Genotype) -> tuple[float, float | None, int | None]:
    """Added NLL, mean KL and first divergence, by editing in place and one plain forward pass."""
    own = float(loss_of(model, baseline).detach())
    with edited_in_place(model, genotype), torch.no_grad():
        loss = float(loss_of(model, baseline)) - own
        logits = model.causal_lm(tokens_of(model, baseline)).logits[0, len(baseline.prompt_tokens) - 1 :].float()
    tokens = logits.argmax(-1).tolist()
    parted = next((i for i, (a, b) in enumerate(zip(tokens, baseline.tokens, strict=True)) if a != b), None)
    return loss, mean_kl(baseline.logits, logits), parted


def test_alone_and_together_equal_a_plain_measurement(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    genotype = read(tiny, TEXT)
    found = epistasis(tiny, baseline, GREEDY, genotype)
    effects = [*found.singles, found.joint]
    genotypes = [*(Genotype((mutation,)) for mutation in genotype.mutations), genotype]
    for effect, one in zip(effects, genotypes, strict=True):
        loss, kl, parted = _plainly(tiny, baseline, one)
        assert effect.added_nll == pytest.approx(loss, rel=1e-3, abs=1e-4)
        assert effect.mean_kl == pytest.approx(kl, rel=1e-3, abs=1e-4)
        assert effect.first_divergence == parted
    assert found.interaction == pytest.approx(found.joint.added_nll - sum(e.added_nll for e in found.singles))


def test_a_matrix_of_pairs_equals_each_pair(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    genotype = read(tiny, TEXT)
    matrix = pair_matrix(tiny, baseline, GREEDY, epistasis(tiny, baseline, GREEDY, genotype))
    assert len(matrix.pairs) == 6
    for (first, second), effect in matrix.pairs.items():
        pair = Genotype((genotype.mutations[first], genotype.mutations[second]))
        alone = epistasis(tiny, baseline, GREEDY, pair)
        assert effect.added_nll == pytest.approx(alone.joint.added_nll, rel=1e-3, abs=1e-4)
        assert matrix.interaction(second, first) == pytest.approx(alone.interaction, rel=1e-3, abs=1e-3)


def test_an_overflow_is_infinite(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    found = epistasis(tiny, baseline, GREEDY, read(tiny, "0.up=1e38;0.down=1e38"))
    assert math.isinf(found.joint.added_nll)
    assert found.joint.mean_kl is None


def test_what_has_no_pairs_is_refused(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    with pytest.raises(ExplorerError, match="two mutations or more"):
        epistasis(tiny, baseline, GREEDY, read(tiny, "0.up=0"))
    many = read(tiny, ";".join(f"0.up[{row},:]=0" for row in range(MOST_PAIRED + 1)))
    with pytest.raises(ExplorerError, match="at most 24"):
        pair_matrix(tiny, baseline, GREEDY, epistasis(tiny, baseline, GREEDY, many))
