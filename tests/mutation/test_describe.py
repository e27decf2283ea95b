"""The sentence on what was changed, and the facts of a site."""

import pytest

from explorer.model.loaded import LoadedModel
from explorer.mutation.describe import count_weights, describe, site_facts
from tests.tiny import tiny_model


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Nothing is changed: both texts come from the original model."),
        ("11.down[507,1229]=0", "One weight of 134,515,008: 11.down[507,1229] 5.88 → 0"),
        ("11.down[507,1229]=min", "One weight of 134,515,008: 11.down[507,1229] 5.88 → −2.44"),
        ("11.down[0:64,0:64]=max", "4,096 weights of 134,515,008: 11.down[0:64,0:64] → its maximum, 6.07"),
        ("5*1.1", "3,538,944 weights of 134,515,008: 5 × 1.1"),
        (
            "9.down=round(3)",
            "884,736 weights of 134,515,008: 9.down in 3 bits, by groups of 32 columns, mean change 24.8%",
        ),
        ("9.q=rank(1)", "331,776 weights of 134,515,008: 9.q with its 1 largest component alone, mean change 98.8%"),
        ("9.o=copy(8.o)", "331,776 weights of 134,515,008: 9.o ← 8.o, mean change 145.7%"),
        ("9.o=mean", "331,776 weights of 134,515,008: 9.o → its mean, −0.000378"),
        ("11.down[507,1229]=flip(31)", "One weight of 134,515,008: 11.down[507,1229] 5.88 → −5.88"),
        ("7.head3=min", "73,728 weights of 134,515,008: 7.head3 → each matrix’s minimum"),
        (
            "11.down[507,1229]=5;11.down[507,1229]+1",
            "One weight of 134,515,008, by 2 mutations: 11.down[507,1229] 5.88 → 5; 11.down[507,1229] 5 → 6",
        ),
        (
            "5.q[0:4,:]=0;5.q[2:6,:]+-2",
            "3,456 weights of 134,515,008, by 2 mutations: 5.q[0:4,:] → 0; 5.q[2:6,:] + −2",
        ),
    ],
)
def test_what_was_changed(demo: LoadedModel, text: str, sentence: str) -> None:
    assert describe(demo, demo.anatomy.read(text)) == sentence


def test_tied_weights_count_once() -> None:
    model = tiny_model("llama-tied")
    assert count_weights(model, model.anatomy.read("embed[3,:]=0;head[2:4,:]=1")) == 64


def test_facts_of_a_site() -> None:
    model = tiny_model("llama")
    weight = model.causal_lm.get_parameter("model.layers.1.mlp.down_proj.weight").detach()
    facts = site_facts(model, model.anatomy.read("1.down[3,5]=0").mutations[0].site)
    assert (facts.weights, facts.present) == (1, float(weight[3, 5]))
    assert (facts.minimum, facts.maximum) == (float(weight.min()), float(weight.max()))
    facts = site_facts(model, model.anatomy.read("1.down[3,:]=0").mutations[0].site)
    assert facts.weights == 48
    assert facts.present == pytest.approx(float(weight[3].mean()), rel=1e-4)


def test_a_tensor_named_by_role_and_by_path_is_one() -> None:
    model = tiny_model("gpt2")
    path = "transformer.h.0.attn.c_attn"
    genotype = model.anatomy.read(f"0.q[0,:]=0;{path}[0:2,:]*2;0.v[0,0]=1")
    assert count_weights(model, genotype) == 2 * 32 + 1
    text = describe(model, model.anatomy.read(f"0.q[0,3]=2;{path}*3;0.q[0,3]+1"))
    assert "6 → 7" in text
