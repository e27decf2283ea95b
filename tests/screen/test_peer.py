"""A stored screen in text mode against the study's procedure: edit a block in place, generate, restore, the next."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.experiments import Experiment
from explorer.model.loaded import LoadedModel
from explorer.screen.job import Job
from explorer.screen.plan import Plan
from explorer.screen.run import Screen
from explorer.store.database import opened

SEA = Experiment(
    name="sea",
    title="Sea",
    prompt=Prompt(text="Describe the sea in a few sentences."),
    decoding=Decoding(max_new_tokens=150),
)
STEP = 64
PARAMETERS = {
    "20.v": "model.layers.20.self_attn.v_proj.weight",
    "20.o": "model.layers.20.self_attn.o_proj.weight",
    "24.q": "model.layers.24.self_attn.q_proj.weight",
    "24.down": "model.layers.24.mlp.down_proj.weight",
}
PLAN = Plan(
    matrices=",".join(PARAMETERS),
    step=STEP,
    operations=("max", "min", "zero"),
    sites=tuple(f"{name}[0:{STEP},0:{2 * STEP}]" for name in PARAMETERS),
)
"""Of each matrix two blocks side by side."""

_MUTANTS = """
    SELECT x.name, t.down, t.across, t.operation::VARCHAR AS operation, t.near_tie, t.phenotype IS NULL AS is_silent,
        coalesce(p.tokens, s.baseline_tokens) AS tokens, coalesce(p.text, s.baseline_text) AS text
    FROM mutants t JOIN screens s USING (screen) JOIN matrices x USING (screen, matrix)
    LEFT JOIN phenotypes p USING (screen, phenotype) ORDER BY ALL
"""


class Stored(NamedTuple):
    """One mutant as the database has it."""

    matrix: str
    down: int
    across: int
    operation: str
    near_tie: bool
    is_silent: bool
    tokens: list[int]
    text: str


def _screened(model: LoadedModel, path: Path) -> list[Stored]:
    """All mutants of the plan, controls included, read again from a database that was closed."""
    with opened(path) as connection:
        list(Screen(Job(model=model, experiment=SEA, plan=PLAN, mode="text")).run(connection))
    with opened(path, read_only=True) as connection:
        return [Stored(*row) for row in connection.execute(_MUTANTS).fetchall()]


@contextmanager
def _edited(weight: torch.Tensor, mutant: Stored) -> Iterator[None]:
    """One block of a matrix overwritten with one number, and restored."""
    value = {"max": float(weight.max()), "min": float(weight.min()), "zero": 0.0}[mutant.operation]
    top, left = mutant.down * STEP, mutant.across * STEP
    block = weight[top : top + STEP, left : left + STEP]
    before = block.clone()
    block.fill_(value)
    try:
        yield
    finally:
        block.copy_(before)


def _generated(transformer: Any, prompt: list[int]) -> list[int]:
    """What transformers itself makes of a prompt, one sequence at a time."""
    batch = torch.tensor([prompt])
    asked = {"attention_mask": torch.ones_like(batch), "do_sample": False}
    said = transformer.generate(batch, max_new_tokens=SEA.decoding.max_new_tokens, **asked)
    answer: list[int] = said[0, len(prompt) :].tolist()
    return answer


def test_mutant_by_mutant_the_texts_of_the_study_s_procedure(
    demo: LoadedModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = _screened(demo, tmp_path / "x.duckdb")
    controls = [mutant for mutant in stored if mutant.operation == "control"]
    mutants = [mutant for mutant in stored if mutant.operation != "control"]
    assert all(mutant.is_silent for mutant in controls)
    assert len(mutants) == 24
    weights = {name: demo.causal_lm.get_parameter(path).data for name, path in PARAMETERS.items()}
    before = {name: weight.clone() for name, weight in weights.items()}
    prompt = demo.encode(SEA.prompt, SEA.decoding)
    equal: list[Stored] = []
    for mutant in mutants:
        with _edited(weights[mutant.matrix], mutant):
            tokens = _generated(demo.causal_lm, prompt)
        text = demo.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        if (mutant.tokens, mutant.text) == (tokens, text):
            equal.append(mutant)
        else:
            assert mutant.near_tie, (mutant, text)
    assert all(torch.equal(weights[name], before[name]) for name in weights)
    other = [mutant for mutant in equal if mutant.text != controls[0].text]
    lengths = [len(mutant.tokens) for mutant in equal]
    with capsys.disabled():
        ties = sum(mutant.near_tie for mutant in mutants)
        sys.stdout.write(
            f"\n24 mutants: {len(equal)} equal, {len(other)} of them with another text than the original, "
            f"{ties} with a near tie, {sum(lengths)} tokens, {lengths.count(150)} texts of 150\n"
        )
    assert len(equal) >= 20
    assert 5 <= len(other) < len(equal)
    assert 150 in lengths
