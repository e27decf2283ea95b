"""A spread of architectures, tiny and random, in everything that is asked of them (`make architectures`: all)."""

import pytest

from tests.architectures import examine

SPREAD = (
    "afmoe", "bamba", "bart", "bert", "bloom", "blt", "codegen", "cohere", "dbrx", "deepseek_v3", "deepseek_v32",
    "doge", "falcon", "falcon_h1", "gemma3n_text", "gemma4_text", "gpt_bigcode", "gpt_neo", "gpt_oss",
    "granitemoeshared", "jamba", "jetmoe", "lfm2", "llama4_text", "mamba", "mamba2", "minimax", "mllama", "mpt",
    "olmoe", "openai-gpt", "opt", "phimoe", "qwen2_moe", "qwen3_next", "recurrent_gemma", "roberta", "rwkv",
    "whisper", "xlnet",
)  # fmt: skip


@pytest.mark.parametrize("model_type", SPREAD)
def test_it_is_exact_or_refused(model_type: str) -> None:
    assert examine(model_type).faults == {}
