"""Which module and rows a site is, in every family; against tables worked out by hand."""

import pytest
from transformers import AutoModelForImageTextToText, Gemma3Config

from explorer.errors import NotationError
from explorer.model.anatomy import Anatomy, read_anatomy
from explorer.model.loaded import LoadedModel
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
_TABLES = {
    "llama": _GQA,
    "mistral": _GQA,
    "qwen2": _GQA,
    "gemma3": _GQA,
    "gemma2": _GQA,
    "phi3": _PHI3,
    "gpt2": _GPT2,
    "qwen3": _QWEN3,
}
_CASES = [(family, site, places) for family, table in _TABLES.items() for site, places in table.items()]


@pytest.mark.parametrize(("family", "text", "places"), _CASES)
def test_a_site_is_in_the_right_rows(family: str, text: str, places: list[tuple[str, int, int, int, int]]) -> None:
    anatomy = tiny_model(family).anatomy
    site = anatomy.read(f"{text}=0").mutations[0].site
    base = "transformer.h.1." if family == "gpt2" else "model.layers.1."
    found = []
    for target in anatomy.targets(site):
        (use,) = target.matrix.uses
        found.append(
            (
                use.module.removeprefix(base),
                use.first_row + target.rows.start,
                len(target.rows),
                target.columns.start,
                len(target.columns),
            )
        )
    assert found == places


def test_matrices_fill_the_weights_that_hold_them(tiny: LoadedModel) -> None:
    """Their shapes are those of the tensors; of a fused one, their rows are consecutive and use it up."""
    held: dict[tuple[str, str], set[tuple[int, int, int]]] = {}
    for matrix in tiny.anatomy.matrices.values():
        use = matrix.uses[0]
        held.setdefault((use.module, use.layout), set()).add((use.first_row, matrix.rows, matrix.columns))
    for (module, layout), parts in held.items():
        shape = tuple(tiny.causal_lm.get_parameter(f"{module}.weight").shape)
        rows, columns = shape[::-1] if layout == "conv1d" else (*shape, 1)[:2]
        assert {part[2] for part in parts} == {columns}
        assert sorted(row for first, count, _ in parts for row in range(first, first + count)) == list(range(rows))


def test_every_parameter_but_biases_is_in_the_anatomy(tiny: LoadedModel) -> None:
    known = {f"{use.module}.weight" for matrix in tiny.anatomy.matrices.values() for use in matrix.uses}
    weights = {name for name, _ in tiny.causal_lm.named_parameters() if not name.endswith(".bias")}
    assert weights <= known


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


def test_an_unknown_family_offers_its_matrices_by_path() -> None:
    anatomy: Anatomy = tiny_model("stablelm").anatomy
    assert anatomy.family is None
    path = "model.layers.1.self_attn.q_proj"
    assert (anatomy.matrices[path].rows, anatomy.matrices[path].columns) == (32, 32)
    assert anatomy.targets(anatomy.read(f"{path}[3,:]=0").mutations[0].site)[0].rows == range(3, 4)
    with pytest.raises(NotationError, match="unknown: name a module"):
        anatomy.read("1.q=0")
    with pytest.raises(NotationError, match=r"no module 'model\.nowhere'"):
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
    }
