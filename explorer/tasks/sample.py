"""The questions of a task: drawn from those that the original gets right and from those that it gets wrong."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from explorer.domain.decoding import Prompt
from explorer.domain.errors import TaskError
from explorer.domain.evaluation import QuestionSet, Task
from explorer.domain.experiments import Experiment


def task_experiment(task: Task) -> Experiment:
    """A task as the experiment of a screen; its prompt stands for the questions that are drawn later."""
    title = f"{task.questions.title}: {task.right} right, {task.wrong} wrong"
    prompt = Prompt(text=task.questions.title, chat=False)
    return Experiment(name=f"task-{task.questions.name}", title=title, prompt=prompt, task=task)


def draw(task: Task, is_right: Sequence[bool]) -> QuestionSet:
    """The right ones first, each part in the order of the set; `is_right` tells what the original made of each.

    Raises TaskError if there are not enough.
    """
    right = [place for place, answered in enumerate(is_right) if answered]
    wrong = [place for place, answered in enumerate(is_right) if not answered]
    if task.right < 1 or task.wrong < 0 or len(right) < task.right or len(wrong) < task.wrong:
        raise TaskError(
            f"The original answers {len(right)} of the {len(is_right)} questions right and {len(wrong)} wrong: ask for "
            f"at least one and as many at most, not for {task.right} and {task.wrong}."
        )
    if task.questions.is_listed:
        places = [*right[: task.right], *wrong[: task.wrong]]
        return replace(task.questions, questions=tuple(task.questions.questions[place] for place in places))
    random = np.random.default_rng(task.seed)
    places = [*_drawn(random, right, task.right), *_drawn(random, wrong, task.wrong)]
    return replace(task.questions, questions=tuple(task.questions.questions[place] for place in places))


def _drawn(random: np.random.Generator, places: Sequence[int], count: int) -> list[int]:
    return sorted(int(place) for place in random.choice(places, size=count, replace=False)) if count else []
