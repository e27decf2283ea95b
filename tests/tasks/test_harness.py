"""lm-evaluation-harness on local tasks, offline: its scores are those of the model edited in place."""

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from explorer.cli import app
from explorer.domain.errors import HarnessError
from explorer.domain.genotype import Genotype
from explorer.model.loaded import LoadedModel
from explorer.model.weights import checksum
from explorer.tasks import harness
from explorer.tasks.harness import Order, Scored, evaluate
from tests.oracle import edited_in_place
from tests.tiny import saved_model, tiny_model

_RUNNER = CliRunner()
_CAPITALS = [
    {"question": "The capital of France is", "choices": ["Paris", "London", "Rome"], "answer": 0},
    {"question": "The capital of England is", "choices": ["Paris", "London", "Rome"], "answer": 1},
    {"question": "The capital of Italy is", "choices": ["Paris", "London", "Rome"], "answer": 2},
]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing is asked of a hub."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    yield


def _words(count: int) -> list[dict[str, Any]]:
    """Documents for the tiny models, whose words are w0 to w96."""
    dice = random.Random(3)

    def text(length: int) -> str:
        return " ".join(f"w{dice.randrange(3, 97)}" for _ in range(length))

    return [
        {"question": text(4), "choices": [text(length) for length in (2, 2, 1)], "answer": dice.randrange(3)}
        for _ in range(count)
    ]


def _task(folder: Path, name: str, documents: list[dict[str, Any]], **changes: Any) -> Path:
    """A task of multiple choice as YAML (JSON is YAML), with its data beside it."""
    data = folder / f"{name}.json"
    data.write_text(json.dumps(documents))
    config = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data)}, "cache_dir": str(folder / "cache")},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": "{{choices}}",
        "doc_to_target": "{{answer}}",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    }
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(config | changes))
    return path


def _likelihoods(model: LoadedModel, document: dict[str, Any]) -> list[float]:
    """Of each choice, in nats, by the model as its weights are now."""
    found = []
    for choice in document["choices"]:
        context = list(model.tokenizer(document["question"])["input_ids"])
        tokens = list(model.tokenizer(f"{document['question']} {choice}")["input_ids"])
        with torch.inference_mode():
            logits = model.causal_lm(torch.tensor([tokens])).logits[0].log_softmax(-1)
        said = range(len(context), len(tokens))
        found.append(float(sum(logits[place - 1, tokens[place]] for place in said)))
    return found


def _is_right(model: LoadedModel, genotype: Genotype, documents: list[dict[str, Any]]) -> list[bool]:
    with edited_in_place(model, genotype):
        return [int(np.argmax(_likelihoods(model, each))) == each["answer"] for each in documents]


def _only(scored: tuple[Scored, ...]) -> Scored:
    (found,) = scored
    return found


@pytest.mark.parametrize("family", ["llama", "gpt2", "mixtral"])
def test_scores_equal_those_of_the_edited_model(family: str, tmp_path: Path) -> None:
    model, documents = tiny_model(family), _words(24)
    weights = checksum(model.causal_lm)
    genotype = model.anatomy.read("1.attn*-3;norm*-1")
    before, after = (_is_right(model, each, documents) for each in (Genotype(), genotype))
    assert before != after
    score = _only(evaluate(model, genotype, Order(tasks=(str(_task(tmp_path, "words", documents)),), batch_size=5)))
    assert (score.task, score.metric, score.documents) == ("words", "acc", 24)
    assert [score.original, score.mutant] == pytest.approx([np.mean(before), np.mean(after)])
    assert score.difference == pytest.approx(np.mean(after) - np.mean(before))
    paired = np.std(np.array(after, float) - np.array(before, float), ddof=1) / math.sqrt(24)
    assert score.difference_stderr == pytest.approx(paired)
    assert score.original_stderr == pytest.approx(np.std(before, ddof=1) / math.sqrt(24))
    assert checksum(model.causal_lm) == weights


def test_likelihoods_equal_those_of_the_edited_model(tmp_path: Path) -> None:
    model, documents = tiny_model("llama"), _words(8)
    genotype = model.anatomy.read("0.down*-1")
    task = _task(
        tmp_path,
        "surprise",
        documents,
        output_type="loglikelihood",
        doc_to_target=" {{choices[2]}}",
        metric_list=[{"metric": "perplexity", "aggregation": "perplexity", "higher_is_better": False}],
    )
    score = _only(evaluate(model, genotype, Order(tasks=(str(task),), batch_size=3)))
    expected = []
    for each in (Genotype(), genotype):
        with edited_in_place(model, each):
            expected.append(math.exp(-np.mean([_likelihoods(model, document)[2] for document in documents])))
    assert [score.original, score.mutant] == pytest.approx(expected, rel=1e-4)


def test_the_demo_model_forgets_the_capitals(demo: LoadedModel, tmp_path: Path) -> None:
    _task(tmp_path, "capitals", _CAPITALS)
    genotype = demo.anatomy.read("11.down[507,1229]=0")
    score = _only(evaluate(demo, genotype, Order(tasks=("capit*",), include_path=tmp_path)))
    after = _is_right(demo, genotype, _CAPITALS)
    assert [score.original, score.mutant] == pytest.approx([1.0, np.mean(after)])
    assert sum(after) < 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A saved tiny model."""
    path = tmp_path_factory.mktemp("models") / "tiny"
    saved_model(path)
    return str(path)


def _run(*arguments: str) -> tuple[int, str, str]:
    result = _RUNNER.invoke(app, ["lm-eval", *arguments])
    return result.exit_code, result.stdout, result.stderr


def test_on_the_command_line(folder: str, tmp_path: Path) -> None:
    task = str(_task(tmp_path, "words", _words(6)))
    options = ("--model", folder, "--device", "cpu", "--limit", "4", "--num-fewshot", "0")
    code, out, _ = _run("1.attn*-3", "--tasks", task, *options, "--json")
    (score,) = json.loads(out)["scores"]
    assert (code, score["task"], score["documents"]) == (0, "words", 4)
    code, out, _ = _run("1.attn*-3", "--tasks", task, *options)
    assert (code, out.splitlines()[0]) == (0, "tiny with 1.attn*-3")
    assert out.splitlines()[2].split()[:4] == ["words", "acc", "4", f"{score['original']:.4f}"]


def test_sentences(folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = _task(tmp_path, "gone", _words(2))
    (tmp_path / "gone.json").unlink()
    broken = _task(tmp_path, "broken", _words(2), doc_to_target="{{answer")
    odd = tmp_path / "odd.yaml"
    odd.write_text("just: [words")
    options = ("--model", folder, "--device", "cpu", "--json")
    for arguments, words in (
        (("1.down", "--tasks", "x"), "^"),
        (("1.down*0", "--tasks", " , "), "Name a task with --tasks"),
        (("1.down*0", "--tasks", "missing.yaml"), "There is no file missing.yaml"),
        (("1.down*0", "--tasks", "x", "--include-path", str(data)), "There is no folder"),
        (("1.down*0", "--tasks", str(data)), "could not run"),
        (("1.down*0", "--tasks", str(broken)), "could not run"),
        (("1.down*0", "--tasks", str(odd)), "could not run"),
    ):
        code, out, err = _run(*arguments, *options)
        assert (code, out) == (2, "")
        assert words in json.loads(err.splitlines()[-1])["error"]
    monkeypatch.setattr(harness, "find_spec", lambda _name: None)
    code, _, err = _run("1.down*0", "--tasks", str(data), *options)
    assert (code, "pip install 'mutation-explorer[lm-eval]'" in json.loads(err)["error"]) == (2, True)


def test_an_unknown_task_gets_near_names() -> None:
    with pytest.raises(HarnessError, match="has no task 'arc_easi': did you mean arc_easy"):
        evaluate(tiny_model("llama"), Genotype(), Order(tasks=("arc_easi",)))
