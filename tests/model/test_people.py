"""The checkpoints that people have go the whole way: read, asked, mutated, screened, questioned."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.domain.evaluation import Question, QuestionSet
from explorer.domain.genotype import Genotype
from explorer.generation.alone import decode_alone
from explorer.generation.baseline import Baselines
from explorer.generation.decoding import NEAR_TIE
from explorer.generation.pair import generate_pair
from explorer.generation.trial import try_model
from explorer.model.loading import assemble, load_model
from explorer.mutation.apply import make_mutant
from explorer.screen.engine import Engine
from explorer.screen.plan import Plan, matching, planned
from explorer.tasks.battery import Battery
from tests.oracle import agree, decode_token_by_token, edited_in_place
from tests.people import PEOPLE, build

DECODING = Decoding(max_new_tokens=6)
QUESTIONS = QuestionSet(
    name="q", title="Q", form="cloze", examples={},
    questions=(Question(name="q-1", subject="q", text="The capital of Italy is", choices=("Paris", "Rome"), answer=1),),
)  # fmt: skip


@pytest.mark.parametrize("name", PEOPLE)
def test_the_whole_path(name: str, tmp_path: Path) -> None:
    folder, person = build(tmp_path / name, name), PEOPLE[name]
    stored = str(person.dtype).removeprefix("torch.")
    model = load_model(str(folder), device="cpu", dtype=stored)
    assert (model.name, model.remark) == (name, "")
    assert model.precision == f"{stored}/float32"
    assert try_model(model).is_fast
    assert model.has_chat_template is bool(person.template)
    plain = assemble(
        type(model.causal_lm).from_pretrained(folder, dtype=torch.float32), model.tokenizer, source=name, name=name
    )
    for chat in {False, model.has_chat_template}:
        prompt = Prompt(text="What is the capital of France?", chat=chat)
        tokens = model.encode(prompt, DECODING)
        assert "capital" in model.tokenizer.decode(tokens)
        for text in ("1.down[0:16,0:16]=max", "0.q.head1=0", "embed*1.02;1.v*-1"):
            genotype = model.anatomy.read(text)
            *_, last = generate_pair(model, prompt, DECODING, genotype, Baselines(1))
            with edited_in_place(plain, genotype, person.dtype):
                expected, gaps = decode_token_by_token(plain, tokens, DECODING)
            assert agree(list(last.mutated_tokens), expected, gaps, NEAR_TIE), (chat, text)
    prompt = Prompt(text="A fruit fly", chat=False)
    baseline = decode_alone(model, prompt, DECODING, Genotype())
    matrix = matching(model.anatomy, "1.down")[0]
    items = planned(Plan(matrices="1.down", step=32, operations=("max", "zero")), matrix)
    mutations = [item.mutation for item in items if item.operation != "control"][:6]
    for mutation, record in zip(
        mutations, Engine(model, baseline, DECODING, Genotype(), "text").screen(mutations), strict=True
    ):
        with edited_in_place(plain, Genotype((mutation,)), person.dtype):
            expected, gaps = decode_token_by_token(plain, model.encode(prompt, DECODING), DECODING)
        found = list(baseline.tokens if record.tokens is None else record.tokens)
        assert agree(found, expected, gaps, NEAR_TIE)
    marks = [mark for step in Battery(model, QUESTIONS).run([make_mutant(model, Genotype())]) for _, mark in step]
    assert all(likelihood < 0 for mark in marks for likelihood in mark.score.likelihoods)


def test_end_tokens_are_all_that_a_checkpoint_names(tmp_path: Path) -> None:
    model = load_model(str(build(tmp_path / "llama", "Llama-3.2-1B")), device="cpu")
    assert model.stop_tokens == {1, 2, 3}
    assert load_model(str(build(tmp_path / "qwen", "Qwen3-0.6B")), device="cpu").stop_tokens == {0, 2}


def test_a_tokenizer_without_a_first_token_adds_none(tmp_path: Path) -> None:
    model = load_model(str(build(tmp_path / "m", "Qwen3-0.6B")), device="cpu")
    tokens = model.encode(Prompt(text="The", chat=False), DECODING)
    assert model.tokenizer.decode(tokens) == "The"
    llama = load_model(str(build(tmp_path / "l", "Llama-2-7b-chat")), device="cpu")
    assert llama.encode(Prompt(text="The", chat=False), DECODING)[0] == 1


def test_an_id_that_the_tokenizer_lacks_shows_its_number(tmp_path: Path) -> None:
    model = load_model(str(build(tmp_path / "m", "Qwen3-0.6B")), device="cpu")
    assert model.row_count == 640
    assert len(model.tokenizer) < 640
    assert model.show_token(639) == "#639"
    assert model.decode([639]) == "#639"
    the = model.encode(Prompt(text="The", chat=False), DECODING)
    assert model.decode([*the, 639, *the, 638]) == "The#639The#638"


def test_a_context_of_minus_one_is_no_limit(tmp_path: Path) -> None:
    model = load_model(str(build(tmp_path / "m", "SmolLM2-360M", max_position_embeddings=-1)), device="cpu")
    assert model.context is None
    *_, last = generate_pair(
        model, Prompt(text="The sea", chat=False), DECODING, model.anatomy.read("1.down=0"), Baselines(1)
    )
    assert last.mutated_tokens


def test_a_checkpoint_in_several_files(tmp_path: Path) -> None:
    one = load_model(str(build(tmp_path / "one", "SmolLM2-360M")), device="cpu")
    many = build(tmp_path / "many", "SmolLM2-360M")
    (many / "model.safetensors").unlink()
    config = (many / "config.json").read_text(encoding="utf-8")
    AutoModelForCausalLM.from_pretrained(tmp_path / "one").save_pretrained(many, max_shard_size="60KB")
    (many / "config.json").write_text(config, encoding="utf-8")
    shards = sorted(many.glob("model-*.safetensors"))
    assert len(shards) > 2
    assert load_model(str(many), device="cpu").fingerprint == one.fingerprint
    shards[1].unlink()
    with pytest.raises(ModelError, match=rf"lacks 1 of its {len(shards)} files of weights \(model-00002"):
        load_model(str(many), device="cpu")
    (many / "model.safetensors.index.json").write_text(json.dumps({"weight_map": 3}), encoding="utf-8")
    with pytest.raises(ModelError, match="is broken"):
        load_model(str(many), device="cpu")
