"""Grafts and adapters against the libraries that load them whole: transformers, peft."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from explorer.domain.errors import ModelError
from explorer.model.donors import open_donor
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble
from explorer.model.lora import open_adapter
from explorer.model.weights import weight_of
from explorer.mutation.apply import make_mutant, mutant_of
from explorer.mutation.describe import describe
from explorer.mutation.patch import mutated_copy
from tests.people import build
from tests.tiny import CONFIGURATIONS, tiny_model


def _stored(folder: Path, family: str, seed: int) -> Path:
    """A checkpoint of a family, of other weights, as transformers saves it."""
    torch.manual_seed(seed)
    AutoModelForCausalLM.from_config(CONFIGURATIONS[family]()).save_pretrained(folder / family)
    return folder / family


def _loaded(folder: Path, like: LoadedModel) -> LoadedModel:
    return assemble(AutoModelForCausalLM.from_pretrained(folder), like.tokenizer, source=str(folder), name="donor")


@pytest.mark.parametrize("family", CONFIGURATIONS)
def test_every_matrix_is_the_one_that_transformers_loads(family: str, tmp_path: Path) -> None:
    model = tiny_model(family)
    folder = _stored(tmp_path, family, seed=5)
    whole, donor = _loaded(folder, model), open_donor(str(folder))
    matrices = [*model.anatomy.matrices.values(), *model.anatomy.paths.values()]
    for matrix in matrices:
        assert torch.equal(donor.weights(model, matrix), weight_of(whole.causal_lm, matrix)), matrix.name
    first = model.anatomy.matrices["0.q"]
    assert donor.bytes_of(model, first) < sum(each.count * 4 for each in donor.tensors.values()) / 4


def test_a_graft_is_the_donors_site_or_a_share_of_it(tmp_path: Path) -> None:
    model = tiny_model("llama")
    folder = _stored(tmp_path, "llama", seed=5)
    whole = _loaded(folder, model)
    for site in ("1.down", "1.down[3:9,5]", "0.head1", "1", "layers", "norm", "embed", "head"):
        for text, share in ((f"{site}=from({folder})", 1.0), (f'{site}~from("{folder}")*0.3', 0.3)):
            genotype = model.anatomy.read(text)
            copied = mutated_copy(model, genotype)
            inside = {target.matrix.name for target in model.anatomy.targets(genotype.mutations[0].site)}
            for target in model.anatomy.targets(genotype.mutations[0].site):
                part = (slice(target.rows.start, target.rows.stop), slice(target.columns.start, target.columns.stop))
                own, other, found = (
                    weight_of(each, target.matrix) for each in (model.causal_lm, whole.causal_lm, copied)
                )
                expected = own[part].double() + share * (other[part].double() - own[part].double())
                assert torch.allclose(found[part].double(), expected, atol=1e-6)
                outside = torch.ones_like(own, dtype=torch.bool)
                outside[part] = False
                assert site == "0.head1" or torch.equal(found[outside], own[outside])
            for matrix in model.anatomy.matrices.values():
                if matrix.name not in inside:
                    assert torch.equal(weight_of(copied, matrix), weight_of(model.causal_lm, matrix))


def test_a_donor_is_named_fingerprinted_and_told_with_what_is_read(tmp_path: Path) -> None:
    model = tiny_model("llama")
    folder = _stored(tmp_path, "llama", seed=5)
    donor = open_donor(str(folder))
    told = describe(model, model.anatomy.read(f"1.down=from({folder})"))
    assert f"that of {folder} ({donor.fingerprint[:8]}; 0.0 MB read), mean change" in told
    before = donor.fingerprint
    shutil.rmtree(folder)
    assert open_donor(str(_stored(tmp_path, "llama", seed=6))).fingerprint != before


def test_a_tied_donor_gives_its_embedding_to_a_head_and_a_sharded_one_all(tmp_path: Path) -> None:
    model = tiny_model("llama")
    torch.manual_seed(5)
    tied = AutoModelForCausalLM.from_config(CONFIGURATIONS["llama-tied"]())
    tied.save_pretrained(tmp_path / "tied", max_shard_size="20KB")
    assert len(list((tmp_path / "tied").glob("*.safetensors"))) > 2
    donor = open_donor(str(tmp_path / "tied"))
    assert torch.equal(donor.weights(model, model.anatomy.matrices["head"]), tied.get_input_embeddings().weight)
    assert donor.weights(model, model.anatomy.matrices["1.down"]).shape == (32, 48)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1.down=from(./gone)", "takes weights from ./gone, which is not here: There is no folder gone"),
        ("1.down=from(someone/gone)", "not in the local cache: load it once"),
        ("1.down=from({gpt2})", "it is of another kind"),
        ("1.down=from({wide})", "has 1.down in 32 × 96, and this model in 32 × 48"),
        ("1.down=from({bare})", "cannot be read as a model"),
        ("1.down=from({adapter})", r"is an adapter: write \+adapter"),
        ("1.down+adapter({wide})", r"is no adapter.*A whole model is grafted with from"),
        ("1.down=from(~nobody/x)", "which is not here"),
        ("1.down+adapter(~nobody/x)", "which is not here"),
        ("1.down+adapter(nobody/nothing)", "adds the adapter nobody/nothing, which is not here"),
        ("1.gate+adapter({adapter})", "adds nothing to 1.gate"),
    ],
)
def test_what_cannot_be_taken_is_told(text: str, told: str, tmp_path: Path) -> None:
    model = tiny_model("llama")
    folders = {"gpt2": _stored(tmp_path, "gpt2", 0), "bare": tmp_path / "bare", "wide": tmp_path / "wide"}
    folders["bare"].mkdir()
    config = CONFIGURATIONS["llama"]()
    config.intermediate_size = 96
    AutoModelForCausalLM.from_config(config).save_pretrained(folders["wide"])
    folders["adapter"] = _adapter(tmp_path, _stored(tmp_path, "llama", 0))
    with pytest.raises(ModelError, match=told):
        make_mutant(model, model.anatomy.read(text.format(**folders)))


def _adapter(place: Path, base: Path, **settings: object) -> Path:
    """An adapter of q and down, of rank 4, with numbers in both halves."""
    model = AutoModelForCausalLM.from_pretrained(base)
    chosen = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "down_proj"], "task_type": "CAUSAL_LM"} | settings
    joined = get_peft_model(model, LoraConfig(**chosen))  # type: ignore[arg-type]
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in joined.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.1)
    joined.save_pretrained(str(place / "adapter"), save_embedding_layers=False)
    return place / "adapter"


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("SmolLM2-360M", {}),
        ("SmolLM2-360M", {"use_rslora": True}),
        ("SmolLM2-360M", {"rank_pattern": {"layers.1.mlp.down_proj": 2}, "alpha_pattern": {"q_proj": 3}}),
        ("llama", {"target_modules": ["embed_tokens", "o_proj"]}),
        ("gpt2", {"target_modules": ["c_attn", "c_fc", "wte"], "fan_in_fan_out": True}),
        ("phi3", {"target_modules": ["qkv_proj", "gate_up_proj"]}),
    ],
)
def test_an_adapter_at_strength_one_is_what_peft_merges(
    family: str, settings: dict[str, object], tmp_path: Path
) -> None:
    base = build(tmp_path / "base", family) if family[0] == "S" else _stored(tmp_path, family, 3)
    folder = _adapter(tmp_path, base, **settings)
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    model = assemble(plain, tiny_model("llama").tokenizer, source="base", name="base")
    merged = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), folder
    ).merge_and_unload()
    mutated = mutated_copy(model, model.anatomy.read(f"layers+adapter({folder})"))
    adapter = open_adapter(str(folder))
    touched = [matrix for matrix in model.anatomy.matrices.values() if adapter.reaches(matrix)]
    assert touched
    for matrix in touched:
        expected, own = weight_of(merged, matrix), weight_of(plain, matrix)
        assert not torch.allclose(expected, own)
        if matrix.layer is None:
            change = adapter.change(model, matrix)
            assert torch.allclose(own + change, expected, atol=1e-6)
        else:
            assert torch.allclose(weight_of(mutated, matrix), expected, atol=1e-6), matrix.name
    half = mutated_copy(model, model.anatomy.read(f"layers+adapter({folder})*0.5"))
    one = next(matrix for matrix in touched if matrix.layer == 1)
    halfway = (weight_of(plain, one) + weight_of(merged, one)) / 2
    assert torch.allclose(weight_of(half, one), halfway, atol=1e-6)
    for matrix in model.anatomy.matrices.values():
        if matrix not in touched:
            assert torch.equal(weight_of(mutated, matrix), weight_of(plain, matrix))


def test_an_adapter_that_is_more_than_matrices_is_refused(tmp_path: Path) -> None:
    base = _stored(tmp_path, "llama", 3)
    folder = _adapter(tmp_path, base)
    stated = folder / "adapter_config.json"
    facts = json.loads(stated.read_text(encoding="utf-8"))
    before = open_adapter(str(folder)).fingerprint
    for change, told in (
        ({"use_dora": True}, "more than a LoRA of matrices .use_dora"),
        ({"bias": "all"}, "more than a LoRA of matrices .LORA with bias all"),
        ({"peft_type": "IA3"}, "IA3"),
        ({"lora_alpha": "much"}, "it is broken"),
    ):
        stated.write_text(json.dumps(facts | change), encoding="utf-8")
        with pytest.raises(ModelError, match=told):
            open_adapter(str(folder))
    stated.write_text(json.dumps(facts | {"lora_alpha": 9}), encoding="utf-8")
    assert open_adapter(str(folder)).fingerprint != before
    assert load_file(folder / "adapter_model.safetensors")
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match="no whole weights in safetensors"):
        open_adapter(str(folder))


def test_a_mutant_is_kept_until_what_it_takes_is_another(tmp_path: Path) -> None:
    model = tiny_model("llama")
    base = _stored(tmp_path, "llama", 3)
    folder = _adapter(tmp_path, base)
    genotype = model.anatomy.read(f"1.down+adapter({folder})")
    first = mutant_of(model, genotype)
    assert mutant_of(model, genotype) is first
    _adapter(tmp_path, base, lora_alpha=80)
    assert not torch.equal(mutant_of(model, genotype).slabs[0].weights, first.slabs[0].weights)
    grafted = model.anatomy.read(f"1.down=from({base})")
    before = mutant_of(model, grafted)
    assert mutant_of(model, grafted) is before
    _stored(tmp_path, "llama", 4)
    assert not torch.equal(mutant_of(model, grafted).slabs[0].weights, before.slabs[0].weights)
