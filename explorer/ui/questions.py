"""The sets of questions that a visitor can choose from."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.domain.errors import ExplorerError
from explorer.domain.evaluation import QuestionSet
from explorer.tasks.comparison import shortened
from explorer.workspace.workspace import Workspace


def offered(workspace: Workspace) -> tuple[QuestionSet, ...]:
    """None where they cannot be read: that is told when they are asked."""
    try:
        return workspace.behaviour.question_sets()
    except ExplorerError:
        return ()


def chosen(sets: Sequence[QuestionSet], name: str | None, count: float) -> QuestionSet:
    """So many questions, at least one, of the set of that name; of the first where there is none."""
    found = next((each for each in sets if each.name == name), sets[0])
    return shortened(found, max(1, int(count)))
