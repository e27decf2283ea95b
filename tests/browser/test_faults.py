"""What a visitor sees of a fault that nobody foresaw."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, expect
from transformers import AutoModelForCausalLM, LlamaConfig

from explorer.domain.verdict import Verdict
from explorer.model.loading import load_model
from explorer.workspace.trials import setting_of
from tests.browser.page import Visitor, serving
from tests.tiny import SIZES, saved_model, tiny_tokenizer


def _failing_model(folder: Path) -> str:
    """The folder, with a model that loads and fails in its first pass: three heads cannot share two of keys."""
    torch.manual_seed(0)
    config = LlamaConfig(**{**SIZES, "hidden_size": 24, "num_attention_heads": 3, "head_dim": 8})
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return str(folder)


def _passes_its_trial(folder: str, cache: Path) -> None:
    """Let a model's trial be found as one that went well: so it fails where nobody foresees it."""
    model = load_model(folder, device="cpu")
    kept = cache / "trials" / f"{model.fingerprint}.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"setting": setting_of(model), "verdict": asdict(Verdict())}))


def test_a_model_that_cannot_continue_a_text_is_refused_and_the_other_stays(browser: Browser, tmp_path: Path) -> None:
    failing = _failing_model(tmp_path / "failing")
    with serving("--model", saved_model(tmp_path / "sound")) as url:
        visitor = Visitor.coming(browser, url)
        visitor.follow({"prompt": "w5 w6 w7", "chat": 0, "genotype": "0.down[3,5]=max", "max_new_tokens": 4})
        said = visitor.text("mutated")
        visitor.page.get_by_role("button", name="Use another model").click()
        visitor.fill("Model: demo", failing)
        expect(visitor.page.locator(".masthead .fault")).to_contain_text("does not continue a text of tokens alone")
        expect(visitor.page.locator(".masthead .badge").first).to_have_text("sound")
        assert visitor.text("mutated") == said != ""
        visitor.page.close()


def test_a_model_that_fails_in_its_first_pass_is_told_and_shows_no_text_of_another(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = _failing_model(tmp_path / "failing")
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path / "cache"))
    _passes_its_trial(failing, tmp_path / "cache")
    with serving("--model", saved_model(tmp_path / "sound")) as url:
        visitor = Visitor.coming(browser, url)
        visitor.follow({"prompt": "w5 w6 w7", "chat": 0, "genotype": "0.down[3,5]=max", "max_new_tokens": 4})
        assert visitor.text("mutated")
        visitor.page.get_by_role("button", name="Use another model").click()
        visitor.fill("Model: demo", failing)
        told = visitor.page.locator(".fault-notice")
        expect(told).to_have_text(re.compile(r"An unexpected fault, number [0-9a-f]{4} at .* please report it\."))
        expect(visitor.page.locator(".masthead .badge").first).to_have_text("failing")
        assert visitor.text("original") == visitor.text("mutated") == ""
        told.get_by_role("button", name="Close").click()
        expect(told).to_be_hidden()
        visitor.page.close()
