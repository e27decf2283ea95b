"""Screens on a task: each mutant's score is what its own answers, one by one with weights in place, come to."""

from dataclasses import replace
from pathlib import Path

import pytest

from explorer.domain.decoding import Prompt
from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Question, QuestionForm, QuestionSet, ScoredBy, Task
from explorer.domain.experiments import Experiment
from explorer.domain.genotype import Genotype
from explorer.model.loaded import LoadedModel
from explorer.screen.examination import Examination
from explorer.screen.job import Job
from explorer.screen.plan import Plan, planned
from explorer.screen.run import Screen
from explorer.store.database import opened
from explorer.store.tasks import read_task
from explorer.tasks.prompts import put
from tests.oracle import edited_in_place
from tests.tasks.test_battery import logits_after, plain_likelihood
from tests.tiny import tiny_model

PLAN = Plan(matrices="0.down, 1.q", step=16, operations=("max", "zero"))


def many_questions(form: QuestionForm = "cloze") -> QuestionSet:
    return QuestionSet(
        name="many",
        title="Many",
        form=form,
        questions=tuple(
            Question(
                name=f"s-{number}",
                subject="w3",
                text=f"w{number} w{2 * number} w{90 - number}",
                choices=tuple(f"w{(7 * number + 11 * place) % 90 + 5}" for place in range(4)),
                answer=number % 4,
            )
            for number in range(1, 25)
        ),
    )


def job(task: Task) -> Job:
    experiment = Experiment(name="many", title="Many", prompt=Prompt(text="Many", chat=False), task=task)
    return Job(model=tiny_model("llama"), experiment=experiment, plan=PLAN)


def chosen(model: LoadedModel, asked: QuestionSet, question: Question, by: ScoredBy) -> int | None:
    """By the plain procedure, with the weights as they are now."""
    if by == "letter":
        said = model.show_token(int(logits_after(model, put(question, asked).prompt).argmax()))
        return question.letters.index(said) if said in list(question.letters) else None
    likelihoods = [plain_likelihood(model, asked, question, choice, 0) for choice in range(4)]
    weighed = [value / len(choice) for value, choice in zip(likelihoods, question.choices, strict=True)]
    return max(range(4), key=weighed.__getitem__)


def test_scores_are_those_of_the_plain_procedure(tmp_path: Path) -> None:
    task = Task(questions=many_questions(), right=4, wrong=3, seed=5)
    with opened(tmp_path / "x.duckdb") as connection:
        screen = Screen(job(task))
        list(screen.run(connection))
        stored = read_task(connection.execute("SELECT task FROM experiments").fetchall()[0][0])
        rows = connection.execute(
            "SELECT x.name, t.down, t.across, t.operation::VARCHAR, t.first_divergence, p.score, p.text FROM mutants t "
            "JOIN matrices x USING (screen, matrix) LEFT JOIN phenotypes p USING (screen, phenotype) "
        ).fetchall()
    assert stored is not None
    assert (len(stored.right), len(stored.wrong), stored.set, stored.by) == (4, 3, "many", "likelihood")
    sample = screen.worker.asked.experiment.task
    assert sample is not None
    asked = sample.questions.questions
    assert [question.name for question in asked] == [*stored.right, *stored.wrong]
    model = screen.job.model
    standard = [chosen(model, sample.questions, question, "likelihood") for question in asked]
    assert [place == each.answer for place, each in zip(standard, asked, strict=True)] == [True] * 4 + [False] * 3
    found = {(name, down, across, done): rest for name, down, across, done, *rest in rows}
    loud = 0
    for matrix in screen.matrices:
        for item in planned(PLAN, matrix):
            divergence, score, text = found[matrix.name, item.down, item.across, item.operation]
            with edited_in_place(model, Genotype((item.mutation,))):
                own = [chosen(model, sample.questions, question, "likelihood") for question in asked]
            expected = next((n for n, (a, b) in enumerate(zip(own, standard, strict=True)) if a != b), None)
            assert divergence == expected
            if expected is None:
                assert score is None
                continue
            loud += 1
            right = [place == each.answer for place, each in zip(own, asked, strict=True)]
            assert score == f"{sum(right[:4])}|{sum(right[4:])}"
            assert text.replace(" | ", "") == "".join("ABCD"[place or 0] for place in own)
    assert loud > 3


def test_one_that_names_no_choice_of_any_question_is_destructive() -> None:
    words = [question for question in many_questions("letter").questions if question.name != "s-1"]
    task = Task(questions=replace(many_questions("letter"), questions=tuple(words)), right=1, wrong=3, by="likelihood")
    asked = Examination(job(task), lambda: None)
    (phenotype,) = asked.phenotypes([((3, 3, 3, 3, -1, -1, -1, -1), "stop")])
    assert phenotype.is_destructive
    assert phenotype.text == "D | DDD"
    (other,) = asked.phenotypes([((3, 3, 3, 3, -1, 2, -1, -1), "stop")])
    assert not other.is_destructive


def test_a_sample_larger_than_what_there_is_is_refused_with_the_numbers() -> None:
    task = Task(questions=many_questions(), right=20, wrong=3)
    with pytest.raises(TaskError, match=r"The original answers \d+ of the 24 questions right and \d+ wrong"):
        Examination(job(task), lambda: None)


def test_a_screen_on_a_task_goes_on_where_it_was_and_another_sample_is_another_experiment(tmp_path: Path) -> None:
    with opened(tmp_path / "x.duckdb") as connection:
        screens = [Screen(job(Task(questions=many_questions(), right=3, wrong=2, seed=seed))) for seed in (1, 1, 2)]
        assert [bool(list(screen.run(connection))) for screen in screens] == [True, False, True]
        assert [screen.number for screen in screens] == [1, 1, 2]
        assert connection.execute("SELECT count(*) FROM experiments").fetchone() == (2,)
