"""Where models come from, and the sentence for each way in which they do not."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.model.loaded import LoadedModel
from explorer.model.loading import choose_device, load_model
from explorer.model.sources import DEMO_NAME
from explorer.model.weights import checksum
from tests.tiny import saved_model, tiny_tokenizer, tiny_transformer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved tiny model."""
    tiny_transformer("llama").save_pretrained(tmp_path / "tiny")
    tiny_tokenizer().save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def test_the_demo_model_is_what_it_says(demo: LoadedModel) -> None:
    assert demo.name == DEMO_NAME
    assert demo.anatomy.parameter_count == 134_515_008
    assert (demo.anatomy.layer_count, demo.anatomy.query_heads, demo.anatomy.kv_heads) == (30, 9, 3)
    assert demo.dtype == torch.float32
    assert demo.has_chat_template
    assert demo.context == 8192


def test_a_second_load_converts_nothing(demo: LoadedModel) -> None:
    said: list[str] = []
    again = load_model("demo", device="cpu", say=said.append)
    assert len(said) == 1
    assert said[0].startswith(f"Reading {DEMO_NAME}: 0.5 GB of weights in float32; ")
    assert again.anatomy == demo.anatomy


def test_a_folder(folder: Path) -> None:
    model = load_model(str(folder), device="cpu")
    assert (model.name, model.source) == ("tiny", str(folder))
    assert checksum(model.causal_lm) == checksum(tiny_transformer("llama"))
    assert model.encode(Prompt(text="w5 w6", chat=False), Decoding()) == [5, 6]


def test_progress_is_said(folder: Path) -> None:
    said: list[str] = []
    load_model(str(folder), device="cpu", say=said.append)
    assert len(said) == 1
    assert re.fullmatch(r"Reading tiny: 0\.1 MB of weights in float32; [\d.]+ GB of memory are free …", said[0])


def test_another_precision(folder: Path) -> None:
    model = load_model(str(folder), device="cpu", dtype="bfloat16")
    assert (model.dtype, model.dtype_name, model.precision) == (torch.float32, "bfloat16", "bfloat16/float32")
    stored = load_model(str(folder), device="cpu", dtype="bfloat16", arithmetic="stored")
    assert (stored.dtype, stored.dtype_name, stored.precision) == (torch.bfloat16, "bfloat16", "bfloat16")
    assert stored.fingerprint == model.fingerprint
    with pytest.raises(ModelError, match="no arithmetic 'int8'"):
        load_model(str(folder), device="cpu", arithmetic="int8")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("./nowhere", "There is no folder nowhere"),
        ("/nowhere/at/all", "There is no folder /nowhere/at/all"),
        ("missing.gguf", "There is no file missing.gguf"),
        ("not a hub id", "is no model: name demo"),
    ],
)
def test_a_model_that_is_not_there(source: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        load_model(source, device="cpu")


def test_pickled_weights_are_refused(folder: Path) -> None:
    model = tiny_transformer("llama")
    (folder / "model.safetensors").unlink()
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        load_model(str(folder), device="cpu")


def test_a_broken_file_gets_a_sentence(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="is broken or only a part of itself"):
        load_model(str(folder), device="cpu")


@pytest.mark.parametrize("content", ["half", "[]", '{"x": {"dtype": "F32", "shape": [1], "data_offsets": []}}', "{"])
def test_half_a_file_and_a_broken_header_get_a_sentence(folder: Path, content: str) -> None:
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    header = len(content).to_bytes(8, "little") + content.encode()
    file.write_bytes(whole[: len(whole) - 100] if content == "half" else header)
    with pytest.raises(ModelError, match="is broken or only a part of itself"):
        load_model(str(folder), device="cpu")


def _edit(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Change the tensors of a saved model."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _drop(*names: str) -> Callable[[dict[str, torch.Tensor]], None]:
    def drop(tensors: dict[str, torch.Tensor]) -> None:
        for name in names:
            del tensors[name]

    return drop


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["lm_head.weight"], r"lacks 1 tensor \(lm_head.weight\)"),
        (["model.layers.1.mlp.down_proj.weight"], r"lacks 1 tensor \(model.layers.1.mlp.down_proj.weight\)"),
        ([f"model.layers.0.self_attn.{kind}_proj.weight" for kind in "qkvo"], r"lacks 4 tensors \(.*k_proj.*, …\)"),
    ],
)
def test_a_checkpoint_that_lacks_weights_is_refused_by_their_names(folder: Path, names: list[str], words: str) -> None:
    _edit(folder, _drop(*names))
    for _ in range(2):  # never a model with random weights, at no try
        with pytest.raises(ModelError, match=words):
            load_model(str(folder), device="cpu")


def test_a_tensor_of_another_shape_is_refused(folder: Path) -> None:
    _edit(folder, lambda tensors: tensors.update({"model.norm.weight": torch.ones(3)}))
    with pytest.raises(ModelError, match="tiny"):
        load_model(str(folder), device="cpu")


def test_tied_weights_are_not_missing(tmp_path: Path) -> None:
    saved_model(tmp_path, "llama-tied")
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    assert load_model(str(tmp_path), device="cpu").remark == ""


def test_tensors_that_are_not_used_are_told(folder: Path) -> None:
    _edit(folder, lambda tensors: tensors.update({"vision.weight": torch.ones(3), "extra": torch.ones(1)}))
    said: list[str] = []
    model = load_model(str(folder), device="cpu", say=said.append)
    told = "The checkpoint has 2 tensors (extra, vision.weight) that this architecture does not use."
    assert (model.remark, said[-1]) == (told, told)


@pytest.mark.parametrize("architecture", ["LlamaForSequenceClassification", "BertForMaskedLM", "LlamaRewardModel"])
def test_what_is_no_causal_language_model_is_refused_by_name(folder: Path, architecture: str) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"architectures": [architecture]}), encoding="utf-8")
    with pytest.raises(ModelError, match=f"is a {architecture}, which is no causal language model"):
        load_model(str(folder), device="cpu")


def test_devices_and_precisions_by_name(folder: Path) -> None:
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(ModelError, match="There is no device 'tpu' here"):
        choose_device("tpu")
    with pytest.raises(ModelError, match="There is no dtype 'int3'"):
        load_model(str(folder), device="cpu", dtype="int3")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_taken_by_itself(folder: Path) -> None:
    assert load_model(str(folder)).device.type == "cuda"
