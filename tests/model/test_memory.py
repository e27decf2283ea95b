"""How weights are kept, decided from the sizes in the files' headers and from what is free."""

from pathlib import Path

import pytest
import torch

from explorer.domain.errors import ModelError
from explorer.domain.placement import Placement
from explorer.files import memory as of_the_machine
from explorer.files.memory import needed
from explorer.model import memory
from explorer.model.memory import plan
from explorer.model.stored import Stored

CPU, GPU = torch.device("cpu"), torch.device("cuda:0")
GB = 10**9


def _model(dtype: torch.dtype, billions: float) -> list[Stored]:
    return [Stored("weight", Path(), dtype, (int(billions * GB),)), Stored("mask", Path(), torch.uint8, (10,))]


def _free(monkeypatch: pytest.MonkeyPatch, cpu: float, gpu: float = 0) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda device: int((cpu if device.type == "cpu" else gpu) * GB))


@pytest.mark.parametrize(
    ("free", "stored", "asked", "kept", "words"),
    [
        (
            40,
            torch.bfloat16,
            None,
            torch.float32,
            r"Reading m: 28.0 GB of weights in float32; 40.0 GB of memory are free",
        ),
        (20, torch.bfloat16, None, None, r"14.0 GB of weights in bfloat16, since float32 would take 28.0 GB; 20.0 GB"),
        (40, torch.float16, "bfloat16", torch.bfloat16, r"14.0 GB of weights in bfloat16; 40.0 GB"),
        (40, torch.float32, None, None, r"28.0 GB of weights in float32; 40.0 GB"),
        (20, torch.float32, "bfloat16", torch.bfloat16, r"14.0 GB of weights in bfloat16; 20.0 GB"),
    ],
)
def test_on_a_cpu(
    free: float, stored: torch.dtype, asked: str | None, kept: torch.dtype | None, words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    _free(monkeypatch, free)
    found = plan("m", _model(stored, 7), Placement(dtype=asked), CPU)
    assert (found.dtype, found.fits) == (kept, True)
    assert words in found.sentence


@pytest.mark.parametrize(
    ("stored", "asked", "words"),
    [
        (
            torch.float32,
            None,
            r"m takes 31.1 GB of memory in float32, and 8.0 GB are free .*--dtype bfloat16 \(14.0 GB\)",
        ),
        (
            torch.bfloat16,
            None,
            r"m takes 15.7 GB of memory in bfloat16, and 8.0 GB are free here: close .* take a smaller",
        ),
        (torch.bfloat16, "float32", r"m takes 31.1 GB of memory in float32"),
    ],
)
def test_too_little_is_a_sentence(
    stored: torch.dtype, asked: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _free(monkeypatch, 8)
    missing: list[int] = []
    with pytest.raises(ModelError, match=words):
        plan("m", _model(stored, 7), Placement(dtype=asked), CPU, missing.append)
    assert len(missing) == 1


def test_what_is_freed_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    _free(monkeypatch, 8)
    found = plan(
        "m", _model(torch.bfloat16, 7), Placement(), CPU, lambda missing: _free(monkeypatch, 8 + missing / GB + 1)
    )
    assert found.dtype is None


def test_a_gpu_that_is_too_small_leaves_layers_on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    _free(monkeypatch, 64, 24)
    whole = plan("m", _model(torch.bfloat16, 7), Placement(device="cuda"), GPU)
    assert (whole.dtype, whole.fits) == (None, True)
    _free(monkeypatch, 64, 8)
    part = plan("m", _model(torch.bfloat16, 7), Placement(device="cuda"), GPU)
    assert (part.dtype, part.fits) == (None, False)
    assert "14.0 GB of weights in bfloat16, and cuda:0 has 8.0 GB free: layers that do not fit stay" in part.sentence
    _free(monkeypatch, 12, 8)
    with pytest.raises(ModelError, match=r"8.0 GB are free here"):
        plan("m", _model(torch.bfloat16, 7), Placement(device="cuda"), GPU)


def test_a_container_may_have_less_than_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("memory.max", "5000000000"), ("memory.current", "3000000000")):
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
    (tmp_path / "memory.stat").write_text("anon 2000000000\ninactive_file 900000000\n", encoding="utf-8")
    monkeypatch.setattr(of_the_machine, "_GROUPS", ((tmp_path, "memory.max", "memory.current"),))
    assert memory.free_memory(CPU) == 2_900_000_000
    (tmp_path / "memory.max").write_text("max\n", encoding="utf-8")
    assert memory.free_memory(CPU) > 0
    assert needed(0) == 256 * 2**20
