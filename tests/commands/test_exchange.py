"""The commands that take a mutant elsewhere, as a user types them."""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from explorer.notebook import apply_patch, mutated
from explorer.reports.exchange import size_text
from tests.commands.typed import typed
from tests.tiny import tiny_tokenizer, tiny_transformer


def test_a_mutant_travels_as_folder_and_as_patch(folder: str, tmp_path: Path) -> None:
    options = ("--model", folder, "--device", "cpu")
    saved, file, applied = tmp_path / "saved", tmp_path / "a.patch.json", tmp_path / "applied"
    code, out, _ = typed("save", "1.down*-1", "--folder", str(saved), *options)
    assert code == 0
    assert "tiny with 1.down*-1: " in out
    code, out, _ = typed("patch", "1.down*-1", "--file", str(file), *options)
    assert (code, "1.down*-1: 1,536 values, old and new, in " in out) == (0, True)
    code, out, _ = typed("apply", str(file), "--folder", str(applied), *options, "--json")
    assert (code, json.loads(out)["genotype"]) == (0, "1.down*-1")
    tokens = torch.tensor([[5, 6, 7]])
    original = tiny_transformer("llama")
    with mutated(original, "1.down*-1"), torch.no_grad():
        expected = original(tokens).logits
    for model in (*map(AutoModelForCausalLM.from_pretrained, (saved, applied)), apply_patch(folder, file)):
        with torch.no_grad():
            torch.testing.assert_close(model(tokens).logits, expected, rtol=0, atol=1e-4)


def test_sentences(folder: str, tmp_path: Path) -> None:
    tiny_transformer("llama", seed=3).save_pretrained(tmp_path / "other")
    tiny_tokenizer().save_pretrained(tmp_path / "other")
    file, full = tmp_path / "a.patch.json", str(tmp_path)
    assert typed("patch", "1.down*-1", "--file", str(file), "--model", folder, "--device", "cpu")[0] == 0
    for arguments, words in (
        (("save", "1.down", "--folder", full), "^"),
        (("save", "1.down*0", "--folder", full), "is not empty"),
        (("save", "7.down*0", "--folder", f"{full}/x", "--model", folder), "2 layers"),
        (("patch", "1.down*0", "--file", str(file)), "exists already"),
        (("patch", "", "--file", f"{full}/x", "--model", folder), "no mutation to write"),
        (("apply", f"{full}/none", "--folder", f"{full}/x"), "cannot be read as a patch"),
        (("apply", str(file), "--folder", full), "is not empty"),
        (("apply", str(file), "--folder", f"{full}/x", "--model", f"{full}/other"), "made from tiny in float32"),
    ):
        code, out, err = typed(*arguments, "--json")
        assert (code, out) == (2, "")
        assert words in json.loads(err)["error"]
    assert not (tmp_path / "x").exists()


def test_sizes_for_people() -> None:
    sizes = (7, 999, 1000, 12_345, 541_615_261, 14_100_000_000)
    assert [size_text(size) for size in sizes] == ["7 B", "999 B", "1 kB", "12.3 kB", "542 MB", "14.1 GB"]
