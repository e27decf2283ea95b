"""Which module and rows a site is, in every family; against tables worked out by hand."""

import numpy as np
import pytest
from transformers import AutoModelForImageTextToText, Gemma3Config

from explorer.domain.errors import NotationError
from explorer.model.anatomy import Anatomy, Matrix
from explorer.model.loaded import LoadedModel
from explorer.model.reading import read_anatomy
from tests.tiny import CONFIGURATIONS, GEMMA3, SIZES, tiny_model, tiny_transformer

# (site, [(module, first row in the module, rows, first column, columns)]) of the tiny models:
# hidden 32, MLP 48, 4 query heads, 2 KV heads.
_GQA = {
    "1.q.head2": [("self_attn.q_proj", 16, 8, 0, 32)],
    "1.o.head2": [("self_attn.o_proj", 0, 32, 16, 8)],
    "1.k.head1": [("self_attn.k_proj", 8, 8, 0, 32)],
    "1.head3": [("self_attn.q_proj", 24, 8, 0, 32), ("self_attn.o_proj", 0, 32, 24, 8)],
    "1.kvhead0": [("self_attn.k_proj", 0, 8, 0, 32), ("self_attn.v_proj", 0, 8, 0, 32)],
    "1.down[3,40:48]": [("mlp.down_proj", 3, 1, 40, 8)],
    "1.gate[:,5]": [("mlp.gate_proj", 0, 48, 5, 1)],
}
_GPT2 = {
    "1.q.head2": [("attn.c_attn", 16, 8, 0, 32)],
    "1.k.head3": [("attn.c_attn", 32 + 24, 8, 0, 32)],
    "1.v[5,:]": [("attn.c_attn", 64 + 5, 1, 0, 32)],
    "1.o.head1": [("attn.c_proj", 0, 32, 8, 8)],
    "1.up[47,31]": [("mlp.c_fc", 47, 1, 31, 1)],
    "1.down[31,47]": [("mlp.c_proj", 31, 1, 47, 1)],
    "1.attn_norm[7]": [("ln_1", 7, 1, 0, 1)],
}
_PHI3 = {
    "1.q.head2": [("self_attn.qkv_proj", 16, 8, 0, 32)],
    "1.k.head1": [("self_attn.qkv_proj", 32 + 8, 8, 0, 32)],
    "1.v[3,:]": [("self_attn.qkv_proj", 32 + 16 + 3, 1, 0, 32)],
    "1.gate[47,:]": [("mlp.gate_up_proj", 47, 1, 0, 32)],
    "1.up[0,5]": [("mlp.gate_up_proj", 48, 1, 5, 1)],
}
_QWEN3 = {
    "1.q.head2": [("self_attn.q_proj", 24, 12, 0, 32)],
    "1.k.head1": [("self_attn.k_proj", 12, 12, 0, 32)],
    "1.o.head3": [("self_attn.o_proj", 0, 32, 36, 12)],
    "1.q_norm[11]": [("self_attn.q_norm", 11, 1, 0, 1)],
}
_NEOX = {  # of each head in turn: 8 rows of q, 8 of k, 8 of v
    "1.q.head2": [("attention.query_key_value", 48, 8, 0, 32)],
    "1.k.head1": [("attention.query_key_value", 24 + 8, 8, 0, 32)],
    "1.v.head3": [("attention.query_key_value", 72 + 16, 8, 0, 32)],
    "1.v[9,:]": [("attention.query_key_value", 24 + 16 + 1, 1, 0, 32)],
    "1.o.head1": [("attention.dense", 0, 32, 8, 8)],
    "1.up[47,31]": [("mlp.dense_h_to_4h", 47, 1, 31, 1)],
    "1.mlp_norm[3]": [("post_attention_layernorm", 3, 1, 0, 1)],
}
_MIXTURE = {
    "1.expert2.gate[3,:]": [("mlp", 3, 1, 0, 32)],
    "1.expert2.up[3,:]": [("mlp", 24 + 3, 1, 0, 32)],
    "1.expert0.down[:,23]": [("mlp", 0, 32, 23, 1)],
    "1.expert1": [("mlp", 0, 24, 0, 32), ("mlp", 24, 24, 0, 32), ("mlp", 0, 32, 0, 24)],
    "1.router[3,:]": [("mlp", 3, 1, 0, 32)],
    "0.down[3,40:48]": [("mlp.down_proj", 3, 1, 40, 8)],  # layer 0 is dense
}
_TABLES = {
    "llama": _GQA,
    "mistral": _GQA,
    "qwen2": _GQA,
    "gemma3": _GQA,
    "gemma2": _GQA,
    "phi3": _PHI3,
    "gpt2": _GPT2,
    "qwen3": _QWEN3,
    "gpt_neox": _NEOX,
    "qwen3_moe": _MIXTURE,
}
_CASES = [(family, site, places) for family, table in _TABLES.items() for site, places in table.items()]


@pytest.mark.parametrize(("family", "text", "places"), _CASES)
def test_a_site_is_in_the_right_rows(family: str, text: str, places: list[tuple[str, int, int, int, int]]) -> None:
    anatomy = tiny_model(family).anatomy
    site = anatomy.read(f"{text}=0").mutations[0].site
    bases = {"gpt2": f"transformer.h.{text[0]}.", "gpt_neox": f"gpt_neox.layers.{text[0]}."}
    base = bases.get(family, f"model.layers.{text[0]}.")
    found = []
    for target in anatomy.targets(site):
        (use,) = target.matrix.uses
        found.append(
            (
                use.module.removeprefix(base),
                _first(use.features(target.rows)),
                len(target.rows),
                target.columns.start,
                len(target.columns),
            )
        )
    assert found == places


def _first(features: slice | list[int]) -> int:
    return int(features.start if isinstance(features, slice) else features[0])


def test_matrices_fill_the_weights_that_hold_them(tiny: LoadedModel) -> None:
    """Their shapes are those of the tensors; of a fused one, their rows are consecutive and use it up."""
    held: dict[tuple[str, int | None], list[Matrix]] = {}
    for use, matrix in {matrix.uses[0]: matrix for matrix in tiny.anatomy.matrices.values()}.items():
        held.setdefault((f"{use.module}.{use.parameter}", use.expert), []).append(matrix)
    for (path, expert), matrices in held.items():
        parameter = tiny.causal_lm.get_parameter(path)
        shape = tuple(parameter.shape if expert is None else parameter[expert].shape)
        is_transposed = matrices[0].uses[0].layout == "conv1d"
        rows, columns = shape[::-1] if is_transposed else (*shape, 1)[:2]
        assert {matrix.columns for matrix in matrices} == {columns}
        features = (matrix.uses[0].features(range(matrix.rows)) for matrix in matrices)
        filled = [row for each in features for row in np.arange(rows)[each].tolist()]
        assert sorted(filled) == list(range(rows))
    for path, parameter in tiny.causal_lm.named_parameters():
        if parameter.ndim == 3:
            assert {expert for held_path, expert in held if held_path == path} == set(range(parameter.shape[0]))


def test_every_parameter_is_in_the_anatomy(tiny: LoadedModel) -> None:
    known = {use.path for matrix in tiny.anatomy.matrices.values() for use in matrix.uses}
    assert {name for name, _ in tiny.causal_lm.named_parameters()} <= known


def test_the_mlp_of_a_mixture_is_all_its_experts() -> None:
    anatomy = tiny_model("mixtral").anatomy
    kinds = [target.matrix.kind for target in anatomy.targets(anatomy.read("1.mlp*2").mutations[0].site)]
    assert kinds == [f"expert{expert}.{kind}" for expert in range(3) for kind in ("gate", "up", "down")]
    with pytest.raises(NotationError, match="expert0 to expert2"):
        anatomy.read("1.expert3.down=0")
    with pytest.raises(NotationError, match="has no 'down'"):
        anatomy.read("1.down=0")
    with pytest.raises(NotationError, match="belong to one whole matrix"):
        anatomy.read("1.expert2[3,5]=0")


def test_a_layer_is_its_matrices() -> None:
    anatomy = tiny_model("llama").anatomy
    kinds = [target.matrix.kind for target in anatomy.targets(anatomy.read("1*2").mutations[0].site)]
    assert kinds == ["q", "k", "v", "o", "gate", "up", "down"]


def test_tied_embeddings_are_one_tensor_with_two_uses() -> None:
    anatomy = tiny_model("llama-tied").anatomy
    assert anatomy.matrices["embed"].uses == anatomy.matrices["head"].uses
    assert [use.module for use in anatomy.matrices["embed"].uses] == ["model.embed_tokens", "lm_head"]
    assert len(tiny_model("llama").anatomy.matrices["embed"].uses) == 1


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("2.q=0", 0, "2 layers, 0 to 1"),
        ("0.q=0; 7.q=0", 7, "2 layers, 0 to 1"),
        ("1.q_norm=1", 2, "Layer 1 has no 'q_norm'"),
        ("1.head4=0", 2, "4 query heads a layer, 0 to 3"),
        ("1.q.head4=0", 4, "4 query heads"),
        ("1.kvhead2=0", 2, "2 KV heads a layer, 0 to 1"),
        ("1.v.head2=0", 4, "2 KV heads"),
        ("1.down[32,0]=0", 7, "1.down has 32 rows, 0 to 31"),
        ("1.down[0:33,0]=0", 7, "32 rows"),
        ("1.down[31,48]=0", 10, "48 columns, 0 to 47"),
        ("1.attn_norm[32]=0", 12, "32 entries"),
        ("nonsense=0", 0, "'nonsense' is no site"),
        ("mlp=0", 0, "'mlp' is no site"),
        ("layer*2", 0, "'layer' is no site"),
        ("1.q=0;\n0.q[99,0]=1", 11, "32 rows"),
        ("1.q[0,0]=1e39", 8, "numbers up to ±3.403e+38"),
        ("1.q[99999999999999999999,0]=1", 4, "20 digits"),
    ],
)
def test_a_site_outside_the_model_is_pointed_at(text: str, position: int, words: str) -> None:
    with pytest.raises(NotationError) as caught:
        tiny_model("llama").anatomy.read(text)
    assert caught.value.position == position
    assert words in caught.value.reason


def test_every_tensor_is_reached_by_its_path_too() -> None:
    anatomy: Anatomy = tiny_model("stablelm").anatomy
    path = "model.layers.1.self_attn.q_proj"
    matrix = anatomy.targets(anatomy.read(f"{path}[3,:]=0").mutations[0].site)[0].matrix
    assert (matrix.name, matrix.rows, matrix.columns) == ("1.q", 32, 32)
    assert anatomy.targets(anatomy.read(f"{path}.weight[3,:]=0").mutations[0].site)[0].matrix is matrix
    with pytest.raises(NotationError, match=r"'model\.nowhere' is no site"):
        anatomy.read("model.nowhere=0")


def test_half_precision_holds_smaller_numbers() -> None:
    model = tiny_transformer("llama").half()
    with pytest.raises(NotationError, match=r"up to ±6\.55e\+04"):
        read_anatomy(model).read("1.q=70000")


def test_gemma3_that_also_reads_images_is_known() -> None:
    text = {**SIZES, **GEMMA3}
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    config = Gemma3Config(text_config=text, vision_config=vision)
    anatomy = read_anatomy(AutoModelForImageTextToText.from_config(config))
    assert anatomy.layer_count == 2
    assert anatomy.matrices["1.down"].uses[0].module == "model.language_model.layers.1.mlp.down_proj"


def test_the_list_of_families_is_the_tested_one() -> None:
    assert {tiny_model(name).anatomy.model_type for name in CONFIGURATIONS} == {
        "llama",
        "mistral",
        "qwen2",
        "qwen3",
        "gemma3_text",
        "gpt2",
        "gemma2",
        "phi3",
        "gpt_neox",
        "mixtral",
        "qwen3_moe",
    }
