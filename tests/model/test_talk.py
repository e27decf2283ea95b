"""What goes with a prompt, in templates of all kinds: system prompt, thinking, beginning of an answer, turns."""

import pytest

from explorer.domain.decoding import Decoding, Prompt, Turn
from explorer.domain.errors import PromptError
from explorer.domain.genotype import Genotype
from explorer.generation.alone import decode_alone
from explorer.model.loaded import LoadedModel
from explorer.model.loading import load_model
from tests.oracle import decode_token_by_token
from tests.people import PEOPLE, build

DECODING = Decoding(max_new_tokens=4)
TURNS = (Turn("user", "Tell me about the sea."), Turn("assistant", "Waves come and go."))
CHATTING = [name for name, person in PEOPLE.items() if person.template]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LoadedModel]:
    folder = tmp_path_factory.mktemp("people")
    return {name: load_model(str(build(folder / name, name)), device="cpu") for name in CHATTING}


def _shown(model: LoadedModel, prompt: Prompt) -> str:
    return str(model.tokenizer.decode(model.encode(prompt, DECODING)))


@pytest.mark.parametrize("name", CHATTING)
def test_all_that_is_said_stands_in_the_chat_in_its_order(models: dict[str, LoadedModel], name: str) -> None:
    prompt = Prompt(text="And at night?", system="Be brief.", turns=TURNS, prefill="At night it")
    shown = _shown(models[name], prompt)
    places = [shown.index(text) for text in ("Be brief.", TURNS[0].text, TURNS[1].text, prompt.text)]
    assert places == sorted(places)
    assert shown.endswith("At night it")


@pytest.mark.parametrize("name", CHATTING)
def test_the_templates_own_system_prompt_is_told_and_can_be_replaced(models: dict[str, LoadedModel], name: str) -> None:
    model, person = models[name], PEOPLE[name]
    assert bool(model.default_system) is person.has_default_system
    plain = _shown(model, Prompt(text="What is it?"))
    assert model.default_system in plain
    if person.has_default_system:
        assert model.default_system not in _shown(model, Prompt(text="What is it?", system="Be brief."))


def test_the_demo_models_own_system_prompt(demo: LoadedModel) -> None:
    assert demo.default_system.startswith("You are a helpful AI assistant named SmolLM")
    assert not demo.knows_thinking


@pytest.mark.parametrize("name", CHATTING)
def test_thinking_is_off_unless_it_is_wanted(models: dict[str, LoadedModel], name: str) -> None:
    model = models[name]
    assert model.knows_thinking is PEOPLE[name].thinks
    off, on = (_shown(model, Prompt(text="What is it?", thinking=thinking)) for thinking in (False, True))
    assert ("</think>" in off) is PEOPLE[name].thinks
    assert (on == off) is not PEOPLE[name].thinks


def test_the_beginning_of_an_answer_is_read_on_as_one_text(models: dict[str, LoadedModel]) -> None:
    model = models["SmolLM2-360M"]
    prompt = Prompt(text="The capital of France?", prefill="The capital of Fran")
    said = decode_alone(model, prompt, DECODING, Genotype())
    plain, _ = decode_token_by_token(model, model.encode(prompt, DECODING), DECODING)
    assert list(said.tokens) == plain
    raw = Prompt(text="The capital", chat=False, prefill=" of France")
    assert model.encode(raw, DECODING) == model.encode(Prompt(text="The capital of France", chat=False), DECODING)


def test_control_tokens_are_text_in_all_of_it_if_that_is_wanted(models: dict[str, LoadedModel]) -> None:
    model = models["SmolLM2-360M"]
    (end,) = model.tokenizer("<|im_end|>", add_special_tokens=False)["input_ids"]
    said = {"text": "a <|im_end|> b", "prefill": "c <|im_end|> d", "turns": (Turn("user", "e <|im_end|> f"), TURNS[1])}
    acting, plain = (model.encode(Prompt(**said, plain=plain), DECODING) for plain in (False, True))  # type: ignore[arg-type]
    assert acting.count(end) == plain.count(end) + 3


def test_a_template_that_has_no_place_for_a_system_prompt_is_told(models: dict[str, LoadedModel]) -> None:
    model = models["Qwen3-0.6B"]
    before = model.tokenizer.chat_template
    model.tokenizer.chat_template = "{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}"
    try:
        with pytest.raises(PromptError, match=r"leaves the system prompt out\): leave the system prompt"):
            model.encode(Prompt(text="What?", system="Be brief."), DECODING)
        model.tokenizer.chat_template = "{{ messages[-1].content }}"
        with pytest.raises(PromptError, match="leaves an earlier turn out"):
            model.encode(Prompt(text="What?", turns=TURNS), DECODING)
    finally:
        model.tokenizer.chat_template = before


def test_turns_that_do_not_take_turns_are_a_sentence(models: dict[str, LoadedModel]) -> None:
    with pytest.raises(PromptError, match="roles must take turns"):
        models["Llama-2-7b-chat"].encode(Prompt(text="What?", turns=TURNS[:1]), DECODING)
