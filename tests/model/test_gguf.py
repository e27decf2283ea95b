"""GGUF files of every type that transformers reads, whole and split, as the very numbers that they stand for."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType as Kind

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.files.memory import needed
from explorer.files.settings import Settings
from explorer.generation.alone import decode_alone
from explorer.model import gguf, memory
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from explorer.model.widened import Widened, stored_in
from tests.gguf_files import write

_PLAIN = {Kind.F32: torch.float32, Kind.F16: torch.float16, Kind.BF16: torch.bfloat16}
_QUANTISED = (
    Kind.Q4_0, Kind.Q4_1, Kind.Q5_0, Kind.Q5_1, Kind.Q8_0,
    Kind.Q2_K, Kind.Q3_K, Kind.Q4_K, Kind.Q5_K, Kind.Q6_K, Kind.IQ4_NL, Kind.IQ4_XS,
)  # fmt: skip
_NAMES = {
    "blk.0.attn_v.weight": "model.layers.0.self_attn.v_proj.weight",
    "blk.1.ffn_down.weight": "model.layers.1.mlp.down_proj.weight",
    "token_embd.weight": "model.embed_tokens.weight",
    "output.weight": "lm_head.weight",
    "blk.1.ffn_norm.weight": "model.layers.1.post_attention_layernorm.weight",
}
"""What lies in a file as it lies in the model; q and k are permuted."""


def _load(file: Path, tmp_path: Path) -> LoadedModel:
    return load_model(str(file), device="cpu", settings=Settings(cache_folder=tmp_path / "cache"))


@pytest.mark.parametrize("kind", [*_PLAIN, *_QUANTISED], ids=lambda kind: kind.name)
def test_a_file_of_every_type(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = write(tmp_path / "tiny.gguf", kind)
    monkeypatch.setattr(memory, "free_memory", lambda _: 10**12)
    model = _load(tmp_path / "tiny.gguf", tmp_path)
    kept = _PLAIN.get(kind, torch.bfloat16)
    assert not any(isinstance(each, Widened) for each in model.causal_lm.parameters()), "on a CPU, where it fits"
    monkeypatch.setattr(memory, "_choices", lambda *_, **__: [memory._Choice(None, "as stored", 1)])
    stored = _load(tmp_path / "tiny.gguf", tmp_path)
    assert model.dtype_name == stored.dtype_name == str(kept).removeprefix("torch.")
    assert model.fingerprint == stored.fingerprint
    for name, own in _NAMES.items():
        expected = torch.from_numpy(np.array(held[name]))
        for loaded in (model, stored):
            weight = stored_in(loaded.causal_lm.get_parameter(own))
            precise = expected.to(kept) if expected.ndim > 1 else expected
            assert torch.equal(weight.float(), precise.float()), (name, loaded.dtype_name)
    said = decode_alone(model, Prompt(text="AB", chat=False), Decoding(max_new_tokens=4), Genotype()).tokens
    assert said == decode_alone(stored, Prompt(text="AB", chat=False), Decoding(max_new_tokens=4), Genotype()).tokens


def test_little_memory_gives_the_same_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "tiny.gguf", Kind.Q8_0)
    plenty = _load(tmp_path / "tiny.gguf", tmp_path)
    monkeypatch.setattr(gguf, "free_memory", lambda _: needed(4 * plenty.anatomy.parameter_count) - 1)
    shutil.rmtree(tmp_path / "cache")
    little = _load(tmp_path / "tiny.gguf", tmp_path)
    assert torch.equal(
        little.causal_lm.get_parameter("lm_head.weight"), plenty.causal_lm.get_parameter("lm_head.weight")
    )
    monkeypatch.setattr(gguf, "free_memory", lambda _: 10_000_000)
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(ModelError, match=r"tiny.gguf has .* weights: to convert them takes 0.3 GB of memory"):
        _load(tmp_path / "tiny.gguf", tmp_path)


def test_a_split_file_is_read_from_any_of_its_parts(tmp_path: Path) -> None:
    write(tmp_path / "one.gguf", Kind.Q8_0)
    write(tmp_path / "many.gguf", Kind.Q8_0, parts=3)
    whole = _load(tmp_path / "one.gguf", tmp_path)
    split = _load(tmp_path / "many-00002-of-00003.gguf", tmp_path)
    assert split.fingerprint == whole.fingerprint
    assert split.tokenizer.get_vocab() == whole.tokenizer.get_vocab()
    assert not list((tmp_path / "cache" / "models").glob("joined*"))
    (tmp_path / "many-00003-of-00003.gguf").unlink()
    with pytest.raises(ModelError, match=r"is one of 3 parts, and many-00003-of-00003.gguf is missing"):
        _load(tmp_path / "many-00001-of-00003.gguf", tmp_path)


def test_a_second_load_converts_nothing(tmp_path: Path) -> None:
    write(tmp_path / "tiny.gguf", Kind.F16)
    _load(tmp_path / "tiny.gguf", tmp_path)
    said: list[str] = []
    load_model(
        str(tmp_path / "tiny.gguf"), device="cpu", settings=Settings(cache_folder=tmp_path / "cache"), say=said.append
    )
    assert [sentence for sentence in said if "Converting" in sentence] == []


@pytest.mark.parametrize("content", [b"GGUF but not really", b"", b"something else"])
def test_a_broken_file_gets_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(content)
    with pytest.raises(ModelError, match="could not be loaded"):
        _load(tmp_path / "broken.gguf", tmp_path)


def test_half_a_file_is_never_converted(tmp_path: Path) -> None:
    write(tmp_path / "half.gguf", Kind.F16)
    whole = (tmp_path / "half.gguf").read_bytes()
    (tmp_path / "half.gguf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"'half.gguf'"):
        _load(tmp_path / "half.gguf", tmp_path)
    assert list(tmp_path.glob("cache/models/*")) == []


def test_a_file_that_lacks_a_tensor_is_refused_by_its_name(tmp_path: Path) -> None:
    write(tmp_path / "whole.gguf", Kind.F16, parts=2)
    (tmp_path / "whole-00001-of-00002.gguf").rename(tmp_path / "half.gguf")
    with pytest.raises(ModelError, match=r"'half.gguf' lacks \d+ tensors \("):
        _load(tmp_path / "half.gguf", tmp_path)
    assert list(tmp_path.glob("cache/models/*")) == []


def test_an_unwritable_cache_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_arguments: object, **_keywords: object) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path / "small.gguf", Kind.F16)
    monkeypatch.setattr("transformers.PreTrainedModel.save_pretrained", no_space)
    with pytest.raises(ModelError, match=r"No space left.*EXPLORER_CACHE"):
        _load(tmp_path / "small.gguf", tmp_path)
    assert list(tmp_path.glob("cache/models/*")) == []
