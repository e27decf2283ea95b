"""What the trial of a model finds, and what becomes of it."""

import pytest
import torch
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from explorer.domain.errors import ModelError
from explorer.domain.verdict import Verdict
from explorer.generation.passes import forward
from explorer.generation.trial import is_alone, try_model, verdict_of
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble
from explorer.mutation.apply import make_mutant, mutated_view
from tests.tiny import SIZES, kept_model, tiny_tokenizer
from tests.zoo import tiny_of


def _of(model_type: str) -> LoadedModel:
    return assemble(tiny_of(model_type), tiny_tokenizer(), source=model_type, name=model_type)


def test_the_demo_model_is_fast(demo: LoadedModel) -> None:
    assert verdict_of(demo) == Verdict()
    assert verdict_of(demo).sentence == "checked: fast"


@pytest.mark.parametrize("name", ["llama", "mistral", "gemma2", "gpt2", "phi3", "gpt_neox", "mixtral", "qwen3_moe"])
def test_families_that_were_fast_are_fast(name: str) -> None:
    assert verdict_of(kept_model(name)).is_fast


def test_one_kind_falls_back_and_the_others_stay_fast() -> None:
    model = _of("qwen2_moe")
    verdict = verdict_of(model)
    assert verdict.rows == ""
    assert set(verdict.slow) >= {"model.layers.mlp.experts.down_proj"}
    assert "computed one by one" in verdict.sentence
    alone, together = (make_mutant(model, model.anatomy.read(text)) for text in ("1.expert0.down=0", "1.shared.down=0"))
    assert is_alone(model, alone, 4, 12)
    assert not is_alone(model, together, 4, 12)


def test_a_cache_that_cannot_be_cut_back_is_told() -> None:
    assert verdict_of(_of("mamba")).sentence.startswith("checked: exact, slower, because original and mutant cannot")


def test_positions_that_depend_on_padding_are_left_to_the_model() -> None:
    verdict = verdict_of(_of("roberta"))
    assert not verdict.placed
    assert not verdict.cached or not verdict.ragged


def test_a_mutated_module_that_takes_no_part_is_an_error() -> None:
    model = _of("gemma3")
    site = next(name for name in model.anatomy.matrices if "vision_tower" in name and name.endswith("q_proj"))
    view = mutated_view(model, {0: make_mutant(model, model.anatomy.read(f"{site}*2"))})
    tokens = torch.tensor([[5, 6, 7]])
    with pytest.raises(ModelError, match="took no part in the forward pass"):
        forward(model, view, tokens, DynamicCache(), keep=1)


def test_a_model_that_does_not_continue_a_text_is_refused() -> None:
    config = LlamaConfig(**SIZES | {"num_attention_heads": 3, "num_key_value_heads": 2, "hidden_size": 48})
    model = assemble(LlamaForCausalLM(config), tiny_tokenizer(), source="odd", name="odd")
    with pytest.raises(ModelError, match="odd is loaded, but does not continue a text"):
        try_model(model)
    assert model.verdicts == []
