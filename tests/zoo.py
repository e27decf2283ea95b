"""Tiny random models of every type of causal language model that transformers knows."""

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

VOCABULARY = 97
TOKENS: dict[str, int] = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
NOT_BUILT: dict[str, str] = {
    "gemma3n": "its vision tower needs timm, which is an optional package",
    "gemma4_assistant": "a drafter: it reads the keys and values of another model, not tokens",
    "gemma4_unified_assistant": "a drafter: it reads the keys and values of another model, not tokens",
    "musicgen": "the decoder is handed the configuration of the whole, which has none of its sizes",
    "musicgen_melody": "the decoder is handed the configuration of the whole, which has none of its sizes",
}

_SAME_SIZE: tuple[tuple[int | float, str], ...] = (
    (VOCABULARY, "vocab_size decoder_vocab_size vocab_size_per_layer_input unpadded_vocab_size"),
    (
        32,
        "hidden_size n_embd d_model emb_dim embedding_size embedding_dim word_embed_proj_dim"
        " input_embedding_size output_embedding_size hidden_size_global image_size",
    ),
    (
        48,
        "intermediate_size n_inner ffn_dim ffn_hidden_size dim_ff dff d_inner feed_forward_size encoder_ffn_dim"
        " decoder_ffn_dim intermediate_size_mlp dense_intermediate_size mlp_dim",
    ),
    (
        24,
        "moe_intermediate_size expert_ffn_hidden_size shared_intermediate_size shared_expert_intermediate_size"
        " shared_experts_intermediate_size moe_shared_expert_intermediate_size",
    ),
    (
        4,
        "num_attention_heads n_head n_heads num_heads attention_heads encoder_attention_heads decoder_attention_heads"
        " num_encoder_attention_heads num_decoder_attention_heads swa_num_attention_heads"
        " num_experts num_local_experts n_routed_experts moe_num_experts index_topk qk_rope_head_dim patch_size"
        " linear_num_value_heads linear_num_heads mamba_n_heads mamba_num_heads mamba_dt_rank time_step_rank"
        " block_size",
    ),
    (
        2,
        "num_key_value_heads num_kv_heads kv_n_heads swa_num_key_value_heads linear_num_key_heads"
        " num_experts_per_tok num_experts_per_token moe_topk moe_top_k moe_k n_groups mamba_n_groups mamba_ngroups"
        " num_hidden_layers n_layer n_layers num_layers encoder_layers decoder_layers num_encoder_layers"
        " num_decoder_layers depth",
    ),
    (
        8,
        "head_dim kv_channels dim_head d_head d_kv attention_head_size swa_head_dim index_head_dim"
        " index_n_heads linear_head_dim linear_key_head_dim linear_value_head_dim rotary_dim qk_nope_head_dim"
        " v_head_dim mamba_d_state ssm_state_size state_size mamba_chunk_size chunk_size rel_extent"
        " hidden_size_per_layer_input laurel_rank",
    ),
    (16, "q_lora_rank kv_lora_rank mamba_d_head mamba_head_dim query_pre_attn_scalar"),
    (1, "n_group topk_group num_expert_group first_k_dense_replace num_dense_layers moe_layer_start_index"),
    (128, "max_position_embeddings n_positions n_ctx max_seq_len max_target_positions model_max_length context_length"),
    (6, "sliding_window sliding_window_size window_size attention_window_size attention_chunk_size local_attention"),
    (0.3, "initializer_range init_std embed_init_std"),
    (2.0, "embedding_multiplier logits_scaling"),
    (0.5, "attention_multiplier logit_scale"),
)
SIZES: dict[str, int | float] = {name: size for size, names in _SAME_SIZE for name in names.split()}
"""What each attribute of a configuration becomes where the type has it."""

_EVEN_IF_NONE = {"head_dim", "num_key_value_heads", "num_experts_per_tok", "n_routed_experts"}
"""The others of the sizes replace a number only: nothing said means that the type does without."""

_SETTINGS: dict[str, Any] = {
    "is_decoder": True,
    "add_cross_attention": False,
    "scale_embedding": True,
    "mlp_only_layers": [0],
    "forced_eos_token_id": None,
    "decoder_start_token_id": 0,
    "encoder_no_repeat_ngram_size": 0,
    "begin_suppress_tokens": None,
}

_LATENT: dict[str, Any] = {"num_key_value_heads": 4, "head_dim": 4}
"""For a latent attention: every head has its own keys, and what is said of the head is said of the part that turns."""

_PER_LAYER = ("layer_types", "mlp_layer_types", "layers_block_type")

_BOTH: dict[str, Any] = {"layer_types": ["sliding_attention", "full_attention"]}
_QWEN: dict[str, Any] = {**_BOTH, "use_sliding_window": True, "sliding_window": 6}
_CALM: dict[str, Any] = {"initializer_range": 0.1}
_UNTIED: dict[str, Any] = {"tie_word_embeddings": False}
_TURNS: dict[str, Any] = {"rope_type": "default", "rope_theta": 10000.0}
_GEMMA4: dict[str, Any] = {"layer_types": ["sliding_attention", "full_attention"] * 2, "global_head_dim": 16}
_LLAMA4: dict[str, Any] = {
    "layer_types": ["chunked_attention", "chunked_attention", "full_attention"],
    "no_rope_layers": [1, 1, 0],
    "moe_layers": [1, 2],
}
_DOTS3: dict[str, Any] = {
    "head_dim": 12,
    "swa_num_attention_heads": 4,
    "swa_num_key_value_heads": 4,
    "swa_q_lora_rank": 16,
    "swa_kv_lora_rank": 16,
    "swa_head_dim": 12,
    "swa_qk_nope_head_dim": 8,
    "swa_v_head_dim": 8,
}
_QWEN4: dict[str, Any] = {
    "indexer_n_heads": 2,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 8,
    "indexer_budget": 4,
    "indexer_compress_ratio": 2,
    "hc_lowrank": 8,
    "ple_layer_ids": [1],
    "ple_embed_dim": 32,
    "heads_per_ngram": 2,
    "ngram_vocab_size_base": 50,
    "make_ngram_vocab_size_divisible_by": 8,
    "split_ngram_parts": 2,
}

CHANGES: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1]},
    "bert-generation": {**_CALM, **_UNTIED},
    "big_bird": {**_CALM, "attention_type": "original_full"},
    "blt": {"num_hidden_layers": 2, "encoder_hash_byte_group_vocab": 50, "local_attention_window_len": 6},
    "cohere2_moe": {"mlp_layer_types": ["dense", "sparse"]},
    "cohere_compass_text": {**_BOTH, "rope_parameters": {"sliding_attention": _TURNS, "full_attention": None}},
    "dbrx": {"attn_config": {"rope_theta": 10000.0, "clip_qkv": 1.0}},
    "deepseek_v4": {
        "layer_types": [
            "sliding_attention",
            "heavily_compressed_attention",
            "compressed_sparse_attention",
        ],
        "mlp_layer_types": ["hash_moe", "moe", "moe"],
        "num_key_value_heads": 1,
        "head_dim": 16,
        "partial_rotary_factor": 0.25,
        "compress_rates": {"compressed_sparse_attention": 2, "heavily_compressed_attention": 4},
        "o_groups": 2,
        "o_lora_rank": 8,
    },
    "doge": {"keep_window_size": 6},
    "dots1": {**_BOTH, "n_shared_experts": 1},
    "dots3_note": {
        "text_config": _DOTS3,
        "vision_config": {"adapter_in_dim": 32, "adapter_out_dim": 32},
        "audio_config": {"adapter_input_size": 32, "adapter_out_dim": 32},
    },
    "dots3_note_text": _DOTS3,
    "falcon_h1": {"mamba_d_ssm": 64, "lm_head_multiplier": 0.5, "key_multiplier": 0.5},
    "gemma3": {"text_config": _UNTIED, **_UNTIED},
    "gemma3n_text": {
        "layer_types": ["sliding_attention", "full_attention"] * 2,
        "num_kv_shared_layers": 2,
        "activation_sparsity_pattern": [0.5, 0.0, 0.0, 0.0],
    },
    "gemma4": {
        "text_config": {
            **_GEMMA4,
            "enable_moe_block": True,
            "top_k_experts": 2,
            "num_experts": 4,
            "moe_intermediate_size": 24,
            "attention_k_eq_v": True,
            "num_global_key_value_heads": 1,
            **_UNTIED,
        },
        **_UNTIED,
    },
    "gemma4_text": {**_GEMMA4, "num_kv_shared_layers": 2, **_UNTIED},
    "gemma4_unified": {"text_config": {**_GEMMA4, **_UNTIED}, **_UNTIED},
    "gemma4_unified_text": {**_GEMMA4, **_UNTIED},
    "got_ocr2": {"vision_config": {"output_channels": 8, "global_attn_indexes": [1]}},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {"layer_types": ["linear_attention", "full_attention"]},
    "inkling_text": {
        "layer_types": ["hybrid_sliding", "hybrid_sliding", "hybrid"],
        "mlp_layer_types": ["dense", "sparse", "sparse"],
    },
    "jamba": {
        "num_hidden_layers": 5,
        "attn_layer_period": 2,
        "attn_layer_offset": 1,
        "expert_layer_period": 3,
        "expert_layer_offset": 1,
    },
    "laguna": {"layer_types": ["full_attention", "sliding_attention"], "num_attention_heads_per_layer": [4, 8]},
    "lfm2": {"layer_types": ["conv", "full_attention"], "block_multiple_of": 8},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv"]},
    "llama4": {"text_config": _LLAMA4},
    "llama4_text": _LLAMA4,
    "longcat_flash": {"zero_expert_num": 2},
    "mamba2": {"num_heads": 8},
    "marian": {"init_std": 0.1, **_UNTIED},
    "mellum": {**_BOTH, "mlp_layer_types": ["dense", "sparse"]},
    "minicpm3": {"scale_emb": 2, "dim_model_base": 16},
    "minimax_m3_vl_text": {
        "layer_types": ["full_attention", "minimax_m3_sparse"],
        "mlp_layer_types": ["dense", "sparse"],
        "index_n_heads": 2,
        "index_block_size": 2,
        "index_topk_blocks": 2,
    },
    "ministral": _BOTH,
    "mllama": {"text_config": {"cross_attention_layers": [1], "num_hidden_layers": 3}},
    "modernbert-decoder": {"local_attention": 12},
    "moshi": {"sliding_window": 128},
    "phi4_multimodal": {
        "vision_config": {"crop_size": 32},
        "audio_config": {
            "num_blocks": 2,
            "ext_pw_out_channel": 32,
            "depthwise_separable_out_channel": 32,
            "nemo_conv_channels": 8,
            "bias_max_distance": 8,
            "input_size": 16,
        },
    },
    "qwen2": _QWEN,
    "qwen2_moe": _QWEN,
    "qwen3": _QWEN,
    "qwen3_next": {"layer_types": ["linear_attention"] * 2 + ["full_attention"]},
    "qwen4_exp": {"text_config": _QWEN4},
    "qwen4_exp_text": _QWEN4,
    "recurrent_gemma": {"block_types": ["recurrent", "attention"], "w_init_variance_scale": 1.0},
    "reformer": {
        "attn_layers": ["local", "lsh"],
        "axial_pos_shape": [8, 16],
        "axial_pos_embds_dim": [16, 16],
        "local_attn_chunk_length": 4,
        "lsh_attn_chunk_length": 4,
        "num_buckets": 4,
        "hash_seed": 0,
    },
    "roc_bert": {
        "pronunciation_embed_dim": 8,
        "pronunciation_vocab_size": 97,
        "shape_embed_dim": 8,
        "shape_vocab_size": 97,
    },
    "rwkv": {"initializer_range": 0.3},
    "smollm3": {**_QWEN, "no_rope_layers": [1, 0]},
    "trocr": {"init_std": 0.1, **_UNTIED},
    "xglm": {"init_std": 0.1, **_UNTIED},
    "xlm": {"causal": True, "init_std": 0.1, "embed_init_std": 0.1, **_UNTIED},
    "xlnet": {**_CALM, "attn_type": "uni", **_UNTIED},
    "xlstm": {"hidden_size": 64, "embedding_dim": 64, "qk_dim_factor": 1.0, "initializer_range": 0.3},
    "xmod": {**_CALM, "default_language": "en_XX"},
    "zamba": {"layers_block_type": ["linear_attention", "hybrid"] * 2},
    "zamba2": {"layers_block_type": ["linear_attention", "hybrid"] * 2},
    "zaya": {
        "layer_types": ["hybrid", "hybrid_sliding"],
        "num_experts_per_tok": 1,
        "sliding_window": 6,
        "router_hidden_size": 16,
    },
    **dict.fromkeys(("camembert", "rembert", "xlm-roberta"), _CALM),
    **dict.fromkeys(
        ("biogpt", "blenderbot", "ctrl", "falcon_mamba", "gemma2", "gemma3_text", "openai-gpt", "pegasus"), _UNTIED
    ),
}
"""What a type needs beyond the sizes that all share."""


_LUCKY: tuple[tuple[int, str], ...] = (
    (1, "bart bloom flex_olmo fuyu gemma mvp plbart reformer vaultgemma xlm-roberta-xl"),
    (2, "electra roformer xmod"),
    (3, "mbart"),
    (5, "bert blenderbot-small data2vec-text ernie roberta roc_bert"),
    (6, "zaya"),
    (7, "mamba"),
)
_LUCK: dict[str, int] = {name: luck for luck, names in _LUCKY for name in names.split()}
"""Added to the seeds of those whose answer would otherwise be a single token."""


def _names(kind: type[PreTrainedConfig]) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def _kinds_of_layers(default: PreTrainedConfig) -> dict[str, list[str]]:
    """The lists that say what each layer is, cut to one layer of each kind."""
    lists = {name: vars(default)[name] for name in _PER_LAYER if name in _names(type(default)) and vars(default)[name]}
    if not lists:
        return {}
    kinds = list(dict.fromkeys(zip(*lists.values(), strict=True)))
    kinds = kinds if len(kinds) > 1 else kinds * 2
    return {name: list(column) for name, column in zip(lists, zip(*kinds, strict=True), strict=True)}


def _shrunk(kind: type[PreTrainedConfig], changes: Mapping[str, Any]) -> PreTrainedConfig:
    """A tiny configuration of a kind, its parts tiny too."""
    default, names = kind(), _names(kind)
    said = {name for name in names if vars(default).get(kind.attribute_map.get(name, name)) is not None} | _EVEN_IF_NONE
    values: dict[str, Any] = {name: size for name, size in SIZES.items() if name in names & said}
    values |= {name: value for name, value in (TOKENS | _SETTINGS).items() if name in names}
    if "kv_lora_rank" in names:
        values |= {name: size for name, size in _LATENT.items() if name in names}
    layers = _kinds_of_layers(default) | {name: changes[name] for name in _PER_LAYER if name in changes}
    values |= layers
    if layers and "num_hidden_layers" in names:
        values["num_hidden_layers"] = len(next(iter(layers.values())))
    for part in kind.sub_configs:
        inner = vars(default).get(part)
        if inner is not None:
            values[part] = _shrunk(type(inner), changes.get(part, {}))
    return kind(**values | {name: value for name, value in changes.items() if name not in kind.sub_configs})


def tiny_configuration(model_type: str, settings: Mapping[str, Any] | None = None) -> PreTrainedConfig:
    """The tiny configuration of a type; `settings` go over those that it has here."""
    return _shrunk(CONFIG_MAPPING[model_type], copy.deepcopy(dict(CHANGES.get(model_type, {})) | dict(settings or {})))


def tiny_of(model_type: str, seed: int = 0, settings: Mapping[str, Any] | None = None) -> PreTrainedModel:
    """The random model of a type, with biases and norms that are random too."""
    torch.manual_seed(seed + _LUCK.get(model_type, 0))
    configuration = tiny_configuration(model_type, settings)
    model: PreTrainedModel = AutoModelForCausalLM.from_config(configuration, dtype=torch.float32).eval()
    with torch.no_grad():
        for parameter in model.parameters():  # new norms are ones, new biases zeros: neither tests anything
            if parameter.ndim == 1 or parameter.std(correction=0) < 0.01:
                parameter.add_(torch.randn_like(parameter) * 0.2)
        for buffer in model.buffers():
            if buffer.is_floating_point() and not buffer.any():  # what a router prefers
                buffer.add_(torch.randn_like(buffer) * 0.2)
    if model.generation_config is not None:
        model.generation_config.update(**TOKENS)
    return model


TYPES: tuple[str, ...] = tuple(sorted(set(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES) - set(NOT_BUILT)))
"""All that can be built."""
