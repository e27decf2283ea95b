"""What architectures call their parts, as data: a new spelling is a new word here.

The words are the last names of modules and parameters below a layer. Which of them a model really means is decided by
shapes (`recognising`); what none of these tables knows keeps its own name.
"""

LAYERS = ("layers", "h", "blocks", "block", "layer", "attentions")
"""The list of layers."""

OTHER_SENSES = ("vision", "visual", "image", "audio", "speech", "tower", "depth", "codec", "mtp")
"""In paths of what does not read the text."""

ATTENTION = ("self_attn", "attn", "attention", "self_attention", "attentions", "self")
"""In paths of attention; so is whatever holds a query, a key and a value."""

NOT_ATTENTION = ("indexer", "compressor")
"""In paths of what only chooses where attention looks."""

QUERY = ("q_proj", "query", "query_proj", "q_lin", "Wq", "wq", "project_q", "q")
KEY = ("k_proj", "key", "key_proj", "k_lin", "Wk", "wk", "project_k", "k")
VALUE = ("v_proj", "value", "value_proj", "v_lin", "Wv", "wv", "project_v", "v")
OUT = ("o_proj", "out_proj", "out_lin", "dense", "c_proj", "wo", "attention_out", "output", "Wo", "o")

GATE = ("gate_proj", "w1", "w_0", "proj_up_gate", "gate")
UP = (
    "up_proj", "w3", "w1", "fc1", "c_fc", "dense_h_to_4h", "fc_in", "lin1", "w_1", "linear_fc1", "intermediate.dense",
    "layer_1", "dense.dense", "proj_up", "0", "key", "v1",
)  # fmt: skip
DOWN = (
    "down_proj", "w2", "fc2", "c_proj", "dense_4h_to_h", "fc_out", "lin2", "w_out", "output_linear", "Wo", "linear_fc2",
    "output.dense", "layer_2", "proj_down", "2", "value",
)  # fmt: skip
GATE_UP = ("gate_up_proj", "input_linear", "Wi", "fc1", "dense_h_to_4h", "up_proj", "w13")
"""A module that may hold gate and up, in this order: it does if it has twice the rows that Down has columns."""

FUSED = ("qkv_proj", "c_attn", "Wqkv", "qkv", "query_key_value")
"""A module that holds q, k and v."""

FUSED_BY_HEAD = {"query_key_value": (), "c_attn": ("gpt_bigcode",), "qkv_proj": ("minimax",)}
"""Fused modules that hold, for each KV head, its queries, its key and its value; if types are named, of these alone.

All others hold all rows of q, then all of k, then all of v."""

FUSED_IN_PARTS = {"codegen": (4, ("q", "v", "k"))}
"""Types whose fused module repeats so many times: a part of each of these."""

MIXED_HEADS = {
    "diffllama": "its heads work in pairs",
    "zaya": "a convolution mixes its heads",
    "doge": "its values steer what all heads attend to",
}
"""Types whose heads are not apart, though their shapes look so."""

SHARED = ("shared_expert", "shared_experts", "shared_mlp")
"""The expert that every token visits."""

ROUTER = ("gate", "router", "wg", "router_gate")
"""In the path of the matrix that chooses experts; it has as many rows as there are experts."""

NORMS = {
    "attn_norm": (
        "input_layernorm", "ln_1", "ln1", "attention_norm", "norm_1", "attn_norm", "self_attn_layer_norm",
        "operator_norm", "layer_norm1", "layernorm1", "norm1", "temporal_pre_norm",
    ),
    "q_norm": ("q_norm", "query_layernorm", "q_layernorm", "query_norm"),
    "k_norm": ("k_norm", "key_layernorm", "k_layernorm", "key_norm"),
    "attn_post_norm": (
        "post_self_attn_layernorm", "attn_post_norm", "post_attn_norm", "attention.output.LayerNorm",
    ),
    "mlp_norm": (
        "pre_feedforward_layernorm", "ln_2", "ln2", "ffn_norm", "norm_2", "mlp_norm", "final_layer_norm",
        "pre_mlp_layernorm", "pre_ff_layernorm", "layer_norm2", "layernorm2", "norm2", "channel_pre_norm",
    ),
    "mlp_post_norm": ("post_feedforward_layernorm", "post_mlp_layernorm", "mlp_post_norm", "output.LayerNorm"),
}  # fmt: skip
"""By role, the ends of paths."""

AFTER_ATTENTION = "post_attention_layernorm"
"""Before the MLP in most types; after attention where another norm is before the MLP, or none before attention."""

FINAL_NORM = (
    "norm", "ln_f", "final_layer_norm", "final_layernorm", "norm_f", "layer_norm", "final_norm", "ln_out", "out_norm",
    "embedding_norm", "norm_out", "layernorm",
)  # fmt: skip
"""The norm after the last layer, beside the list of layers."""

POSITION = ("wpe", "embed_positions", "position_embeddings", "positions_embed", "pos_embeddings")
"""A learned position embedding."""
