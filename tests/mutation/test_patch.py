"""Patches and saved folders: what comes back says what the mutant says, and no other model is touched."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from explorer.domain.errors import ExchangeError
from explorer.domain.notation import format_genotype
from explorer.model.loaded import LoadedModel, Specimen
from explorer.model.reading import read_anatomy
from explorer.model.weights import checksum
from explorer.mutation import patch_file
from explorer.mutation.export import ORIGIN, save_model
from explorer.mutation.patch import WeightPatch, bits_of, make_patch, mutated_copy, patched_copy
from explorer.mutation.patch_file import format_patch, parse_patch, read_patch, write_patch
from explorer.notebook import apply_patch
from tests.oracle import edited_in_place
from tests.tiny import ALL, read, tiny_model, tiny_transformer

_GENOTYPES = (
    "1.down*-1;0.attn_norm*2",
    "embed[5:9,:]=max;head[3,:]+0.4",
    "1.head2*0;norm*-1;1.kvhead1*3",
    "0.up[3:9,4:8]=min;0.up[6:12,2:5]*-2;0.up[7,3]=0.25",
)
_PLAIN = ("model.layers.1.mlp.down_proj[3:20,:]*-2", "model.embed_tokens=min")
"""For a family that is unknown."""


def _genotypes(model: LoadedModel) -> tuple[str, ...]:
    return _GENOTYPES if model.anatomy.layer_count else _PLAIN


def _say(model: PreTrainedModel) -> list[list[int]]:
    tokens = torch.tensor([[5, 6, 7], [9, 8, 7]])
    answer: torch.Tensor = model.generate(  # type: ignore[operator]
        tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=10, do_sample=False
    )
    return answer.tolist()


@pytest.mark.parametrize("family", sorted(ALL))
def test_folder_and_patch_say_what_the_edited_model_says(family: str, tmp_path: Path) -> None:
    model = tiny_model(family)
    before, weights = _say(model.causal_lm), checksum(model.causal_lm)
    for number, text in enumerate(_genotypes(model)):
        genotype = read(model, text)
        with edited_in_place(model, genotype):
            expected, edited = _say(model.causal_lm), checksum(model.causal_lm)
        save_model(model, mutated_copy(model, genotype), format_genotype(genotype), tmp_path / f"{number}")
        loaded = AutoModelForCausalLM.from_pretrained(tmp_path / f"{number}")
        assert (_say(loaded), checksum(loaded)) == (expected, edited)
        write_patch(make_patch(model, genotype, model.name), tmp_path / f"{number}.json")
        patched = apply_patch(tiny_transformer(family), tmp_path / f"{number}.json")
        assert (_say(patched), checksum(patched)) == (expected, edited)
        assert edited != weights
    assert (_say(model.causal_lm), checksum(model.causal_lm)) == (before, weights)


def test_the_demo_model_is_saved_with_all_that_it_needs(demo: LoadedModel, tmp_path: Path) -> None:
    genotype = demo.anatomy.read("11.down[507,1229]=0;embed[5,:]*0.5")
    size = save_model(demo, mutated_copy(demo, genotype), format_genotype(genotype), tmp_path / "new" / "out")
    assert size > 4 * demo.anatomy.parameter_count
    original: Any = demo.causal_lm
    loaded: Any = AutoModelForCausalLM.from_pretrained(tmp_path / "new" / "out")
    tokenizer: Any = AutoTokenizer.from_pretrained(tmp_path / "new" / "out")
    chat = [{"role": "user", "content": "What is the capital of France?"}]
    asked = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with edited_in_place(demo, genotype):
        assert checksum(loaded) == checksum(demo.causal_lm)
        expected = original.generate(**asked, max_new_tokens=12, do_sample=False).tolist()
    assert loaded.generate(**asked, max_new_tokens=12, do_sample=False).tolist() == expected
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight
    origin = json.loads((tmp_path / "new" / "out" / ORIGIN).read_text())
    assert origin["genotype"] == "11.down[507,1229]=0;embed[5,:]*0.5"
    assert origin["original"] == {"name": demo.name, "fingerprint": demo.fingerprint}


def test_a_copy_shares_what_is_not_mutated() -> None:
    model = tiny_model("llama")
    config = model.causal_lm.config.to_json_string()
    copy = mutated_copy(model, model.anatomy.read("1.down*0"))
    for name, parameter in copy.named_parameters():
        assert (parameter is model.causal_lm.get_parameter(name)) == ("1.mlp.down" not in name)
    copy.config.use_cache = False
    assert model.causal_lm.config.to_json_string() == config


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_patch_comes_back_bit_for_bit(dtype: torch.dtype) -> None:
    model = _in(dtype)
    patch = make_patch(
        model, model.anatomy.read("0.q[1:4,2:9]*6e4;0.v[0,:]*6e4;0.v[0,:]*6e4;1.down[3,5]*-0.3;1.up=0;0.k=max"), "tiny"
    )
    back = parse_patch(format_patch(patch), "a file")
    assert (back.genotype, back.fingerprint, back.dtype) == (patch.genotype, patch.fingerprint, patch.dtype)
    for one, other in zip(patch.blocks, back.blocks, strict=True):
        assert (one.matrix, one.rows, one.columns) == (other.matrix, other.rows, other.columns)
        for left, right in ((one.old, other.old), (one.new, other.new)):
            assert left.dtype == right.dtype == dtype
            assert torch.equal(bits_of(left), bits_of(right))


def _in(dtype: torch.dtype) -> Specimen:
    model = tiny_transformer("llama").to(dtype)  # type: ignore[arg-type]
    return Specimen(causal_lm=model, anatomy=read_anatomy(model))


def test_values_that_are_all_the_same_take_one_number() -> None:
    model = tiny_model("llama")
    table = json.loads(format_patch(make_patch(model, model.anatomy.read("1.down[3,5]=0;0=max"), "tiny")))
    (single, *rest) = table["blocks"]
    assert (single["matrix"], single["rows"], single["columns"]) == ("1.down", "3:4", "5:6")
    assert single["new"] == {"all": 0.0}
    weight = model.causal_lm.get_parameter("model.layers.1.mlp.down_proj.weight").detach()
    assert single["old"] == {"all": float(weight[3, 5])}
    assert len(rest) == 7
    assert all("all" in block["new"] and "deflated" in block["old"] for block in rest)


@pytest.fixture
def patch() -> WeightPatch:
    """Of a row of a tiny model."""
    model = tiny_model("llama")
    return make_patch(model, model.anatomy.read("1.down[3,:]*2"), "tiny llama")


def test_another_model_is_refused(patch: WeightPatch) -> None:
    other, half = tiny_model("llama", seed=5), _in(torch.bfloat16)
    for model, dtype in ((other, "float32"), (half, "bfloat16")):
        with pytest.raises(ExchangeError, match=f"made from tiny llama in float32 .* this is mine in {dtype}"):
            patched_copy(model, patch, "mine")


def _forged(text: str, **changes: Any) -> str:
    """A patch with another content and a digest that fits it."""
    table = json.loads(text)
    table.pop("digest")
    table["blocks"][0] |= changes
    table["digest"] = patch_file._digest(table)
    return json.dumps(table)


@pytest.mark.parametrize(
    "changes", [{"old": {"all": 0.5}}, {"rows": "40:41"}, {"matrix": "9.down"}, {"matrix": "1.gate"}]
)
def test_old_values_that_the_model_does_not_have_are_refused(patch: WeightPatch, changes: dict[str, Any]) -> None:
    forged = parse_patch(_forged(format_patch(patch), **changes), "a file")
    with pytest.raises(ExchangeError, match="are not those of tiny: nothing was applied"):
        patched_copy(tiny_model("llama"), forged, "tiny")


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": "5:2"},
        {"rows": 3},
        {"new": {}},
        {"new": {"deflated": "AAAA"}},
        {"new": {"deflated": "?"}},
        {"rows": "3:5"},
        {"columns": "0:9999999"},
    ],
)
def test_a_damaged_file_is_refused(patch: WeightPatch, changes: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError, match="a file is no whole patch"):
        parse_patch(_forged(format_patch(patch), **changes), "a file")


def test_a_file_that_was_changed_is_refused(patch: WeightPatch) -> None:
    text = format_patch(patch).replace("1.down[3,:]*2", "1.down[3,:]*3")
    with pytest.raises(ExchangeError, match="was changed after it was written"):
        parse_patch(text, "a file")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: this is no patch"),
        ('{\n "application": 3,\n oops', "line 3: this is no patch"),
        ("[" * 100_000, "is no patch of this program"),
        ("[1, 2]", "is no patch of this program"),
        ('{"application": "another", "kind": "patch"}', "is no patch of this program"),
        ('{"application": "mutation-explorer", "kind": "patch", "format": 2}', "version 2 .* reads version 1"),
    ],
)
def test_a_file_from_elsewhere_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "found.json"
    path.write_text(text)
    with pytest.raises(ExchangeError, match=words):
        read_patch(path)


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\xff\xfe\x00")
    for name in ("model.safetensors", "missing.json"):
        with pytest.raises(ExchangeError, match="cannot be read as a patch"):
            read_patch(tmp_path / name)


def test_nothing_is_no_patch() -> None:
    model = tiny_model("llama")
    with pytest.raises(ExchangeError, match="There is no mutation to write"):
        make_patch(model, model.anatomy.read(""), "tiny")


def test_nothing_is_overwritten(patch: WeightPatch, tmp_path: Path) -> None:
    model = tiny_model("llama")
    kept = tmp_path / "kept"
    kept.write_text("mine")
    with pytest.raises(ExchangeError, match="exists already"):
        write_patch(patch, kept)
    for folder in (tmp_path, kept):
        with pytest.raises(ExchangeError, match="name a new folder"):
            save_model(model, model.causal_lm, "", folder)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert kept.read_text() == "mine"


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), SafetensorError("I/O error: No space left")])
def test_a_full_disk_leaves_nothing(fault: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(_model: Any, folder: Path, **_options: Any) -> None:
        (folder / "config.json").write_text("{}")
        raise fault

    monkeypatch.setattr(PreTrainedModel, "save_pretrained", fill)
    model = tiny_model("llama")
    (tmp_path / "out").mkdir()
    with pytest.raises(ExchangeError, match=r"could not be written to .*No space left"):
        save_model(model, mutated_copy(model, model.anatomy.read("1.down*0")), "1.down*0", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert not any((tmp_path / "out").iterdir())


def test_a_full_disk_leaves_no_half_patch(patch: WeightPatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(path: Path, content: bytes) -> int:
        path.open("wb").write(content[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    with pytest.raises(ExchangeError, match=r"could not be written to .*No space left"):
        write_patch(patch, tmp_path / "a.patch.json")
    assert not any(tmp_path.iterdir())
