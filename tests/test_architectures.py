"""A spread of architectures, tiny and random, in everything that is asked of them (`make architectures`: all)."""

import copy
from typing import Any

import pytest
import torch

from explorer.model import widened
from tests.architectures import examine
from tests.zoo import TYPES, tiny_of

SPREAD = (
    "afmoe", "bamba", "bart", "bert", "bloom", "blt", "codegen", "cohere", "dbrx", "deepseek_v3", "deepseek_v32",
    "doge", "falcon", "falcon_h1", "gemma3n_text", "gemma4_text", "gpt_bigcode", "gpt_neo", "gpt_oss",
    "granitemoeshared", "jamba", "jetmoe", "lfm2", "llama4_text", "mamba", "mamba2", "minimax", "mllama", "mpt",
    "olmoe", "openai-gpt", "opt", "phimoe", "qwen2_moe", "qwen3_next", "recurrent_gemma", "roberta", "rwkv",
    "whisper", "xlnet",
)  # fmt: skip

LONG = {"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0] * 4, "long_factor": [3.0] * 4}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "rotary positions that change within the text": (
        "phi3",
        {"original_max_position_embeddings": 11, "rope_parameters": LONG | {"original_max_position_embeddings": 11}},
    ),
    "rotary positions that have changed before": (
        "phi3",
        {"original_max_position_embeddings": 4, "rope_parameters": LONG | {"original_max_position_embeddings": 4}},
    ),
    "weights that are scaled in the first pass": ("rwkv", {"num_hidden_layers": 4, "rescale_every": 2}),
    "attention in chunks by hashes": ("reformer", {"lsh_attn_chunk_length": 4, "local_attn_chunk_length": 4}),
    "blocks until the first short text": (
        "big_bird", {"attention_type": "block_sparse", "block_size": 4, "num_random_blocks": 1},
    ),
    "attention in chunks": ("llama4_text", {"attention_chunk_size": 5}),
    "windows shorter than the text": ("mistral", {"sliding_window": 3}),
    "heads in groups, fused": ("falcon", {"new_decoder_architecture": True, "num_kv_heads": 2}),
    "heads one by one, fused": ("gpt_bigcode", {"multi_query": False}),
    "every expert asked": ("qwen2_moe", {"num_experts_per_tok": 4}),
    "queries that are not compressed": ("deepseek_v3", {"q_lora_rank": None}),
    "one KV head": ("llama", {"num_key_value_heads": 1}),
    "biases": ("llama", {"attention_bias": True, "mlp_bias": True}),
}  # fmt: skip


@pytest.mark.parametrize("model_type", SPREAD)
def test_it_is_exact_or_refused(model_type: str) -> None:
    assert examine(model_type).faults == {}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_exact_or_refused(name: str) -> None:
    assert examine(*VARIANTS[name]).faults == {}


@pytest.mark.parametrize("model_type", TYPES)
def test_stored_in_half_precision_it_counts_as_in_float32(model_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widened, "_SMALL", 0)  # no tensor of a tiny model is kept wide
    plain = tiny_of(model_type)
    if getattr(plain.config, "rescale_every", 0):
        plain.config.rescale_every = 0
    for parameter in plain.parameters():
        parameter.data = parameter.data.bfloat16().float()
    stored = copy.deepcopy(plain)
    for parameter in stored.parameters():
        parameter.data = parameter.data.bfloat16()
    widened.widen_model(stored)
    ids = torch.randint(3, 60, (2, 9), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(stored(ids).logits, plain(ids).logits, rtol=1e-4, atol=1e-5)
