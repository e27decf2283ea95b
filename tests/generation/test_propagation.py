"""How a mutation spreads, against transformers' own hidden states with weights edited in place."""

import numpy as np
import pytest
import torch

from explorer.domain.decoding import Prompt
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.generation.gradients import tokens_of
from explorer.generation.propagation import propagate, read_layers
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble
from tests.oracle import edited_in_place
from tests.tiny import baseline_of, read, tiny_tokenizer
from tests.zoo import tiny_of

RAW = Prompt(text="w5 w6 w7 w8 w9", chat=False)


def test_changes_equal_those_of_plain_hidden_states(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    genotype = read(tiny, "1.down[3,:]=max; 1.q.head0*0")
    found = propagate(tiny, baseline, genotype)
    ids = tokens_of(tiny, baseline)
    with torch.no_grad():
        plain = tiny.causal_lm(ids, output_hidden_states=True).hidden_states
        with edited_in_place(tiny, genotype):
            edited = tiny.causal_lm(ids, output_hidden_states=True).hidden_states
    assert found.prompt_length == len(baseline.prompt_tokens)
    assert found.changes.shape == (3, len(found.tokens))
    assert found.changes[:2].max() < 1e-6  # layer 1 is the first that is mutated
    for layer in (0, 1):  # transformers gives the last one after the final norm
        change = (edited[layer] - plain[layer]).norm(dim=-1) / plain[layer].norm(dim=-1)
        assert np.allclose(found.changes[layer], change[0], atol=1e-4)
    assert (found.changes[2] > 1e-4).mean() > 0.5  # a token that no mutated expert sees may stay as it is


def test_the_last_reading_is_what_the_models_say(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    genotype = read(tiny, "1.down[3,:]=max; norm*0.5; head[5,:]=max")
    ids = tokens_of(tiny, baseline)
    with torch.no_grad():
        plain = tiny.causal_lm(ids).logits[0, 7].softmax(-1)
        with edited_in_place(tiny, genotype):
            edited = tiny.causal_lm(ids).logits[0, 7].softmax(-1)
    readings = read_layers(tiny, baseline, genotype, 7).readings
    assert [reading.layers for reading in readings] == [0, 1, 2]
    for said, expected in ((readings[-1].original, plain), (readings[-1].mutated, edited)):
        assert said[0].text == tiny.show_token(int(expected.argmax()))
        assert said[0].probability == pytest.approx(float(expected.max()), rel=1e-3)
    assert readings[0].original[0].text != ""


def test_what_cannot_be_read_is_refused(tiny: LoadedModel) -> None:
    baseline = baseline_of(tiny, RAW, 10)
    with pytest.raises(ModelError, match="no token 99"):
        read_layers(tiny, baseline, read(tiny, "1.up=0"), 99)
    unknown = assemble(tiny_of("xlm"), tiny_tokenizer(), source="xlm", name="xlm")  # its layers lie in several lists
    with pytest.raises(ModelError, match=r"\(xlm\) are not known"):
        propagate(unknown, baseline_of(unknown, RAW, 4), Genotype())
