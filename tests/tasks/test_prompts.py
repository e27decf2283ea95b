"""The texts a question is put in, written out by hand, and how they fall into tokens."""

from dataclasses import replace

import pytest

from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Question, QuestionForm, QuestionSet
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.tasks.prompts import put
from explorer.tasks.questions import bundled_questions


def _question(text: str, answer: int, *choices: str) -> Question:
    return Question(name=f"x-{text}", subject="us_history", text=text, choices=choices, answer=answer)


QUESTION = _question("The first president was", 1, "Adams", "Washington", "Polk", "Grant")
EXAMPLES = (
    _question("The war ended in", 3, "1492", "1776", "1812", "1945"),
    _question("The tea was thrown into the", 0, "sea", "fire", "river", "street"),
)
LETTER = QuestionSet(name="x", title="History", form="letter", questions=(QUESTION,), examples={"us_history": EXAMPLES})
CLOZE = replace(LETTER, form="cloze")


def test_a_letter_prompt_with_two_examples() -> None:
    asked = put(QUESTION, LETTER, 2)
    assert asked.prompt == (
        "The following are multiple choice questions (with answers) about us history.\n"
        "\n"
        "The war ended in\n"
        "A. 1492\n"
        "B. 1776\n"
        "C. 1812\n"
        "D. 1945\n"
        "Answer: D\n"
        "\n"
        "The tea was thrown into the\n"
        "A. sea\n"
        "B. fire\n"
        "C. river\n"
        "D. street\n"
        "Answer: A\n"
        "\n"
        "The first president was\n"
        "A. Adams\n"
        "B. Washington\n"
        "C. Polk\n"
        "D. Grant\n"
        "Answer:"
    )
    assert asked.prefix.endswith("Answer: A")
    assert asked.continuations == (" A", " B", " C", " D")


def test_a_letter_prompt_without_examples_has_its_header() -> None:
    asked = put(QUESTION, LETTER)
    assert asked.prefix == "The following are multiple choice questions (with answers) about us history."
    assert asked.body == "\n\nThe first president was\nA. Adams\nB. Washington\nC. Polk\nD. Grant\nAnswer:"


def test_a_cloze_prompt_is_the_question_alone() -> None:
    asked = put(QUESTION, CLOZE)
    assert (asked.prefix, asked.body) == ("", "The first president was")
    assert asked.continuations == (" Adams", " Washington", " Polk", " Grant")


def test_a_cloze_prompt_with_examples() -> None:
    asked = put(QUESTION, CLOZE, 2)
    assert asked.prefix == "The war ended in 1945\n\nThe tea was thrown into the sea"
    assert asked.body == "\n\nThe first president was"


@pytest.mark.parametrize("examples", [3, -1])
def test_more_examples_than_there_are(examples: int) -> None:
    with pytest.raises(TaskError, match=f"'History' has 2 examples of us history, not {examples}. .*from 0 to 2"):
        put(QUESTION, LETTER, examples)


@pytest.mark.parametrize("form", ["letter", "cloze"])
@pytest.mark.parametrize("examples", [0, 5])
def test_the_parts_of_a_prompt_are_whole_tokens(demo: LoadedModel, form: QuestionForm, examples: int) -> None:
    bundled = replace(bundled_questions(Settings().questions_folder), form=form)
    for question in bundled.questions[::12]:
        asked = put(question, bundled, examples)
        prefix, body = _tokens(demo, asked.prefix), _tokens(demo, asked.body)
        for words in asked.continuations:
            assert _tokens(demo, asked.prompt + words) == prefix + body + _tokens(demo, words)


def _tokens(model: LoadedModel, text: str) -> list[int]:
    return list(model.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []
