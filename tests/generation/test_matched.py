"""Matched controls: which places are drawn, and the ranks that come of them."""

import pytest

from explorer.domain.decoding import Prompt
from explorer.domain.effects import Matched
from explorer.domain.errors import StatisticsError
from explorer.domain.genotype import ZERO
from explorer.domain.notation import format_mutation
from explorer.generation.baseline import Baseline
from explorer.generation.effects import added_nll
from explorer.generation.matched import matched, with_controls
from explorer.generation.sensitivity import find_sensitive
from explorer.model.loaded import LoadedModel
from explorer.model.weights import weight_of
from tests.tiny import baseline_of, tiny_model

TOKENS = 12


@pytest.fixture(scope="module")
def tiny() -> LoadedModel:
    return tiny_model("llama")


@pytest.fixture(scope="module")
def baseline(tiny: LoadedModel) -> Baseline:
    return baseline_of(tiny, Prompt(text="w5 w6 w7", chat=False), TOKENS)


@pytest.mark.parametrize("row", [0, 17, 31])
def test_a_row_among_all_other_rows(tiny: LoadedModel, baseline: Baseline, row: int) -> None:
    found = matched(tiny, baseline, tiny.anatomy.read(f"1.down[{row},:]=0"))
    every = added_nll(tiny, baseline, [tiny.anatomy.read(f"1.down[{each},:]=0") for each in range(32)])
    assert sorted(found.controls) == pytest.approx(sorted(every[:row] + every[row + 1 :]), abs=1e-5)
    assert found.added_nll == pytest.approx(every[row], abs=1e-5)
    norms = weight_of(tiny.causal_lm, tiny.anatomy.matrices["1.down"]).norm(dim=1)
    (size,) = found.sizes
    assert (size.rank, size.of) == (1 + int((norms > norms[row]).sum()), 32)


def test_the_rank_and_p_of_a_permutation_test() -> None:
    found = Matched(added_nll=1.0, controls=(0.5, 1.0, 2.0, 0.1))
    assert (found.stronger, found.rank, found.p) == (2, 3, 3 / 5)


@pytest.mark.parametrize(
    ("genotype", "places"),
    [
        ("1.down[8:16,16:24]=max", 4 * 6 - 1),  # on the grid of its own size
        ("1.down[30:32,0:48]=0", 16 - 1),
        ("1.down[3:11,:]=0", 25 - 1),  # beside the grid: at every row
        ("0.head1*0", 3),
        ("1.q[0,0]=0", 100),
    ],
)
def test_what_is_drawn_is_as_large_and_elsewhere(
    tiny: LoadedModel, baseline: Baseline, genotype: str, places: int
) -> None:
    found = matched(tiny, baseline, tiny.anatomy.read(genotype))
    assert len(found.controls) == places
    assert matched(tiny, baseline, tiny.anatomy.read(genotype)).controls == found.controls  # by a seed
    assert matched(tiny, baseline, tiny.anatomy.read(genotype), count=2).rank <= 3


def test_mutations_are_moved_together(tiny: LoadedModel, baseline: Baseline) -> None:
    found = matched(tiny, baseline, tiny.anatomy.read("1.down[0:8,0:8]=0; 0.head0*0"), count=10)
    assert len(found.controls) == 10
    assert [size.of for size in found.sizes] == [24]


@pytest.mark.parametrize(
    ("genotype", "words"), [("", "Nothing is mutated"), ("1.mlp=0", "is many matrices"), ("1.down*0", "no other place")]
)
def test_where_nothing_can_be_drawn(tiny: LoadedModel, baseline: Baseline, genotype: str, words: str) -> None:
    with pytest.raises(StatisticsError, match=words):
        matched(tiny, baseline, tiny.anatomy.read(genotype))


def test_findings_have_controls_of_their_matrix(tiny: LoadedModel, baseline: Baseline) -> None:
    findings = find_sensitive(tiny, baseline, ZERO, "row", 4)
    told = with_controls(tiny, baseline, findings, count=9)
    assert [format_mutation(each.mutation) for each in told] == [format_mutation(each.mutation) for each in findings]
    assert all(each.matched is not None and len(each.matched.controls) == 9 for each in told)
    assert all(each.matched is not None and each.matched.p <= 1 for each in told)


def test_the_weight_that_wrecks_the_demo_model_is_special_and_nearly_the_largest(demo: LoadedModel) -> None:
    asked = Prompt(text="What is the capital of France?")
    baseline = baseline_of(demo, asked, TOKENS)
    found = matched(demo, baseline, demo.anatomy.read("11.down[507,1229]=0"))
    assert (found.rank, found.p) == (1, 1 / 101)
    assert (found.sizes[0].rank, found.sizes[0].of) == (2, 576 * 1536)
