"""What goes with a prompt, as plain values and back."""

import pytest

from explorer.domain.decoding import Prompt, Turn, read_extras, read_messages, read_turns
from explorer.domain.errors import PromptError

PROMPTS = [
    Prompt(text="What?"),
    Prompt(text="What?", system=""),
    Prompt(
        text="What?",
        system="Be brief.",
        thinking=True,
        prefill="It",
        turns=(Turn("user", "Hi"), Turn("assistant", "Ho")),
    ),
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_extras_are_plain_values_of_what_is_no_default(prompt: Prompt) -> None:
    assert Prompt(text=prompt.text, **read_extras(prompt.extras)) == prompt
    assert bool(prompt.extras) is (prompt != PROMPTS[0])


def test_a_whole_conversation() -> None:
    said = read_messages(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Ho"},
            {"role": "user", "content": "What?"},
            {"role": "assistant", "content": "It is"},
        ]
    )
    turns = (Turn("user", "Hi"), Turn("assistant", "Ho"))
    assert Prompt(**said) == Prompt(text="What?", system="Be brief.", prefill="It is", turns=turns)
    assert Prompt(**read_messages([{"role": "user", "content": "What?"}])) == Prompt(text="What?")


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "is a list such as"), ("text", "is a list such as"), (3, "is a list such as"), ({}, "is a list such as"),
        ([{"role": "assistant", "content": "Ho"}], "The last turn of a conversation is the user's"),
        ([{"role": "system", "content": "Be brief."}], "The last turn of a conversation is the user's"),
        ([{"role": "system", "content": 3}, {"role": "user", "content": "Hi"}], "must be a text"),
        ([{"role": "tool", "content": "x"}], "not by 'tool'"), ([{"role": "user"}], "has a role and a content"),
        ([{"role": "user", "content": 3}], "must be a text"), (["Hi"], "has a role and a content"),
    ],
)  # fmt: skip
def test_what_is_none_is_a_sentence(messages: object, words: str) -> None:
    with pytest.raises(PromptError, match=words):
        read_messages(messages)


def test_turns_and_a_system_prompt_belong_to_a_chat() -> None:
    with pytest.raises(PromptError, match="belong to a chat"):
        Prompt(text="What?", chat=False, system="Be brief.")
    with pytest.raises(PromptError, match="belong to a chat"):
        Prompt(text="What?", chat=False, turns=read_turns([{"role": "user", "content": "Hi"}]))
    with pytest.raises(PromptError, match="1,000,001 characters"):
        Prompt(text="What?", system="x" * 1_000_001)
