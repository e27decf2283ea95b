"""Controls to site and back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.domain.site_notation import format_site
from explorer.model.loading import assemble
from explorer.ui.explore.selection import LEVELS, Selection, fitted, levels_of, part_choices, selection_of, site_of
from tests.tiny import tiny_model, tiny_tokenizer, without_layers
from tests.zoo import tiny_of

_LLAMA = tiny_model("llama").anatomy
_GPT2 = tiny_model("gpt2").anatomy
_MIXTURE = tiny_model("qwen3_moe").anatomy
_UNKNOWN = without_layers(_LLAMA)
_HYBRID = assemble(tiny_of("jamba"), tiny_tokenizer(), source="jamba", name="jamba").anatomy
_EVERY = (_LLAMA, _GPT2, _MIXTURE, _UNKNOWN, _HYBRID)

selections = st.builds(
    Selection,
    level=st.sampled_from(LEVELS),
    layer=st.integers(-3, 90),
    part=st.sampled_from(["down", "q", "embed", "attn", "layer", "head", "norm", "attn_norm", "kvhead", "gate"]),
    head=st.integers(-2, 50),
    row=st.integers(-5, 3000),
    row_stop=st.integers(-5, 3000),
    column=st.integers(-5, 3000),
    column_stop=st.integers(-5, 3000),
)


@given(selections, st.sampled_from(_EVERY))
def test_whatever_the_controls_say_becomes_a_site_of_the_model(selection: Selection, anatomy: object) -> None:
    chosen = fitted(selection, anatomy)  # type: ignore[arg-type]
    site = site_of(chosen, anatomy)  # type: ignore[arg-type]
    assert anatomy.site_objection(site) is None  # type: ignore[attr-defined]
    again = selection_of(site, anatomy, chosen)  # type: ignore[arg-type]
    assert site_of(again, anatomy) == site  # type: ignore[arg-type]
    assert again.part in part_choices(anatomy, again.level, again.layer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("1", "layer"),
        ("1.mlp", "layer"),
        ("1.attn_norm[0:10]", "block"),
        ("1.head3", "head"),
        ("1.k.head1", "head"),
        ("1.down", "matrix"),
        ("norm", "matrix"),
        ("1.down[0:4,8:10]", "block"),
        ("1.down[3,:]", "row"),
        ("1.down[:,3]", "column"),
        ("1.down[3,5]", "weight"),
        ("1.attn_norm[3]", "weight"),
        ("head[5,:]", "row"),
    ],
)
def test_each_site_has_its_level(text: str, level: str) -> None:
    site = _LLAMA.read(f"{text}=0").mutations[0].site
    selection = selection_of(site, _LLAMA, Selection())
    assert selection.level == level
    assert format_site(site_of(fitted(selection, _LLAMA), _LLAMA)) == text


def test_levels_and_parts_on_offer() -> None:
    assert part_choices(_LLAMA, "layer", 0) == ("layer", "attn", "mlp", "layers")
    assert "gate" not in part_choices(_GPT2, "weight", 0)
    assert "position" in part_choices(_GPT2, "weight", 0)
    assert "down" in part_choices(_MIXTURE, "weight", 0)  # its first layer is dense
    assert "expert3.down" in part_choices(_MIXTURE, "weight", 1)
    assert part_choices(_MIXTURE, "layer", 1)[3:] == ("expert0", "expert1", "expert2", "expert3", "layers")
    assert "attn_norm" not in part_choices(_LLAMA, "row", 0)
    assert levels_of(_UNKNOWN, 0) == ("matrix", "block", "row", "column", "weight")


def test_a_part_of_which_the_last_name_is_known_is_found() -> None:
    asked = Selection(level="matrix", layer=0, part="A_log")
    assert fitted(asked, _HYBRID).part == "mamba.A_log"
    assert fitted(replace(asked, part="nowhere"), _HYBRID).part == "down"
    assert fitted(replace(asked, layer=1, part="down"), _MIXTURE).part == "expert0.down"


def test_a_layer_offers_what_it_has() -> None:
    state_space, attention = 0, next(layer for layer in range(5) if "q" in _HYBRID.kinds(layer))
    assert "head" not in levels_of(_HYBRID, state_space)
    assert "head" in levels_of(_HYBRID, attention)
    assert "attn" not in part_choices(_HYBRID, "layer", state_space)
    assert "mamba.A_log" in part_choices(_HYBRID, "row", state_space)
    assert "mamba.D" not in part_choices(_HYBRID, "row", state_space)
