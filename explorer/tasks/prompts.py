"""How a question is put to a model, as text: what it reads, and what each choice would have it go on with.

Form `cloze`: the question is the beginning of a text that each choice continues. Form `letter`: MMLU's prompt, with
lettered choices, of which the model names one. Knows no tokens and no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from explorer.domain.errors import TaskError
from explorer.domain.evaluation import Question, QuestionForm, QuestionSet

_GAP = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A question as a model reads it: `prefix + body`, and then one of the continuations.

    No part ends in white space, which tokenizers join to what follows.
    """

    prefix: str
    """The same for all questions of a subject: header and examples; may be empty."""
    body: str
    """The question, with the gap that parts it from the prefix."""
    continuations: tuple[str, ...]
    """One for each choice, each with its leading space."""

    @property
    def prompt(self) -> str:
        """All that is read before a continuation."""
        return self.prefix + self.body


def put(question: Question, questions: QuestionSet, examples: int = 0) -> Put:
    """Put a question of the set in the set's form, after that many answered examples of its subject.

    Raises TaskError if the set has fewer.
    """
    shown = _shown(question.subject, questions, examples)
    parts = [_header(question.subject)] if questions.form == "letter" else []
    parts += [
        _asked(example, questions.form) + _continuations(example, questions.form)[example.answer] for example in shown
    ]
    prefix = _GAP.join(parts)
    return Put(
        prefix=prefix,
        body=(_GAP if prefix else "") + _asked(question, questions.form),
        continuations=_continuations(question, questions.form),
    )


def _shown(subject: str, questions: QuestionSet, count: int) -> Sequence[Question]:
    known = questions.examples.get(subject, ())
    if not 0 <= count <= len(known):
        raise TaskError(
            f"'{questions.title}' has {len(known)} examples of {subject.replace('_', ' ')}, not {count}. "
            f"Choose a number from 0 to {len(known)}."
        )
    return known[:count]


def _header(subject: str) -> str:
    return f"The following are multiple choice questions (with answers) about {subject.replace('_', ' ')}."


def _asked(question: Question, form: QuestionForm) -> str:
    if form == "cloze":
        return question.text
    choices = [f"{letter}. {choice}" for letter, choice in zip(question.letters, question.choices, strict=True)]
    return "\n".join([question.text, *choices, "Answer:"])


def _continuations(question: Question, form: QuestionForm) -> tuple[str, ...]:
    return tuple(f" {words}" for words in (question.choices if form == "cloze" else question.letters))
