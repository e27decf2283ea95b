"""Where models come from, and the sentence for each way in which they do not."""

from pathlib import Path

import pytest
import torch

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.files.settings import Settings
from explorer.model import loading
from explorer.model.loaded import LoadedModel
from explorer.model.loading import DEMO_NAME, choose_device, load_model
from explorer.model.weights import checksum
from tests.grid import WHOLE
from tests.tiny import tiny_tokenizer, tiny_transformer


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
    assert said == [f"Reading the weights of {DEMO_NAME} …"]
    assert again.anatomy == demo.anatomy


def test_a_folder(folder: Path) -> None:
    model = load_model(str(folder), device="cpu")
    assert (model.name, model.source) == ("tiny", str(folder))
    assert checksum(model.causal_lm) == checksum(tiny_transformer("llama"))
    assert model.encode(Prompt(text="w5 w6", chat=False), Decoding()) == [5, 6]


def test_progress_is_said(folder: Path) -> None:
    said: list[str] = []
    load_model(str(folder), device="cpu", say=said.append)
    assert said == ["Reading the weights of tiny …"]


def test_another_precision(folder: Path) -> None:
    assert load_model(str(folder), device="cpu", dtype="bfloat16").dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("./nowhere", "There is no folder nowhere"),
        ("/nowhere/at/all", "There is no folder /nowhere/at/all"),
        ("missing.gguf", "There is no file missing.gguf"),
        ("not a hub id", "could not be loaded"),
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
    with pytest.raises(ModelError, match="could not be loaded"):
        load_model(str(folder), device="cpu")


def test_a_broken_gguf_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF but not really")
    with pytest.raises(ModelError, match="could not be loaded"):
        load_model(str(tmp_path / "broken.gguf"), device="cpu", settings=Settings(cache_folder=tmp_path / "cache"))


def test_an_unwritable_cache_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the demo model in the whole grid; else of a model whose GGUF file is read in no time."""

    def no_space(*_arguments: object, **_keywords: object) -> None:
        raise OSError(28, "No space left on device")

    def read(*_arguments: object, **_keywords: object) -> tuple[object, object]:
        model = tiny_transformer("llama")
        model.config.quantization_config = {}
        return tiny_tokenizer(), model

    file = tmp_path / "small.gguf"
    file.touch()
    if not WHOLE:
        monkeypatch.setattr(loading, "_read", read)
    monkeypatch.setattr("transformers.PreTrainedModel.save_pretrained", no_space)
    with pytest.raises(ModelError, match=r"No space left.*EXPLORER_CACHE"):
        load_model("demo" if WHOLE else str(file), device="cpu", settings=Settings(cache_folder=tmp_path / "cache"))
    assert list(tmp_path.glob("cache/models/*")) == []


def test_devices_and_precisions_by_name(folder: Path) -> None:
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(ModelError, match="There is no device 'tpu' here"):
        choose_device("tpu")
    with pytest.raises(ModelError, match="There is no dtype 'int3'"):
        load_model(str(folder), device="cpu", dtype="int3")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_taken_by_itself(folder: Path) -> None:
    assert load_model(str(folder)).device.type == "cuda"
