"""The task of an experiment as it is stored: the names of its questions, and how they were put."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2b

from explorer.evaluation import QuestionForm, ScoredBy, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTask:
    """What is known of a task without its questions' texts."""

    set: str
    """The name of the questions' set."""
    title: str
    form: QuestionForm
    shots: int
    by: ScoredBy
    right: tuple[str, ...]
    """Names of the questions that the standard gets right."""
    wrong: tuple[str, ...]

    @property
    def asked(self) -> int:
        """Questions in all."""
        return len(self.right) + len(self.wrong)


def format_task(task: Task | None) -> str:
    """A drawn task as JSON; empty for none."""
    if task is None:
        return ""
    names = [question.name for question in task.questions.questions]
    return json.dumps(
        {
            "set": task.questions.name,
            "title": task.questions.title,
            "form": task.questions.form,
            "shots": task.shots,
            "by": task.by,
            "right": names[: task.right],
            "wrong": names[task.right :],
        }
    )


def read_task(text: str | None) -> StoredTask | None:
    """What `format_task` has written; None if there is no task."""
    if not text:
        return None
    held = json.loads(text)
    return StoredTask(**{**held, "right": tuple(held["right"]), "wrong": tuple(held["wrong"])})


def sample_name(task: Task) -> str:
    """Names the drawn questions and how they are put: another sample is another experiment."""
    mark = blake2b(format_task(task).encode(), digest_size=4).hexdigest()
    return f"{task.questions.name}-{task.right}-{task.wrong}-{mark}"
