"""Weights in bfloat16, arithmetic in float32: the page, screens and questions against weights edited in place.

The plain procedure runs on the same weights widened as a whole, in a model that knows nothing of half precision. In the
gate 30 mutants over all kinds of matrix, in `make oracle` 300.
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.evaluation import Question, QuestionSet
from explorer.domain.genotype import NAMED_OPERATIONS, Genotype, Mutation
from explorer.domain.notation import format_genotype
from explorer.files.memory import needed
from explorer.generation.alone import decode_alone
from explorer.generation.baseline import Baselines
from explorer.generation.decoding import NEAR_TIE, near_tie
from explorer.generation.pair import generate_pair
from explorer.generation.trial import try_model
from explorer.model import memory
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble, load_model
from explorer.model.widened import Widened
from explorer.mutation.apply import make_mutant
from explorer.mutation.export import save_model
from explorer.mutation.patch import make_patch, mutated_copy, patched_copy
from explorer.mutation.patch_file import format_patch, parse_patch
from explorer.screen.engine import Engine
from explorer.screen.plan import Plan, matching, planned
from explorer.tasks.battery import Battery
from explorer.tasks.prompts import put
from tests.grid import WHOLE
from tests.oracle import agree, decode_token_by_token, edited_in_place
from tests.people import build

COUNT = 300 if WHOLE else 30
PROMPT = Prompt(text="The life cycle of Drosophila:", chat=False)
DECODING = Decoding(max_new_tokens=8)


@pytest.fixture(scope="module")
def folder(demo: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo model as a checkpoint in bfloat16."""
    folder = tmp_path_factory.mktemp("half")
    model = AutoModelForCausalLM.from_pretrained(demo.causal_lm.config._name_or_path, dtype=torch.bfloat16)
    model.save_pretrained(folder)
    demo.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def half(folder: Path) -> LoadedModel:
    model = load_model(str(folder), device="cpu", dtype="bfloat16")
    assert try_model(model).is_fast
    return model


@pytest.fixture(scope="module")
def plain(folder: Path, demo: LoadedModel) -> LoadedModel:
    """All of its weights widened, as transformers does it."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    return assemble(model, demo.tokenizer, source="plain", name="plain")


def _mutations(model: LoadedModel) -> list[Mutation]:
    """Over all kinds, layers and operations, in turn."""
    dice = random.Random(0)
    matrices = matching(model.anatomy, "*.*, *.attn_norm, *.mlp_norm")
    found: list[Mutation] = []
    for number in range(COUNT):
        matrix = matrices[number * 7 % len(matrices)]
        operation = list(NAMED_OPERATIONS)[number % len(NAMED_OPERATIONS)]
        step = min(64, matrix.rows, matrix.columns)
        items = planned(Plan(matrices=matrix.name, step=step, operations=(operation,)), matrix)
        found.append(dice.choice([item for item in items if item.operation != "control"]).mutation)
    return found


def test_weights_stay_as_they_are_stored_and_logits_are_those_of_float32(half: LoadedModel, plain: LoadedModel) -> None:
    assert all(isinstance(parameter, Widened) for parameter in half.causal_lm.parameters())
    assert (half.dtype, half.dtype_name, half.precision) == (torch.float32, "bfloat16", "bfloat16/float32")
    assert near_tie(half.dtype) == NEAR_TIE
    ids = torch.tensor([half.encode(PROMPT, DECODING)])
    with torch.inference_mode():
        apart = (half.causal_lm(ids).logits - plain.causal_lm(ids).logits).abs().max()
    assert float(apart) < 1e-4


def test_page_and_screen_are_the_weights_edited_in_place(
    half: LoadedModel, plain: LoadedModel, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = half.encode(PROMPT, DECODING)
    alone = decode_alone(half, PROMPT, DECODING, Genotype())
    original, gaps = decode_token_by_token(plain, tokens, DECODING, cached=True)
    assert agree(list(alone.tokens), original, gaps, NEAR_TIE)
    outside = half.anatomy.read("embed[1000:30000,:]*0.3;norm[5:9]*3;3*1.01").mutations  # the page's alone
    mutations = _mutations(half)
    by_screen: list[list[int] | None] = [*_screened(half, mutations, DECODING), *(None for _ in outside)]
    mutations += outside
    by_page = list(_paired(half, mutations))
    ties = silent = 0
    for mutation, screened, paired in zip(mutations, by_screen, by_page, strict=True):
        with edited_in_place(plain, Genotype((mutation,)), torch.bfloat16):
            expected, gaps = decode_token_by_token(plain, tokens, DECODING, cached=True)
        what = format_genotype(Genotype((mutation,)))
        assert screened is None or agree(screened, expected, gaps, NEAR_TIE), f"screen: {what}"
        assert agree(paired, expected, gaps, NEAR_TIE), f"page: {what}"
        ties += any(gap < NEAR_TIE for gap in gaps)
        silent += expected == original
    with capsys.disabled():
        sys.stdout.write(f"\n{len(mutations)} mutants in bfloat16: {silent} silent, {ties} with a near tie\n")
    assert ties <= len(mutations) // 20
    assert 0 < silent < len(mutations)


def _screened(model: LoadedModel, mutations: list[Mutation], decoding: Decoding) -> list[list[int]]:
    baseline = decode_alone(model, PROMPT, decoding, Genotype())
    engine = Engine(model, baseline, decoding, Genotype(), "text")
    by_layer: dict[object, list[int]] = {}
    for place, mutation in enumerate(mutations):
        by_layer.setdefault(mutation.site.layer, []).append(place)
    found: dict[int, list[int]] = {}
    for places in by_layer.values():
        for place, record in zip(places, engine.screen([mutations[place] for place in places]), strict=True):
            found[place] = list(baseline.tokens if record.tokens is None else record.tokens)
    return [found[place] for place in range(len(mutations))]


def _paired(model: LoadedModel, mutations: list[Mutation]) -> Iterator[list[int]]:
    baselines = Baselines(2)
    for mutation in mutations:
        *_, last = generate_pair(model, PROMPT, DECODING, Genotype((mutation,)), baselines)
        yield list(last.mutated_tokens)


def test_questions_are_scored_as_by_plain_passes(half: LoadedModel, plain: LoadedModel) -> None:
    questions = QuestionSet(
        name="two",
        title="Two",
        form="cloze",
        examples={},
        questions=tuple(
            Question(name=name, text=text, choices=("Paris", "Rome"), answer=0, subject="places")
            for name, text in (("a", "The capital of France is"), ("b", "The Eiffel Tower stands in"))
        ),
    )
    mutations = _mutations(half)[: 60 if WHOLE else 6]
    genotypes = [Genotype(), *(Genotype((mutation,)) for mutation in mutations)]
    for marks in Battery(half, questions).run([make_mutant(half, genotype) for genotype in genotypes]):
        for place, mark in marks:
            asked = put(questions.questions[mark.number], questions, 0)
            with edited_in_place(plain, genotypes[place], torch.bfloat16):
                for read, choice in zip(mark.score.likelihoods, asked.continuations, strict=True):
                    assert read == pytest.approx(_likelihood(plain, asked.prompt, choice), rel=1e-4, abs=1e-3)


def _likelihood(model: LoadedModel, prompt: str, continuation: str) -> float:
    context = model.encode(Prompt(text=prompt, chat=False), DECODING)
    whole = model.encode(Prompt(text=prompt + continuation, chat=False), DECODING)
    with torch.inference_mode():
        logits = model.causal_lm(torch.tensor([whole])).logits[0].log_softmax(-1)
    return sum(float(logits[place - 1, whole[place]]) for place in range(len(context), len(whole)))


def test_a_mutant_is_saved_as_its_weights_are_stored(tmp_path: Path) -> None:
    model = load_model(str(build(tmp_path / "m", "SmolLM2-360M")), device="cpu", dtype="bfloat16")
    genotype = model.anatomy.read("1.down[0:16,0:16]=0.123;embed[5,:]*1.5;norm[3]=2")
    save_model(model, mutated_copy(model, genotype), "", tmp_path / "saved")
    saved = AutoModelForCausalLM.from_pretrained(tmp_path / "saved", dtype="auto")
    assert {parameter.dtype for parameter in saved.parameters()} == {torch.bfloat16}
    again = load_model(str(tmp_path / "saved"), device="cpu", dtype="bfloat16")
    baselines = Baselines(2)
    *_, pair = generate_pair(model, PROMPT, DECODING, genotype, baselines)
    *_, own = generate_pair(again, PROMPT, DECODING, Genotype(), Baselines(1))
    assert own.original_tokens == pair.mutated_tokens
    assert pair.measures is not None
    assert (pair.measures.mean_kl or 0) > 1e-5


def test_much_memory_and_little_give_the_same_mutants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(build(tmp_path / "m", "SmolLM2-360M"))
    wide = load_model(folder, device="cpu")
    real = memory.free_memory
    monkeypatch.setattr(memory, "free_memory", lambda _: needed(2 * wide.anatomy.parameter_count) + 100_000)
    narrow = load_model(folder, device="cpu")
    monkeypatch.setattr(memory, "free_memory", real)
    asked = load_model(folder, device="cpu", dtype="float32")
    assert (wide.size, asked.size) == (2 * narrow.size, 2 * narrow.size)
    assert wide.identity == narrow.identity
    assert wide.precision == "bfloat16/float32"
    assert asked.identity["dtype"] == "float32"
    for text in ("1.down*0.9", "0.q[3,5]=0.123;embed[7,:]*1.1", "norm[3]*1.7;1.mlp+0.01", "0.head1*0.77"):
        pairs = []
        for model in (wide, narrow):
            *_, pair = generate_pair(model, PROMPT, DECODING, model.anatomy.read(text), Baselines(1))
            pairs.append(pair)
            assert pair.measures is not None
        assert pairs[0].mutated_tokens == pairs[1].mutated_tokens
        kl, other = (pair.measures.mean_kl for pair in pairs if pair.measures is not None)
        assert kl == pytest.approx(other, rel=1e-3, abs=1e-9), text
    patch = make_patch(wide, wide.anatomy.read("1.down*0.9;norm[3]*1.7"), "m")
    again = parse_patch(format_patch(patch), "file")
    for model in (wide, narrow):
        copy = patched_copy(model, again, "m")
        save_model(model, copy, "", tmp_path / f"{model.size}")
    saved = [load_model(str(tmp_path / f"{model.size}"), device="cpu").fingerprint for model in (wide, narrow)]
    assert saved[0] == saved[1]
