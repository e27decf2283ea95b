"""The control text against the model edited in place, which reads it in one plain pass."""

import math

import pytest
import torch

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import PromptError
from explorer.domain.genotype import Genotype
from explorer.generation import control
from explorer.generation.control import control_perplexity, read_control
from explorer.model.loaded import LoadedModel
from tests.oracle import edited_in_place
from tests.tiny import ALL, read, tiny_model

_WORDS = " ".join(f"w{7 * number % 90 + 3}" for number in range(40))


def _plain(model: LoadedModel, text: str) -> float:
    """Perplexity of a text, all but its first token, by the model as its weights are now."""
    tokens = torch.tensor([model.encode(Prompt(text=text, chat=False), Decoding(max_new_tokens=1))])
    with torch.inference_mode():
        logits = model.causal_lm(tokens).logits[0, :-1].float()
    return math.exp(float(torch.nn.functional.cross_entropy(logits, tokens[0, 1:])))


@pytest.mark.parametrize("family", sorted(ALL))
def test_it_is_that_of_the_edited_model(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TEXT", _WORDS)
    model = tiny_model(family)
    found = read_control(model)
    assert found.perplexity == pytest.approx(_plain(model, _WORDS), rel=1e-4)
    for text in ("1.down*-1", "embed[5:40,:]*2", "norm*-1"):
        genotype = read(model, text)
        with edited_in_place(model, genotype):
            expected = _plain(model, _WORDS)
        assert control_perplexity(model, found, genotype) == pytest.approx(expected, rel=1e-3)


def test_the_demo_model_reads_it_as_english(demo: LoadedModel) -> None:
    found = read_control(demo)
    assert len(found.reading.tokens) > 80
    assert found.perplexity == pytest.approx(_plain(demo, control.TEXT), rel=1e-4)
    assert found.perplexity < 60
    assert control_perplexity(demo, found, Genotype()) == pytest.approx(found.perplexity, rel=1e-4)
    genotype = demo.anatomy.read("11.down[507,1229]=0")
    with edited_in_place(demo, genotype):
        expected = _plain(demo, control.TEXT)
    assert control_perplexity(demo, found, genotype) == pytest.approx(expected, rel=1e-3)
    assert expected > 2 * found.perplexity


def test_an_overflow_is_infinite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TEXT", _WORDS)
    model = tiny_model("llama")
    assert control_perplexity(model, read_control(model), model.anatomy.read("1.down=1e38")) == math.inf


def test_a_short_context_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "TEXT", " ".join(["w5"] * 200))
    with pytest.raises(PromptError, match="context holds 128"):
        read_control(tiny_model("llama"))
