"""The Python interface, as its docstring shows it."""

import pytest
import torch

from explorer.domain.errors import ExplorerError, NotationError
from explorer.domain.notation import format_genotype
from explorer.model.loaded import LoadedModel
from explorer.model.weights import checksum
from explorer.notebook import compare, load, mutated
from tests.oracle import edited_in_place
from tests.tiny import CONFIGURATIONS, read, tiny_model


def test_three_lines() -> None:
    model = load()
    comparison = compare(model, "11.down[507,1229]=0", "What is the capital of France?", max_new_tokens=12)
    assert comparison.original == "The capital of France is Paris."
    assert comparison.mutated != comparison.original
    assert comparison.first_divergence == 0
    assert "5.88 → 0" in comparison._repr_html_()


@pytest.mark.parametrize("family", sorted(CONFIGURATIONS))
def test_a_plain_model_generates_as_its_mutant_inside_the_block(family: str) -> None:
    loaded: LoadedModel = tiny_model(family)
    model = loaded.causal_lm
    tokens = torch.tensor([[5, 6, 7], [9, 8, 7]])

    def say() -> list[list[int]]:
        answer: torch.Tensor = model.generate(  # type: ignore[operator]
            tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=10, do_sample=False
        )
        return answer.tolist()

    before, weights = say(), checksum(model)
    for text in ("1.down*-1;0.attn_norm*2", "embed[5:9,:]=max", "1.head2*0;norm*-1"):
        genotype = read(loaded, text)
        with edited_in_place(loaded, genotype):
            expected = say()
        with mutated(model, format_genotype(genotype)) as mutant:
            assert mutant is model
            assert say() == expected
        assert say() == before
    assert checksum(model) == weights


def test_the_model_is_itself_again_after_a_fault() -> None:
    model = tiny_model("llama").causal_lm
    with pytest.raises(RuntimeError, match="inside"), mutated(model, "1.down*0"):
        raise RuntimeError("inside")
    assert not any(module._forward_hooks for module in model.modules())
    with pytest.raises(NotationError, match="2 layers"), mutated(model, "7.down*0"):
        pass
    with (
        mutated(model, "1.down*0"),
        pytest.raises(ExplorerError, match="join the mutations"),
        mutated(model, "0.down*0"),
    ):
        pass
    with mutated(model, "1.down*0;0.down*0"):
        pass
