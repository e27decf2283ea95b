"""Knock-outs of all heads, against weights edited in place."""

import pytest
import torch

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import Knockouts, check_heads
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.figures.knockout import knockout_figure
from explorer.generation.alone import decode_alone
from explorer.generation.knockout import head_sites, knock_out, without
from explorer.reports.instruments import knockout_lines, knockout_report
from explorer.tasks.battery import Battery
from explorer.tasks.knockout import knock_out_on, knockout_of, right_in
from tests.oracle import decode_token_by_token, edited_in_place
from tests.tasks.test_battery import questions
from tests.tiny import kept_model, tiny_model

ASKED, DECODING = Prompt(text="w5 w6 w7", chat=False), Decoding(max_new_tokens=10)


@pytest.mark.parametrize(("family", "count"), [("llama", 8), ("gpt2", 8), ("qwen3", 8)])
def test_every_head_is_taken_out_as_the_plain_procedure_has_it(family: str, count: int) -> None:
    model = kept_model(family)
    stacked = model.anatomy.read("0.down*0.5")
    baseline = decode_alone(model, ASKED, DECODING, Genotype())
    found = [each for some in knock_out(model, baseline, DECODING, stacked) for each in some]
    assert [each.site for each in found] == head_sites(model.anatomy)
    assert len(found) == count
    tokens, parted = model.encode(ASKED, DECODING), set()
    for each in found:
        with edited_in_place(model, without(each.site, stacked)):
            plain, _ = decode_token_by_token(model, tokens, DECODING)
            with torch.inference_mode():
                whole = torch.tensor([tokens + list(baseline.tokens[:-1])])
                logits = model.causal_lm(input_ids=whole).logits[0, len(tokens) - 1 :]
        first = next((i for i, (a, b) in enumerate(zip(plain, baseline.tokens, strict=False)) if a != b), None)
        assert each.effect.first_divergence == first
        p, q = baseline.logits.log_softmax(-1), logits.log_softmax(-1)
        assert each.effect.mean_kl == pytest.approx(float((p.exp() * (p - q)).sum(-1).mean()), rel=1e-3, abs=1e-5)
        parted.add(first)
    assert len(parted) > 1


def test_on_questions_each_head_has_its_own_marks() -> None:
    model = kept_model("llama")
    battery = Battery(model, questions("letter"))
    sites = head_sites(model.anatomy)
    steps = [each for some in knock_out_on(battery, sites, Genotype()) for each in some]
    (none, standard), *others = steps
    assert none is None
    assert [site for site, _ in others] == sites
    site, marks = others[5]
    assert site is not None
    knocked = knockout_of(site, marks, standard)
    with edited_in_place(model, without(site, Genotype())):
        plain = next(knock_out_on(Battery(model, questions("letter")), [], Genotype()))[0][1]
    assert knocked.right == right_in(plain)
    assert [mark.score.chosen for mark in marks] == [mark.score.chosen for mark in plain]


def test_the_map_and_the_report_tell_the_strongest_first() -> None:
    model = tiny_model("llama")
    baseline = decode_alone(model, ASKED, DECODING, Genotype())
    found = Knockouts(heads=tuple(each for some in knock_out(model, baseline, DECODING, Genotype()) for each in some))
    report = knockout_report(found)
    sizes = [row["mean_kl"] for row in report["heads"]]
    assert sizes == sorted(sizes, reverse=True)
    assert next(knockout_lines(report)).startswith("8 heads, ")
    figure = knockout_figure(found, meta={"model": "tiny"})
    (cells,) = figure.data
    assert [len(cells.z), len(cells.z[0])] == [4, 2]
    assert cells.customdata[3][1] == "1.head3*0"
    assert "<b>1.head3</b> knocked out" in cells.text[3][1]
    with pytest.raises(ModelError, match="no attention heads"):
        check_heads(Knockouts(heads=()))
