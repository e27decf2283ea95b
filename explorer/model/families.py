"""Where each model family keeps its matrices, as data: one `Family` per architecture.

Knows names only; sizes come from the model's configuration and are `anatomy`'s business. A new family is
a new entry in `FAMILIES` and a row in the tests' list of tiny models.
"""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Place:
    """The module that holds a matrix, below its layer or its decoder."""

    module: str
    fused: tuple[str, ...] = ()
    """The kinds that share the module's rows, in order, when it holds more than one."""
    interleaved: bool = False
    """Whether they share them head by head: all kinds of the first head, then of the second."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """The module of a layer that routes each token to some of its experts; `expertN.gate` and the like live there."""

    module: str = "mlp"
    router: str = "gate"
    """The module below it that chooses, with a `weight` [experts, hidden size]."""
    experts: str = "experts"
    """The module below it whose `gate_up_proj` and `down_proj` hold all experts' matrices, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The module names of one architecture."""

    model_types: tuple[str, ...]
    """`config.model_type` of the checkpoints it describes."""
    decoder: str
    """Path of the module that embeds tokens and runs the layers."""
    layers: str
    """The list of layers, below the decoder."""
    embed: str
    """The token embedding, below the decoder."""
    norm: str
    """The final norm, below the decoder."""
    position: str | None = None
    """The learned position embedding, below the decoder, where there is one."""
    head: str = "lm_head"
    """The language-model head."""
    matrices: dict[str, Place] = field(default_factory=dict)
    """Matrix kind to its place in a layer."""
    norms: dict[str, str] = field(default_factory=dict)
    """Norm kind to its module in a layer."""
    mixture: Mixture | None = None
    """Where a layer without an MLP of its own keeps its experts; layers with one have `matrices` only."""


_LLAMA_MATRICES = {
    "q": Place("self_attn.q_proj"),
    "k": Place("self_attn.k_proj"),
    "v": Place("self_attn.v_proj"),
    "o": Place("self_attn.o_proj"),
    "gate": Place("mlp.gate_proj"),
    "up": Place("mlp.up_proj"),
    "down": Place("mlp.down_proj"),
}
_LLAMA_NORMS = {"attn_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm"}
_HEAD_NORMS = {"q_norm": "self_attn.q_norm", "k_norm": "self_attn.k_norm"}
_GPT2_QKV = Place("attn.c_attn", fused=("q", "k", "v"))
_NEOX_QKV = Place("attention.query_key_value", fused=("q", "k", "v"), interleaved=True)
_PHI3_QKV = Place("self_attn.qkv_proj", fused=("q", "k", "v"))
_PHI3_GATE_UP = Place("mlp.gate_up_proj", fused=("gate", "up"))

LLAMA = Family(
    model_types=("llama", "mistral", "qwen2"),
    decoder="model",
    layers="layers",
    embed="embed_tokens",
    norm="norm",
    matrices=_LLAMA_MATRICES,
    norms=_LLAMA_NORMS,
)
QWEN3 = Family(
    model_types=("qwen3",),
    decoder="model",
    layers="layers",
    embed="embed_tokens",
    norm="norm",
    matrices=_LLAMA_MATRICES,
    norms=_LLAMA_NORMS | _HEAD_NORMS,
)
GEMMA2 = Family(
    model_types=("gemma2",),
    decoder="model",
    layers="layers",
    embed="embed_tokens",
    norm="norm",
    matrices=_LLAMA_MATRICES,
    norms={
        "attn_norm": "input_layernorm",
        "attn_post_norm": "post_attention_layernorm",
        "mlp_norm": "pre_feedforward_layernorm",
        "mlp_post_norm": "post_feedforward_layernorm",
    },
)
GEMMA3 = replace(GEMMA2, model_types=("gemma3_text",), norms=GEMMA2.norms | _HEAD_NORMS)
GEMMA3_WITH_IMAGES = replace(GEMMA3, model_types=("gemma3",), decoder="model.language_model")
GPT2 = Family(
    model_types=("gpt2",),
    decoder="transformer",
    layers="h",
    embed="wte",
    position="wpe",
    norm="ln_f",
    matrices={
        "q": _GPT2_QKV,
        "k": _GPT2_QKV,
        "v": _GPT2_QKV,
        "o": Place("attn.c_proj"),
        "up": Place("mlp.c_fc"),
        "down": Place("mlp.c_proj"),
    },
    norms={"attn_norm": "ln_1", "mlp_norm": "ln_2"},
)

PHI3 = replace(
    LLAMA,
    model_types=("phi3",),
    matrices={
        "q": _PHI3_QKV,
        "k": _PHI3_QKV,
        "v": _PHI3_QKV,
        "o": Place("self_attn.o_proj"),
        "gate": _PHI3_GATE_UP,
        "up": _PHI3_GATE_UP,
        "down": Place("mlp.down_proj"),
    },
)

MIXTRAL = replace(LLAMA, model_types=("mixtral",), mixture=Mixture())
QWEN3_MOE = replace(QWEN3, model_types=("qwen3_moe",), mixture=Mixture())
GPT_NEOX = Family(
    model_types=("gpt_neox",),
    decoder="gpt_neox",
    layers="layers",
    embed="embed_in",
    norm="final_layer_norm",
    matrices={
        "q": _NEOX_QKV,
        "k": _NEOX_QKV,
        "v": _NEOX_QKV,
        "o": Place("attention.dense"),
        "up": Place("mlp.dense_h_to_4h"),
        "down": Place("mlp.dense_4h_to_h"),
    },
    norms=_LLAMA_NORMS,
)

FAMILIES = (LLAMA, QWEN3, PHI3, GEMMA2, GEMMA3, GEMMA3_WITH_IMAGES, GPT2, GPT_NEOX, MIXTRAL, QWEN3_MOE)


def find_family(model_type: str) -> Family | None:
    """The family that describes a `config.model_type`, or None if it is unknown."""
    return next((family for family in FAMILIES if model_type in family.model_types), None)
