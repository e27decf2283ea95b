"""The nouns of evaluation, as frozen values: many inputs, questions with choices, and what a genotype makes of them.

Knows no torch and no genotype: what is asked of whom is `tasks`' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

InputKind = Literal["literary", "factual"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What mutants are asked when it is looked at how they begin: the study's inputs of RIHF."""

    kind: InputKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one genotype says to one prompt. None: not defined, because a forward pass overflowed, or not asked for."""

    text: str
    tokens: tuple[int, ...]
    """The token that ended it included."""
    ending: str
    """Why it ended, as `generation.transcript.End` names it."""
    near_tie: bool
    """Whether rounding may have decided a choice."""
    style: str
    """As `generation.style` names it."""
    cosine: float | None = None
    """Of its words' counts and those of the original's answer, 0 to 1."""
    perplexity: float | None = None
    """Under the unmutated model, after the prompt."""
    mean_kl: float | None = None
    """KL(original ‖ mutant) over the tokens of the original's answer, in nats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question with its choices, of which one is right."""

    name: str
    """Unique in its set, such as `geography-12`."""
    subject: str
    text: str
    choices: tuple[str, ...]
    answer: int
    """The place of the right choice, from 0."""

    @property
    def letters(self) -> str:
        """A letter for each choice: ABCD."""
        return "ABCDEFGHIJ"[: len(self.choices)]


QuestionForm = Literal["cloze", "letter"]
"""How a question is put: as a text that each choice continues, or with lettered choices, of which it names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionSet:
    """Questions that are put in one form."""

    name: str
    title: str
    form: QuestionForm
    questions: tuple[Question, ...]
    examples: Mapping[str, tuple[Question, ...]] = field(default_factory=dict)
    """By subject, answered questions that are shown before one of it (few-shot)."""
    is_listed: bool = False
    """Whether it lists questions that a model gets right, then wrong: a task takes the first of each and draws none."""


ScoredBy = Literal["likelihood", "letter"]
"""What counts as an answer: the likeliest choice, or the token that is generated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one genotype makes of one question."""

    likelihoods: tuple[float, ...]
    """Log-likelihood of each choice, in nats; NaN if the forward pass overflows."""
    chosen: int | None
    """The likeliest choice, as the form counts it; None if the forward pass overflows."""
    is_right: bool
    near_tie: bool
    """Whether rounding may have decided between the two likeliest choices."""
    said: str
    """The token that it generates, greedy: in form `letter`, the answer that the study reads."""
    named: int | None
    """The choice whose letter that token is, or that begins with it, in form `cloze`; None: of no choice."""
    says_right: bool
    """Whether it is the letter, or the beginning, of the right choice."""

    def counts(self, by: ScoredBy) -> bool:
        """Whether the question is answered right."""
        return self.is_right if by == "likelihood" else self.says_right


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A sample of questions that a screen asks: some that the original gets right, and some that it gets wrong."""

    questions: QuestionSet
    """All that the sample is drawn from."""
    shots: int = 0
    """Answered questions shown before each."""
    right: int = 14
    wrong: int = 7
    """As many as in the study."""
    seed: int = 0
    """Of the draw."""
    by: ScoredBy = "likelihood"


BlindMode = Literal["better", "mutant"]
"""What a blind test asks of two texts: which is better, or which is the mutant's."""
Choice = Literal["first", "second", "neither"]
"""The genotype whose text was chosen."""
