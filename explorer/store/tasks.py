"""The task of an experiment as it is stored: the names of its questions, and how they were put."""

from __future__ import annotations

import json
from hashlib import blake2b

from explorer.domain.evaluation import Task
from explorer.domain.screens import StoredTask


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
