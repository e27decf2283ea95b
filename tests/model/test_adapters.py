"""LoRA folders: the base model with the adapter's weights added, or a sentence on what is missing."""

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from explorer.domain.errors import ModelError
from explorer.model.loading import load_model
from explorer.model.widened import stored_in
from tests.people import build


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return build(tmp_path / "base", "SmolLM2-360M")


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    """An adapter of q and down, of rank 4 and strength 2."""
    model = AutoModelForCausalLM.from_pretrained(base)
    settings = LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM")
    joined = get_peft_model(model, settings)
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in joined.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.1)
    joined.save_pretrained(str(tmp_path / "adapter"))
    return tmp_path / "adapter"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_base_with_the_adapter_added(adapter: Path, base: Path, dtype: str) -> None:
    model, before = (load_model(str(folder), device="cpu", dtype=dtype) for folder in (adapter, base))
    assert model.name == "adapter"
    added = load_file(adapter / "adapter_model.safetensors")
    for path in ("model.layers.1.mlp.down_proj", "model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.k_proj"):
        own, old = (stored_in(each.causal_lm.get_parameter(f"{path}.weight")) for each in (model, before))
        key = f"base_model.model.{path}"
        expected = old.float()
        if f"{key}.lora_A.weight" in added:
            change = 2.0 * added[f"{key}.lora_B.weight"].float() @ added[f"{key}.lora_A.weight"].float()
            assert float(change.abs().max()) > 0.01
            expected = expected + change
        torch.testing.assert_close(own.float(), expected, rtol=2e-2 if dtype == "bfloat16" else 1e-5, atol=2e-3)
    assert all("lora" not in name for name, _ in model.causal_lm.named_parameters())
    assert model.encode is not None
    assert model.fingerprint != before.fingerprint


def test_a_base_beside_it_and_one_that_is_missing(adapter: Path, base: Path) -> None:
    stated = adapter / "adapter_config.json"
    facts = json.loads(stated.read_text(encoding="utf-8"))
    base.rename(adapter / "inside")
    stated.write_text(json.dumps(facts | {"base_model_name_or_path": "inside"}), encoding="utf-8")
    assert load_model(str(adapter), device="cpu").anatomy.layer_count == 2
    for name, words in (
        ("./gone", "no folder gone"),
        ("someone/gone", "not in the local cache"),
        ("", "names no base"),
    ):
        stated.write_text(json.dumps(facts | {"base_model_name_or_path": name}), encoding="utf-8")
        with pytest.raises(ModelError, match=words):
            load_model(str(adapter), device="cpu")
    stated.write_text("nothing", encoding="utf-8")
    with pytest.raises(ModelError, match="does not say which model"):
        load_model(str(adapter), device="cpu")


def test_one_that_does_not_fit_its_base(adapter: Path, tmp_path: Path) -> None:
    stated = adapter / "adapter_config.json"
    facts = json.loads(stated.read_text(encoding="utf-8"))
    other = build(tmp_path / "other", "SmolLM2-360M", intermediate_size=96)
    stated.write_text(json.dumps(facts | {"base_model_name_or_path": str(other)}), encoding="utf-8")
    with pytest.raises(ModelError, match="'adapter' does not fit its base model"):
        load_model(str(adapter), device="cpu")
    (adapter / "adapter_model.safetensors").unlink()
    (adapter / "adapter_model.bin").touch()
    with pytest.raises(ModelError, match="has no weights in safetensors"):
        load_model(str(adapter), device="cpu")
