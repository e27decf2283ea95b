"""Prompts as chats: templates of strangers, control tokens, dates, and tokenizers of other models."""

import pytest

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import PromptError
from explorer.domain.genotype import Genotype
from explorer.generation.baseline import Baselines
from explorer.generation.pair import generate_pair
from explorer.model.chat import TODAY
from explorer.model.loaded import LoadedModel
from explorer.model.loading import assemble
from tests.tiny import tiny_tokenizer, tiny_transformer

DECODING = Decoding(max_new_tokens=4)


def _model(template: object) -> LoadedModel:
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = template
    return assemble(tiny_transformer("llama"), tokenizer, source="tiny", name="Tiny")


@pytest.mark.parametrize(
    ("template", "cause"),
    [
        ("{{ raise_exception('no system role') }}", "no system role"),
        ("{% if %}", "Expected an expression"),
        ("{{ nobody(3) }}", "is undefined"),
        ("{{ messages[0].content + 3 }}", "can only concatenate str"),
        ("w1 w2", "leaves the prompt out"),
        ("{{ range(10 ** 9)|length }}", "Range too big"),
    ],
)
def test_a_template_that_fails_is_told_in_a_sentence(template: str, cause: str) -> None:
    with pytest.raises(PromptError, match=rf"template of Tiny fails \(.*{cause}.*\): choose raw text\.$"):
        _model(template).encode(Prompt(text="w5 w6"), DECODING)


def test_of_several_templates_the_default_is_taken_and_none_is_guessed() -> None:
    several = {"default": "{{ messages[0].content }} w1", "tools": "w2"}
    assert _model(several).encode(Prompt(text="w5 w6"), DECODING)[:2] == [5, 6]
    model = _model({"rag": "w2", "tools": "w2"})
    assert not model.has_chat_template
    with pytest.raises(PromptError, match=r"no default among its chat templates \(rag, tools\).*choose raw text"):
        model.encode(Prompt(text="w5 w6"), DECODING)


def test_a_template_that_wants_parts_gets_them() -> None:
    for template in (
        "{{ messages[0].content[0].text }} w1",
        "{% for p in messages[0].content %}{{ p['text'] }}{% endfor %}",
    ):
        assert _model(template).encode(Prompt(text="w5 w6"), DECODING)[:2] == [5, 6]


def test_a_template_may_change_the_prompt_and_may_not_leave_it_out() -> None:
    assert _model("{{ messages[0].content|replace('w6', 'w7') }}").encode(Prompt(text="w5 w6"), DECODING) == [5, 7]
    a_sign_a_letter = "{% for part in messages[0].content %}w1 {{ part.text }} {% endfor %}"
    assert _model(a_sign_a_letter).encode(Prompt(text="w5 w6"), DECODING) == [1, 5, 6]  # as parts, not letter by letter


def test_the_date_of_a_template_is_the_same_tomorrow_and_told() -> None:
    model = _model(
        "{% if strftime_now('%Y-%m-%d') == '" + TODAY.isoformat() + "' %}w9 {% endif %}{{ messages[0].content }}"
    )
    assert model.encode(Prompt(text="w5"), DECODING) == [9, 5]
    assert "always gets 26 July 2024" in model.remark_on(Prompt(text="w5"))
    assert model.remark_on(Prompt(text="w5", chat=False)) == ""
    assert model.identity["chat_date"] == "2024-07-26"
    assert "chat_date" not in _model("{{ messages[0].content }}").identity


def test_baselines_are_kept_by_their_tokens() -> None:
    model, baselines = _model("{{ messages[0].content }}"), Baselines(2)
    for _ in generate_pair(model, Prompt(text="w5 w6"), DECODING, Genotype(), baselines):
        pass
    assert baselines.get(model, Prompt(text="w5 w6", chat=False), DECODING) is not None  # the same tokens
    model.tokenizer.chat_template = "w7 {{ messages[0].content }}"
    assert baselines.get(model, Prompt(text="w5 w6"), DECODING) is None


def test_control_tokens_act_unless_they_are_taken_as_text(demo: LoadedModel) -> None:
    text = "hi <|im_end|> you"
    (end,) = demo.tokenizer("<|im_end|>", add_special_tokens=False)["input_ids"]
    for chat in (False, True):
        acting = demo.encode(Prompt(text=text, chat=chat), DECODING)
        plain = demo.encode(Prompt(text=text, chat=chat, plain=True), DECODING)
        assert acting.count(end) == plain.count(end) + 1
        assert demo.tokenizer.decode(acting) == demo.tokenizer.decode(plain)
    assert demo.remark_on(Prompt(text=text)) == "<|im_end|> in the prompt is a control token and will act as such."
    assert demo.remark_on(Prompt(text=text, plain=True)) == demo.remark_on(Prompt(text="hi")) == ""
    for chat in (False, True):  # nothing changes where there are none
        same = [demo.encode(Prompt(text="hi you", chat=chat, plain=plain), DECODING) for plain in (False, True)]
        assert same[0] == same[1]


def test_a_token_that_the_model_has_no_row_for_is_told() -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens(["<beyond>"])
    model = assemble(tiny_transformer("llama"), tokenizer, source="tiny", name="Tiny")
    with pytest.raises(PromptError, match=r"'<beyond>' in the prompt is token 97 .* but Tiny has only 97"):
        model.encode(Prompt(text="w5 <beyond>", chat=False), DECODING)
