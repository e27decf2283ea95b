"""Models of the hub: downloaded with their progress told, opened from the cache without a request, or refused."""

import threading
import time
from pathlib import Path

import pytest

from explorer.domain.errors import CancelledError, ModelError
from explorer.model import hub as hubs
from explorer.model.loading import load_model
from tests.hub import Hub


def test_it_is_downloaded_once_and_then_opened_without_a_request(served: Hub) -> None:
    said: list[str] = []
    model = load_model("org/small", device="cpu", say=said.append)
    assert (model.name, model.source) == ("small", "org/small")
    assert any(sentence.startswith("Downloading org/small: ") and "MB/s" in sentence for sentence in said)
    served.requests.clear()
    again = load_model("org/small", device="cpu")
    assert served.requests == []
    assert again.fingerprint == model.fingerprint


def test_the_address_of_its_page_is_a_name_too(served: Hub) -> None:
    for address in ("https://huggingface.co/org/small", "https://huggingface.co/org/small/tree/old/"):
        assert load_model(address, device="cpu").anatomy.layer_count == 2
    assert hubs.cached("org/small", "old") is not None


def test_a_revision_is_another_model(served: Hub) -> None:
    old, new = (load_model(name, device="cpu") for name in ("org/small@old", "org/small"))
    assert old.name == "small@old"
    assert old.causal_lm.config.rope_parameters["rope_theta"] == 5000.0
    assert new.causal_lm.config.rope_parameters["rope_theta"] == 100000
    with pytest.raises(ModelError, match="org/small has no revision 'never': name a branch"):
        load_model("org/small@never", device="cpu")


def test_what_is_not_there_or_not_given_gets_a_sentence(served: Hub, tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"There is no model 'org/other' on the hub, or it is private: .*hf auth login"
    ):
        load_model("org/other", device="cpu")
    served.gated.add("org/small")
    with pytest.raises(ModelError, match=r"org/small is given only to those .* accept it on .*hf auth login"):
        load_model("org/small", device="cpu")
    (tmp_path / "pickled").mkdir()
    for name in ("config.json", "pytorch_model.bin"):
        (tmp_path / "pickled" / name).write_text("{}", encoding="utf-8")
    served.add("org/pickled", tmp_path / "pickled")
    with pytest.raises(ModelError, match=r"org/pickled has no weights in safetensors. .* save_pretrained"):
        load_model("org/pickled", device="cpu")
    (tmp_path / "pickled" / "small.gguf").touch()
    with pytest.raises(ModelError, match=r"org/pickled holds GGUF files: download one"):
        load_model("org/pickled", device="cpu")


def test_a_download_is_cancelled_and_goes_on_later(served: Hub) -> None:
    served.bytes_per_second = 2e5
    stop = threading.Event()
    told: list[str] = []

    def say(sentence: str) -> None:
        told.append(sentence)
        if sentence.startswith("Downloading"):
            stop.set()

    began = time.monotonic()
    with pytest.raises(CancelledError, match="download of org/small was cancelled"):
        load_model("org/small", device="cpu", say=say, stop=stop)
    assert time.monotonic() - began < 20
    served.bytes_per_second = None
    assert load_model("org/small", device="cpu").name == "small"


def test_a_hub_that_does_not_answer_is_told_at_once(served: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    load_model("org/small", device="cpu")
    for address in ("http://127.0.0.1:9", "http://nowhere.invalid"):
        monkeypatch.setenv("HF_ENDPOINT", address)
        began = time.monotonic()
        with pytest.raises(ModelError, match="org/new is not in the local cache, and the model hub cannot be reached"):
            load_model("org/new", device="cpu")
        assert time.monotonic() - began < 3, "what the issue asks for; the limit of our own question is two seconds"
        assert load_model("org/small", device="cpu").name == "small"


def test_half_a_download_is_not_taken_for_a_model(served: Hub, tmp_path: Path) -> None:
    load_model("org/small", device="cpu")
    snapshot = hubs.cached("org/small")
    assert snapshot is not None
    (snapshot / "model.safetensors").unlink()
    assert hubs.cached("org/small") is None
    assert load_model("org/small", device="cpu").name == "small"


def test_a_disk_that_is_too_small_is_told_before(served: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(ModelError, match=r"org/small takes .* GB are free where models are kept"):
        load_model("org/small", device="cpu")
    assert not [request for request in served.requests if "resolve" in request]


@pytest.mark.parametrize("name", ["a b", "a/b/c", "../x/y z", "org/name@", "https://huggingface.co/org"])
def test_what_is_no_name_is_no_request(name: str, served: Hub) -> None:
    with pytest.raises(ModelError):
        load_model(name, device="cpu")
    assert served.requests == []


def test_progress_is_a_sentence() -> None:
    assert hubs.progress("a/b", 50_000_000, 200_000_000, 10) == "Downloading a/b: 50 of 200 MB, 5.0 MB/s, 30 s left …"
    assert "5 min left" in hubs.progress("a/b", 50_000_000, 200_000_000, 100)
    assert "just begun" in hubs.progress("a/b", 0, 200_000_000, 1)
