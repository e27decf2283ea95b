"""Dose–response against one run of the pair for each value."""

from dataclasses import replace

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import Dose, steepest_step
from explorer.domain.genotype import Genotype
from explorer.domain.operation_notation import format_number
from explorer.generation.baseline import Baselines
from explorer.generation.dose import COARSE, FINE, dose_response
from explorer.generation.pair import generate_pair
from explorer.model.loaded import LoadedModel
from tests.tiny import read

RAW = Prompt(text="w5 w6 w7 w8 w9", chat=False)


@pytest.mark.parametrize("temperature", [0.0, 0.8])
@pytest.mark.parametrize("site", ["1.down[3,5]", "0.q.head1", "embed[5,:]", "1.attn_norm"])
def test_each_response_is_that_of_the_mutant(tiny: LoadedModel, temperature: float, site: str) -> None:
    decoding = Decoding(max_new_tokens=12, temperature=temperature, seed=3)
    stacked = tiny.anatomy.read("0.o[2,:]*2")
    target = read(tiny, f"{site}=0").mutations[0].site
    baselines = Baselines(1)
    for _ in generate_pair(tiny, RAW, decoding, Genotype(), baselines):
        pass
    baseline = baselines.get(tiny, RAW, decoding)
    assert baseline is not None
    doses = dose_response(tiny, baseline, decoding, stacked, target)
    assert len(doses) == COARSE + FINE
    assert [dose.value for dose in doses] == sorted(dose.value for dose in doses)
    for dose in doses[::4]:
        genotype = read(tiny, f"0.o[2,:]*2;{site}={format_number(dose.value)}")
        *_, update = generate_pair(tiny, RAW, decoding, genotype, baselines)
        assert update.measures is not None
        assert dose.mean_kl == pytest.approx(update.measures.mean_kl, rel=1e-3, abs=1e-6)
        assert dose.first_divergence == update.first_divergence or update.measures.divergence_is_near_tie


def test_the_cliff_of_the_demo_models_weight(demo: LoadedModel) -> None:
    prompt, decoding = Prompt(text="What is the capital of France?"), Decoding(max_new_tokens=12)
    baselines = Baselines(1)
    for _ in generate_pair(demo, prompt, decoding, Genotype(), baselines):
        pass
    baseline = baselines.get(demo, prompt, decoding)
    assert baseline is not None
    site = demo.anatomy.read("11.down[507,1229]=0").mutations[0].site
    doses = dose_response(demo, baseline, decoding, Genotype(), site)
    assert doses[0].value < -2.44
    assert doses[-1].value > 6.07
    near_present = min(doses, key=lambda dose: abs(dose.value - 5.88))
    assert near_present.first_divergence is None
    at_zero = min(doses, key=lambda dose: abs(dose.value))
    assert at_zero.first_divergence == 0


def _dose(value: float, kl: float | None) -> Dose:
    return Dose(value=value, first_divergence=None, mean_kl=kl)


def test_the_steepest_step() -> None:
    doses = [_dose(0, 0.1), _dose(1, 0.2), _dose(2, 3.0), _dose(3, 3.1)]
    assert steepest_step(doses) == (doses[1], doses[2])
    assert steepest_step([*doses, _dose(4, None)])[1].mean_kl is None


def test_an_operations_own_number_takes_all_its_values(tiny: LoadedModel) -> None:
    decoding, baselines = Decoding(max_new_tokens=12), Baselines(1)
    for _ in generate_pair(tiny, RAW, decoding, Genotype(), baselines):
        pass
    baseline = baselines.get(tiny, RAW, decoding)
    assert baseline is not None
    for text, values in (("=round(4)", list(range(1, 9))), ("=prune(2:4)", list(range(5))), ("=prune(0.5)", None)):
        (mutation,) = tiny.anatomy.read(f"1.o{text}").mutations
        doses = dose_response(tiny, baseline, decoding, Genotype(), mutation.site, mutation.operation)
        if values is not None:
            assert [dose.value for dose in doses] == values
        else:
            assert (doses[0].value, doses[-1].value, len(doses)) == (0, 1, COARSE)
            assert doses[0].first_divergence is None
            assert doses[0].mean_kl == pytest.approx(0, abs=1e-6)
        for dose in doses[::3]:
            alone = replace(mutation, operation=replace(mutation.operation, value=dose.value))
            *_, update = generate_pair(tiny, RAW, decoding, Genotype((alone,)), baselines)
            assert update.first_divergence == dose.first_divergence
