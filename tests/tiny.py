"""Random two-layer models of every family, and a tokenizer of single words to go with them."""

import functools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    MistralConfig,
    MixtralConfig,
    Phi3Config,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
    Qwen3MoeConfig,
    StableLmConfig,
)

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baseline, Baselines
from explorer.generation.pair import generate_pair
from explorer.model.anatomy import Anatomy
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble

VOCABULARY = 97
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "initializer_range": 0.3,  # large enough for the choices to differ from place to place
    "bos_token_id": 0,
    "eos_token_id": 1,
    "pad_token_id": 1,
}

NEOX_SIZES = {name: size for name, size in SIZES.items() if name != "num_key_value_heads"}
GEMMA3: dict[str, Any] = {"head_dim": 8, "sliding_window": 6, "layer_types": ["sliding_attention", "full_attention"]}

CONFIGURATIONS: dict[str, Callable[[], PreTrainedConfig]] = {
    "llama": lambda: LlamaConfig(**SIZES),
    "llama-tied": lambda: LlamaConfig(**SIZES, tie_word_embeddings=True),
    "mistral": lambda: MistralConfig(**SIZES, sliding_window=6),
    "qwen2": lambda: Qwen2Config(**SIZES),
    "qwen3": lambda: Qwen3Config(**SIZES, head_dim=12),
    "gemma3": lambda: Gemma3TextConfig(**SIZES, **GEMMA3, tie_word_embeddings=False),
    "gemma2": lambda: Gemma2Config(**SIZES, **GEMMA3, tie_word_embeddings=False),
    "phi3": lambda: Phi3Config(**SIZES),
    "gpt_neox": lambda: GPTNeoXConfig(**NEOX_SIZES),
    "mixtral": lambda: MixtralConfig(**SIZES, num_local_experts=3, num_experts_per_tok=2),
    "qwen3_moe": lambda: Qwen3MoeConfig(
        **SIZES, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=24, mlp_only_layers=[0]
    ),
    "gpt2": lambda: GPT2Config(
        vocab_size=VOCABULARY,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_inner=48,
        n_positions=128,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    ),
}
OTHERS: dict[str, Callable[[], PreTrainedConfig]] = {
    "gemma3-tied": lambda: Gemma3TextConfig(**SIZES, **GEMMA3),
    "stablelm": lambda: StableLmConfig(**SIZES),  # a family that the project does not know
}
ALL = CONFIGURATIONS | OTHERS
_LUCK = {"gpt_neox": 1}
"""Added to the seeds of those whose answer would otherwise be a single token."""


def tiny_tokenizer() -> PreTrainedTokenizerBase:
    """Words `w0` to `w96`, separated by blanks; `w1` ends a text."""
    words = {f"w{number}": number for number in range(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w2"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="w1", unk_token="w2")


def tiny_transformer(name: str, seed: int = 0) -> PreTrainedModel:
    """The random model as transformers makes it, with biases and norms that are random too."""
    torch.manual_seed(seed + _LUCK.get(name, 0))
    model: PreTrainedModel = AutoModelForCausalLM.from_config(ALL[name](), dtype=torch.float32).eval()
    with torch.no_grad():
        for path, parameter in model.named_parameters():
            if parameter.ndim == 1:  # a new norm is all ones and a new bias all zeros: neither tests anything
                parameter.add_(torch.randn_like(parameter) * 0.2)
            assert path
    return model


def saved_model(folder: Path, name: str = "llama", seed: int = 0) -> str:
    """The folder, with a random model and the tokenizer in it."""
    tiny_transformer(name, seed).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return str(folder)


def tiny_model(name: str, seed: int = 0) -> LoadedModel:
    """The random model, loaded."""
    return assemble(tiny_transformer(name, seed), tiny_tokenizer(), source=name, name=f"tiny {name}")


@functools.cache
def kept_model(name: str) -> LoadedModel:
    """The random model, made once: for tests that leave it as it is."""
    return tiny_model(name)


def without_layers(anatomy: Anatomy) -> Anatomy:
    """As it would be if no layers were recognised: everything by its path."""
    matrices = {
        path: replace(matrix, name=path, kind=path, layer=None)
        for path, matrix in anatomy.paths.items()
        if matrix.uses[0].module == path
    }
    return replace(anatomy, layer_count=0, trunk=None, matrices=matrices, paths={})


def baseline_of(model: LoadedModel, prompt: Prompt, tokens: int) -> Baseline:
    """The baseline of a prompt, greedy."""
    baselines, decoding = Baselines(1), Decoding(max_new_tokens=tokens)
    for _ in generate_pair(model, prompt, decoding, Genotype(), baselines):
        pass
    baseline = baselines.get(model, prompt, decoding)
    assert baseline is not None
    return baseline


def read(model: LoadedModel, text: str) -> Genotype:
    """The genotype of a text; where a layer has experts, what it says of the layer's MLP is meant of its expert 1."""

    def moved(found: re.Match[str]) -> str:
        return found[0] if found[0] in model.anatomy.matrices else f"{found[1]}.expert1.{found[2]}"

    return model.anatomy.read(re.sub(r"\b([0-9]+)\.(gate|up|down)\b", moved, text))
