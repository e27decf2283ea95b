"""Questions in trees against one text after the other, with the weights edited in place."""

import math
from dataclasses import replace
from typing import get_args

import pytest
import torch

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Question, QuestionForm, QuestionSet, Score
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant
from explorer.tasks import battery
from explorer.tasks.battery import Battery, Mark
from explorer.tasks.prompts import put
from tests.oracle import edited_in_place
from tests.tiny import ALL, CONFIGURATIONS, read, tiny_model

EXAMPLES = (
    Question(name="e-1", subject="w3", text="w40 w41", choices=("w1", "w22", "w23", "w24"), answer=1),
    Question(name="e-2", subject="w3", text="w42", choices=("w30", "w31", "w32", "w33"), answer=3),
)


def questions(form: QuestionForm) -> QuestionSet:
    asked = [
        Question(name="a-1", subject="w3", text="w5 w6 w7", choices=("w10", "w11 w12", "w11 w13 w14", "w9"), answer=2),
        Question(name="a-2", subject="w3", text="w5 w6 w8", choices=("w60", "w61", "w62", "w63 w64"), answer=0),
        Question(name="a-3", subject="w3", text="w70", choices=("w15", "w16", "w17 w18", "w19"), answer=3),
    ]
    return QuestionSet(name="tiny", title="Tiny", form=form, questions=tuple(asked), examples={"w3": EXAMPLES})


def run(made: Battery, *texts: str) -> list[list[Mark]]:
    """For each genotype its marks, in the order of the questions."""
    mutants = [make_mutant(made.model, read(made.model, text)) for text in texts]
    found = [each for batch in made.run(mutants) for each in batch]
    of_each = [[mark for place, mark in found if place == wanted] for wanted in range(len(texts))]
    return [sorted(marks, key=lambda mark: mark.number) for marks in of_each]


@pytest.mark.parametrize("family", ALL)
@pytest.mark.parametrize("form", ["cloze", "letter"])
@pytest.mark.parametrize("tree", [512, 12])
def test_each_choice_is_as_likely_as_if_it_were_read_alone(
    family: str, form: QuestionForm, tree: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(battery, "TREE", tree)
    model = tiny_model(family)
    asked = questions(form)
    texts = ["", "0.down[3:9,5:30]=max", "1.up*3; 0.v[1,2]=4"] if family in CONFIGURATIONS else [""]
    for text, marks in zip(texts, run(Battery(model, asked, 2), *texts), strict=True):
        with edited_in_place(model, read(model, text)):
            for question, score in zip(asked.questions, scores(marks), strict=True):
                expected = [plain_likelihood(model, asked, question, choice) for choice in range(4)]
                assert score.likelihoods == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_what_is_said_is_the_greedy_token_and_measured_against_the_original() -> None:
    model = tiny_model("llama")
    asked = questions("letter")
    text = "0.down[3:9,5:30]=max"
    original = [logits_after(model, put(each, asked).prompt).log_softmax(-1) for each in asked.questions]
    with edited_in_place(model, read(model, text)):
        mutated = [logits_after(model, put(each, asked).prompt).log_softmax(-1) for each in asked.questions]
    (marks,) = run(Battery(model, asked), text)
    for p, q, mark in zip(original, mutated, marks, strict=True):
        assert mark.score.said == model.show_token(int(q.argmax()))
        assert mark.kl == pytest.approx(float((p.exp() * (p - q)).sum()), rel=1e-3)
        assert mark.added_nll == pytest.approx(float(p.max() - q[p.argmax()]), rel=1e-3, abs=1e-5)


def test_choices_count_per_byte_in_a_cloze_and_whole_as_letters() -> None:
    model = tiny_model("llama")
    for form in get_args(QuestionForm):
        asked = questions(form)
        (marks,) = run(Battery(model, asked), "")
        for question, score in zip(asked.questions, scores(marks), strict=True):
            lengths = [len(choice) if form == "cloze" else 1 for choice in question.choices]
            weighed = [value / length for value, length in zip(score.likelihoods, lengths, strict=True)]
            assert score.chosen == max(range(4), key=weighed.__getitem__)
            assert score.is_right == (score.chosen == question.answer)


def test_an_overflow_answers_nothing_and_is_wrong() -> None:
    model = tiny_model("llama")
    (marks,) = run(Battery(model, questions("cloze")), "1.down=3e38")
    for mark in marks:
        score = mark.score
        assert (score.chosen, score.is_right, score.said, score.named) == (None, False, "", None)
        assert math.isnan(mark.kl)


def test_a_set_with_too_few_examples_and_a_question_that_is_too_long_are_refused_with_a_sentence() -> None:
    model = tiny_model("llama")
    with pytest.raises(TaskError, match="has 2 examples of w3, not 3"):
        Battery(model, questions("cloze"), 3)
    long = replace(questions("cloze").questions[0], text="w5 " * 200)
    with pytest.raises(TaskError, match="Question 'a-1' with 0 examples"):
        Battery(model, replace(questions("cloze"), questions=(long,)))


def scores(marks: list[Mark]) -> list[Score]:
    return [mark.score for mark in marks]


def plain_likelihood(model: LoadedModel, asked: QuestionSet, question: Question, choice: int, shots: int = 2) -> float:
    """Of the tokens of a choice that follow those of the prompt, from one pass over both."""
    prompt = put(question, asked, shots)
    length = len(tokens_of(model, prompt.prompt))
    whole = tokens_of(model, prompt.prompt + prompt.continuations[choice])
    with torch.inference_mode():
        log_p = model.causal_lm(input_ids=torch.tensor([whole])).logits[0].log_softmax(-1)
    return sum(float(log_p[place - 1, whole[place]]) for place in range(length, len(whole)))


def logits_after(model: LoadedModel, text: str) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = model.causal_lm(input_ids=torch.tensor([tokens_of(model, text)])).logits[0, -1]
    return logits


def tokens_of(model: LoadedModel, text: str) -> list[int]:
    return model.encode(Prompt(text=text, chat=False), Decoding(max_new_tokens=1))
