"""What is found to matter: estimates against autograd, verification against weights edited in place."""

import pytest
import torch

from explorer.domain.decoding import Prompt
from explorer.domain.genotype import MAXIMUM, ZERO, Genotype, Operation, SensitiveLevel
from explorer.domain.notation import format_mutation
from explorer.domain.site_notation import format_site
from explorer.generation.gradients import loss_of
from explorer.generation.sensitivity import find_sensitive, strongest_estimates
from explorer.model.loaded import LoadedModel
from explorer.model.weights import checksum, parameter_of, part_of
from explorer.mutation.apply import make_mutant
from tests.oracle import edited_in_place
from tests.tiny import baseline_of

RAW = Prompt(text="w5 w6 w7 w8 w9", chat=False)


@pytest.mark.parametrize("level", ["weight", "row", "column", "block", "matrix"])
@pytest.mark.parametrize("operation", [ZERO, MAXIMUM], ids=["zero", "max"])
def test_findings_equal_a_plain_measurement(tiny: LoadedModel, level: SensitiveLevel, operation: Operation) -> None:
    before = checksum(tiny.causal_lm)
    baseline = baseline_of(tiny, RAW, 10)
    findings = find_sensitive(tiny, baseline, operation, level, 5)
    assert len(findings) == 5
    assert [finding.verified for finding in findings] == sorted((f.verified for f in findings), reverse=True)
    with torch.no_grad():
        own = float(loss_of(tiny, baseline))
    for finding in findings:
        with edited_in_place(tiny, Genotype((finding.mutation,))):
            plain = float(loss_of(tiny, baseline).detach()) - own
        assert finding.verified == pytest.approx(plain, rel=1e-3, abs=1e-4)
    assert checksum(tiny.causal_lm) == before
    assert all(parameter.grad is None for parameter in tiny.causal_lm.parameters())
    assert all(parameter.requires_grad for parameter in tiny.causal_lm.parameters())


def test_an_estimate_of_a_whole_matrix_is_the_sum_over_it(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    (found,) = strongest_estimates(tiny, [baseline], [ZERO], ["matrix"], 100).values()
    assert len(found) == sum(
        matrix.layer is not None and matrix.columns > 1 for matrix in tiny.anatomy.matrices.values()
    )
    loss_of(tiny, baseline).backward()
    for estimate, mutation in found:
        (target,) = tiny.anatomy.targets(mutation.site)
        parameter = parameter_of(tiny.causal_lm, target.matrix)
        assert parameter.grad is not None
        own, gradient = (part_of(each, target.matrix) for each in (parameter.detach(), parameter.grad))
        assert estimate == pytest.approx(-float((own * gradient).sum()), rel=1e-3, abs=1e-6)
    tiny.causal_lm.zero_grad()


def test_an_estimate_is_the_gradient_times_the_change(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    estimated = [f for f in find_sensitive(tiny, baseline, ZERO, "weight", 5) if f.estimate is not None]
    assert estimated
    loss_of(tiny, baseline).backward()
    for finding in estimated:
        (target,) = tiny.anatomy.targets(finding.mutation.site)
        parameter = parameter_of(tiny.causal_lm, target.matrix)
        assert parameter.grad is not None
        place = target.rows.start, target.columns.start
        weight = part_of(parameter.detach(), target.matrix)[place]
        expected = float(part_of(parameter.grad, target.matrix)[place] * -weight)
        assert finding.estimate == pytest.approx(expected, rel=1e-3, abs=1e-6)
    tiny.causal_lm.zero_grad()


def test_on_a_background_estimates_are_those_of_the_edited_model(tiny: LoadedModel) -> None:
    baseline, background = baseline_of(tiny, RAW, 10), tiny.anatomy.read("1.o[3,5]=0; 0.q[2,:]*-2")
    double = Operation(kind="scale", value=2.0)
    (found,) = strongest_estimates(
        tiny, [baseline, baseline], [double], ["weight"], 8, background=make_mutant(tiny, background)
    ).values()
    others = [site for estimate, mutation in found for site in tiny.anatomy.targets(mutation.site)]
    with edited_in_place(tiny, background):
        loss_of(tiny, baseline).backward()
    for (estimate, _), target in zip(found, others, strict=True):
        parameter = parameter_of(tiny.causal_lm, target.matrix)
        assert parameter.grad is not None
        place = target.rows.start, target.columns.start
        expected = part_of(parameter.grad, target.matrix)[place] * part_of(parameter.detach(), target.matrix)[place]
        assert estimate == pytest.approx(float(expected), rel=1e-3, abs=1e-6)
    matrix = tiny.anatomy.matrices["1.o"]
    gradient = parameter_of(tiny.causal_lm, matrix).grad
    assert gradient is not None
    assert part_of(gradient, matrix)[3].any()  # a row that the background mutates has a gradient too
    tiny.causal_lm.zero_grad()


def test_the_demo_models_super_weight_leads_on_two_prompts(demo: LoadedModel) -> None:
    for text in ("What is the capital of France?", "Why is the sky blue?"):
        baseline = baseline_of(demo, Prompt(text=text), 24)
        findings = find_sensitive(demo, baseline, ZERO, "weight", 5)
        assert format_site(findings[0].mutation.site) == "11.down[507,1229]"
        assert findings[0].verified > 1
        assert format_mutation(findings[0].mutation) == "11.down[507,1229]=0"
