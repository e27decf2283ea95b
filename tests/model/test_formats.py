"""Checkpoints whose weights are stored as codes: read as the values that they stand for, or refused by name.

What a package writes is tried where the package is (`make formats` brings them).
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, GptOssConfig, LlamaConfig, LlamaForCausalLM

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.generation.alone import decode_alone
from explorer.model import formats
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from explorer.model.widened import stored_in
from tests.tiny import tiny_tokenizer

_SIZES: dict[str, Any] = {
    "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 97, "eos_token_id": 1, "bos_token_id": None, "pad_token_id": None,
}  # fmt: skip
DOWN = "model.layers.1.mlp.down_proj"


def _llama() -> LlamaForCausalLM:
    torch.manual_seed(0)
    model: LlamaForCausalLM = LlamaForCausalLM(LlamaConfig(**_SIZES)).bfloat16().eval()
    return model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A llama in bfloat16."""
    _llama().save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    return tmp_path


def _state(folder: Path, quantization: dict[str, Any], key: str = "quantization_config") -> None:
    """Have the configuration say how weights are quantised."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {key: quantization}), encoding="utf-8")


def _load(folder: Path) -> LoadedModel:
    model = load_model(str(folder), device="cpu")
    said = decode_alone(model, Prompt(text="w5 w6", chat=False), Decoding(max_new_tokens=4), Genotype())
    assert len(said.tokens) > 0
    return model


def _weight(model: LoadedModel, module: str) -> Tensor:
    return stored_in(model.causal_lm.get_parameter(f"{module}.weight")).float()


def _linear(names: list[str]) -> list[str]:
    return [name.removesuffix(".weight") for name in names if name.endswith("_proj.weight")]


def test_fp8_in_blocks(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    expected = {}
    for module in _linear(list(tensors)):
        weight = tensors[f"{module}.weight"].float()
        rows, columns = (-(-side // 128) for side in weight.shape)
        scales = torch.rand(rows, columns) * 1e-3 + 1e-3
        spread = scales.repeat_interleave(128, 0)[: weight.shape[0]].repeat_interleave(128, 1)[:, : weight.shape[1]]
        codes = (weight / spread).to(torch.float8_e4m3fn)
        tensors[f"{module}.weight"], tensors[f"{module}.weight_scale_inv"] = codes, scales
        expected[module] = (codes.float() * spread).bfloat16().float()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _state(folder, {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]})
    model = _load(folder)
    for module, weight in expected.items():
        assert torch.equal(_weight(model, module), weight), module


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
def test_mlx_of_any_bits(folder: Path, bits: int) -> None:
    tensors, group = load_file(folder / "model.safetensors"), 32
    expected = {}
    for module in [*_linear(list(tensors)), "model.embed_tokens", "lm_head"]:
        own = 8 if module == "lm_head" else bits  # modules may have settings of their own
        weight = tensors[f"{module}.weight"].float()
        grouped = weight.view(len(weight), -1, group)
        low, high = grouped.amin(-1, keepdim=True), grouped.amax(-1, keepdim=True)
        scales, offsets = ((high - low) / (2**own - 1)).bfloat16(), low.bfloat16()
        codes = ((grouped - offsets.float()) / scales.float()).round().clamp(0, 2**own - 1)
        expected[module] = (codes * scales.float() + offsets.float()).bfloat16().float().view(weight.shape)
        tensors[f"{module}.weight"] = _packed(codes.view(weight.shape).int(), own)
        tensors[f"{module}.scales"], tensors[f"{module}.biases"] = scales[..., 0], offsets[..., 0]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "mlx"})
    settings = {"bits": bits, "group_size": group, "lm_head": {"bits": 8, "group_size": group}}
    _state(folder, settings, "quantization")
    _state(folder, settings)
    model = _load(folder)
    for module, weight in expected.items():
        assert torch.equal(_weight(model, module), weight), module


def _packed(codes: Tensor, bits: int) -> Tensor:
    """Codes [rows, columns] bit by bit into words of 32, the lowest first."""
    numbers = codes.numpy()
    ones = (numbers[..., None] >> np.arange(bits)) & 1
    words = np.packbits(ones.reshape(len(numbers), -1).astype(np.uint8), axis=-1, bitorder="little")
    return torch.from_numpy(words.view(np.uint32).copy())


def test_mxfp4_experts(tmp_path: Path) -> None:
    sizes = _SIZES | {"num_local_experts": 4, "num_experts_per_tok": 2, "head_dim": 32, "sliding_window": 16}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(GptOssConfig(**sizes), dtype=torch.bfloat16)
    model.save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    expected = {}
    levels = torch.tensor([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
    dice = torch.Generator().manual_seed(0)
    for name in [name for name in tensors if name.endswith(("gate_up_proj", "down_proj"))]:
        experts, columns, rows = tensors.pop(name).shape
        blocks = torch.randint(0, 256, (experts, rows, columns // 32, 16), generator=dice).to(torch.uint8)
        scales = torch.randint(118, 122, (experts, rows, columns // 32), generator=dice).to(torch.uint8)
        halves = torch.stack([blocks & 15, blocks >> 4], -1).flatten(-2).long()
        values = levels[halves] * 2.0 ** (scales.float() - 127).unsqueeze(-1)
        expected[name] = values.flatten(-2).transpose(1, 2).bfloat16().float()
        tensors[f"{name}_blocks"], tensors[f"{name}_scales"] = blocks, scales
    assert expected
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    _state(tmp_path, {"quant_method": "mxfp4", "modules_to_not_convert": ["model.layers.*.self_attn", "lm_head"]})
    loaded = _load(tmp_path)
    for name, weight in expected.items():
        assert torch.equal(stored_in(loaded.causal_lm.get_parameter(name)).float(), weight), name


@pytest.mark.parametrize(
    ("method", "title", "package"),
    [
        ("gptq", "GPTQ", "gptqmodel optimum"),
        ("awq", "AWQ", "gptqmodel"),
        ("bitsandbytes", "bitsandbytes", "bitsandbytes"),
        ("torchao", "torchao", "torchao"),
        ("hqq", "HQQ", "hqq"),
        ("compressed-tensors", "compressed-tensors", "compressed-tensors"),
        ("quanto", "Quanto", "optimum-quanto"),
        ("aqlm", "AQLM", "aqlm"),
        ("auto-round", "AutoRound", "auto-round"),
    ],
)
def test_a_package_that_is_missing_is_named(
    folder: Path, method: str, title: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_has", lambda _: False)
    _state(folder, {"quant_method": method, "bits": 4})
    with pytest.raises(ModelError, match=rf"stored as {title} codes, which .* reads: pip install {package}, or"):
        load_model(str(folder), device="cpu")


@pytest.mark.parametrize("quantization", [{"quant_method": "new_one"}, {"a": 1}])
def test_a_format_that_nothing_reads_gets_a_sentence(folder: Path, quantization: dict[str, Any]) -> None:
    _state(folder, quantization)
    with pytest.raises(ModelError, match="codes"):
        load_model(str(folder), device="cpu")


def test_codes_that_nothing_explains_are_never_taken_for_values(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors[f"{DOWN}.weight"] = (tensors[f"{DOWN}.weight"] * 1000).to(torch.int8)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    for dtype in (None, "bfloat16", "float32"):
        with pytest.raises(ModelError, match=rf"stored as codes .*{DOWN}"):
            load_model(str(folder), device="cpu", dtype=dtype)


# --------------------------------------------------------------------------- what packages write


def _needs(package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(find_spec(package) is None, reason=f"needs {package} (make formats)")


def _written(folder: Path, config: object) -> tuple[LoadedModel, Any]:
    """What transformers writes with a package, as we load it, and as transformers computes with it."""
    made = AutoModelForCausalLM.from_pretrained(folder, quantization_config=config, dtype=torch.bfloat16)
    made.save_pretrained(folder / "quantised")
    tiny_tokenizer().save_pretrained(folder / "quantised")
    codes = AutoModelForCausalLM.from_pretrained(folder / "quantised", dtype=torch.bfloat16)
    return _load(folder / "quantised"), codes


def _near(model: LoadedModel, codes: Any) -> None:
    """The values are those that the codes stand for, and not the weights before."""
    module = codes.get_submodule(DOWN)
    with torch.no_grad():
        stands_for = module(torch.eye(256, dtype=torch.bfloat16)).t().float()
    apart = (_weight(model, DOWN) - stands_for).abs().max() / stands_for.abs().max()
    assert float(apart) < 0.01
    assert not torch.equal(_weight(model, DOWN), _llama().get_parameter(f"{DOWN}.weight").float())


@_needs("bitsandbytes")
@pytest.mark.parametrize("bits", [4, 8])
def test_bitsandbytes(folder: Path, bits: int) -> None:
    options: dict[str, Any] = {f"load_in_{bits}bit": True}
    _near(*_written(folder, BitsAndBytesConfig(**options)))


@_needs("torchao")
def test_torchao(folder: Path) -> None:
    from torchao.quantization import Int8WeightOnlyConfig
    from transformers import TorchAoConfig

    _near(*_written(folder, TorchAoConfig(Int8WeightOnlyConfig())))


@_needs("hqq")
def test_hqq(folder: Path) -> None:
    from hqq.core.quantize import BaseQuantizeConfig, HQQLinear

    tensors, expected = load_file(folder / "model.safetensors"), {}
    for module in _linear(list(tensors)):
        weight = tensors.pop(f"{module}.weight")
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=torch.bfloat16)
        linear.weight.data = weight
        coded = HQQLinear(
            linear, BaseQuantizeConfig(nbits=4, group_size=64), compute_dtype=torch.bfloat16, device="cpu"
        )
        tensors |= {f"{module}.{name}": tensor.contiguous() for name, tensor in coded.state_dict().items()}
        expected[module] = coded.dequantize().detach().float()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    _state(folder, {"quant_method": "hqq", "quant_config": {"nbits": 4, "group_size": 64}})
    model = _load(folder)
    for module, weight in expected.items():
        assert torch.equal(_weight(model, module), weight), module


def _grouped(weight: Tensor, group: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Codes of four bits [rows, columns] with scales and zeros [rows, groups], and the values that they stand for."""
    grouped = weight.view(len(weight), -1, group)
    low, high = grouped.amin(-1), grouped.amax(-1)
    scales = ((high - low) / 15).half()
    zeros = (-(low / scales.float())).round().clamp(1, 15)
    codes = (grouped / scales.float()[..., None] + zeros[..., None]).round().clamp(0, 15)
    values = ((codes - zeros[..., None]) * scales.float()[..., None]).view(weight.shape)
    return codes.view(weight.shape).int(), scales, zeros.int(), values


def _nibbles(codes: Tensor, order: tuple[int, ...] = tuple(range(8))) -> Tensor:
    """[rows, columns] as words [rows, columns / 8], each of eight codes in an order, the first in the lowest bits."""
    words = torch.zeros(len(codes), codes.shape[1] // 8, dtype=torch.int32)
    for place, column in enumerate(order):
        words |= (codes[:, column::8] << (4 * place)).int()
    return words


@_needs("gptqmodel")
@pytest.mark.parametrize("method", ["gptq", "awq"])
def test_gptq_and_awq(folder: Path, method: str) -> None:
    tensors, expected = load_file(folder / "model.safetensors"), {}
    for module in _linear(list(tensors)):
        codes, scales, zeros, expected[module] = _grouped(tensors.pop(f"{module}.weight").float(), 32)
        if method == "gptq":
            tensors[f"{module}.qweight"] = _nibbles(codes).t().contiguous()
            tensors[f"{module}.qzeros"] = _nibbles(zeros.t() - 1)
            tensors[f"{module}.g_idx"] = (torch.arange(codes.shape[1]) // 32).int()
        else:
            order = (0, 2, 4, 6, 1, 3, 5, 7)
            tensors[f"{module}.qweight"] = _nibbles(codes.t().contiguous(), order)
            tensors[f"{module}.qzeros"] = _nibbles(zeros.t().contiguous(), order)
        tensors[f"{module}.scales"] = scales.t().contiguous()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    own = {"desc_act": False, "sym": False, "checkpoint_format": "gptq"}
    stated = own if method == "gptq" else {"zero_point": True, "version": "gemm"}
    _state(folder, {"quant_method": method, "bits": 4, "group_size": 32, **stated})
    model = _load(folder)
    for module, weight in expected.items():
        torch.testing.assert_close(_weight(model, module), weight, rtol=0.01, atol=5e-4)


@_needs("compressed_tensors")
def test_compressed_tensors(folder: Path) -> None:
    tensors, expected = load_file(folder / "model.safetensors"), {}
    for module in _linear(list(tensors)):
        weight = tensors[f"{module}.weight"].float()
        scale = (weight.abs().amax(1, keepdim=True) / 127).bfloat16()
        codes = (weight / scale.float()).round().clamp(-128, 127)
        expected[module] = (codes * scale.float()).bfloat16().float()
        tensors[f"{module}.weight"], tensors[f"{module}.weight_scale"] = codes.to(torch.int8), scale
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    weights = {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel", "dynamic": False}
    _state(
        folder,
        {
            "quant_method": "compressed-tensors", "format": "int-quantized", "quantization_status": "compressed",
            "ignore": ["lm_head"], "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}},
        },
    )  # fmt: skip
    model = _load(folder)
    for module, weight in expected.items():
        torch.testing.assert_close(_weight(model, module), weight, rtol=0.01, atol=1e-4)
