"""A/B comparison: the same prompts, or questions, put to two genotypes or more, item by item.

Owns what is asked and how the answers come as they are ready; `statistics.comparison` makes tests of them. Knows no
torch: who answers is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import polars as pl

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ComparisonError, TaskError
from explorer.domain.evaluation import Answer, Input, Question, QuestionSet, Score
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.domain.phenotype import DESTROYED
from explorer.model.loaded import LoadedModel
from explorer.tasks.prompts import put

Item = TypeVar("Item")

FEWEST, MOST = 2, 6
"""Genotypes of a comparison."""
ORIGINAL = "original"
"""What the empty genotype is called."""
CHUNK, QUESTIONS_CHUNK = 16, 48
"""So many prompts, or questions, are put to every genotype before the next: a cancelled run leaves complete pairs."""

ROW_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "item": pl.Int64,
    "name": pl.String,
    "asked": pl.String,
    "genotype": pl.Int64,
    "text": pl.String,
    "passed": pl.Boolean,
    "overflow": pl.Boolean,
    "near_tie": pl.Boolean,
    "style": pl.String,
    "margin": pl.Float64,
    "mean_kl": pl.Float64,
    "perplexity": pl.Float64,
    "cosine": pl.Float64,
}
"""The columns of a comparison's answers. `genotype` is the place in the comparison; `passed` is whether a question was
answered right, or a text is not destroyed; `margin` the log-likelihood of the right choice less that of the best wrong
one, in nats, as the form counts it: of a cloze, a byte. Null: not defined, because a forward pass overflowed, or not
asked for."""


class Answering(Protocol):
    """Who answers: `workspace.behaviour`."""

    def inputs(self) -> tuple[Input, ...]:
        """The bundled inputs."""
        ...

    def question_sets(self) -> tuple[QuestionSet, ...]:
        """The questions there are, the bundled ones first."""
        ...

    def answers(
        self,
        model: LoadedModel,
        genotype: Genotype,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        cancelled: Callable[[], bool] = ...,
    ) -> Iterator[tuple[int, Answer]]:
        """The place of each prompt and its answer, as they are ready."""
        ...

    def scores(
        self,
        model: LoadedModel,
        genotype: Genotype,
        questions: QuestionSet,
        cancelled: Callable[[], bool] = ...,
        shots: int = 0,
    ) -> Iterator[tuple[int, Score]]:
        """The place of each question and its score, as they are ready."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is asked of whom. Raises ComparisonError for what cannot be compared."""

    genotypes: tuple[Genotype, ...]
    """The first is the one that the others are compared with."""
    prompts: tuple[Prompt, ...] = ()
    decoding: Decoding = field(default_factory=Decoding)
    questions: QuestionSet | None = None
    """Asked instead of prompts."""
    shots: int = 0
    """Answered questions shown before each."""

    def __post_init__(self) -> None:
        if len(self.genotypes) < FEWEST:
            raise ComparisonError("A comparison needs two genotypes: write another one below the first.")
        if len(self.genotypes) > MOST:
            raise ComparisonError(f"At most {MOST} genotypes are compared at once: take some of them out.")
        for place, genotype in enumerate(self.genotypes):
            if genotype in self.genotypes[:place]:
                raise ComparisonError(f"“{called(genotype)}” is there twice: take it out once.")
        if not self.items:
            raise ComparisonError("Nothing is asked: write a prompt, or choose questions.")

    @property
    def items(self) -> int:
        """How many prompts or questions."""
        return len(self.prompts) if self.questions is None else len(self.questions.questions)

    @property
    def total(self) -> int:
        """Answers in all."""
        return self.items * len(self.genotypes)

    def prompt_of(self, item: int) -> Prompt:
        """What an item asks, as a prompt; a question as it is put, which is raw text."""
        if self.questions is None:
            return self.prompts[item]
        asked = put(self.questions.questions[item], self.questions, self.shots)
        return Prompt(text=asked.prompt, chat=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """A comparison and the answers that there are."""

    comparison: Comparison
    rows: tuple[dict[str, object], ...] = ()

    @property
    def answers(self) -> pl.DataFrame:
        """Columns `ROW_TYPES`, by item and genotype."""
        return pl.DataFrame(self.rows, schema=ROW_TYPES).sort("item", "genotype")

    @property
    def has_pairs(self) -> bool:
        """Whether some item has been answered by two genotypes."""
        return any(row["genotype"] for row in self.rows)

    @property
    def is_complete(self) -> bool:
        """Whether every genotype has answered everything."""
        return len(self.rows) == self.comparison.total


def called(genotype: Genotype) -> str:
    """The notation of a genotype, or `original`."""
    return format_genotype(genotype) or ORIGINAL


def spread(items: Sequence[Item], count: int) -> tuple[Item, ...]:
    """So many of them, drawn evenly from the first on; all if there are no more."""
    total = len(items)
    return tuple(items) if count >= total else tuple(items[place * total // count] for place in range(count))


def shortened(questions: QuestionSet, count: int) -> QuestionSet:
    """So many questions, drawn evenly over the set, so that each subject keeps its share. Raises TaskError."""
    if not count >= 1:
        raise TaskError(f"The number of questions must be 1 or more, not {count}.")
    return replace(questions, questions=spread(questions.questions, count))


def read_genotypes(texts: Iterable[str], read: Callable[[str], Genotype]) -> tuple[Genotype, ...]:
    """Genotypes by their notation, of which `original` is the empty one; blank texts are left out.

    One alone is compared with the original. Raises what `read` raises: NotationError.
    """
    said = [text.strip() for text in texts if text.strip()]
    found = tuple(Genotype() if text.lower() == ORIGINAL else read(text) for text in said)
    return (Genotype(), *found) if len(found) == 1 and found[0] else found


def compare(
    answering: Answering, model: LoadedModel, comparison: Comparison, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[Compared]:
    """The comparison as it grows, answer by answer; one that is cancelled ends with what it has.

    Raises what the answering raises: PromptError, ModelError.
    """
    rows: list[dict[str, object]] = []
    size = CHUNK if comparison.questions is None else QUESTIONS_CHUNK
    for start in range(0, comparison.items, size):
        chunk = range(start, min(start + size, comparison.items))
        for place in range(len(comparison.genotypes)):
            for row in _rows(answering, model, comparison, place, chunk, cancelled):
                rows.append(row)
                yield Compared(comparison=comparison, rows=tuple(rows))
            if cancelled():
                return


def _rows(
    answering: Answering,
    model: LoadedModel,
    comparison: Comparison,
    place: int,
    chunk: range,
    cancelled: Callable[[], bool],
) -> Iterator[dict[str, object]]:
    """Of one genotype and a run of items."""
    genotype = comparison.genotypes[place]
    if comparison.questions is None:
        prompts = comparison.prompts[chunk.start : chunk.stop]
        for at, answer in answering.answers(model, genotype, prompts, comparison.decoding, cancelled):
            item = chunk.start + at
            asked = {"item": item, "name": f"prompt {item + 1}", "asked": prompts[at].text, "genotype": place}
            yield asked | _of_answer(answer)
        return
    some = replace(comparison.questions, questions=comparison.questions.questions[chunk.start : chunk.stop])
    for at, score in answering.scores(model, genotype, some, cancelled, comparison.shots):
        question = some.questions[at]
        asked = {"item": chunk.start + at, "name": question.name, "asked": question.text, "genotype": place}
        yield asked | _of_score(question, some, score)


def _of_answer(answer: Answer) -> dict[str, object]:
    return {
        "text": answer.text,
        "passed": answer.style not in DESTROYED and answer.ending != "overflow",
        "overflow": answer.ending == "overflow",
        "near_tie": answer.near_tie,
        "style": answer.style,
        "margin": None,
        "mean_kl": answer.mean_kl,
        "perplexity": answer.perplexity,
        "cosine": answer.cosine,
    }


def _of_score(question: Question, questions: QuestionSet, score: Score) -> dict[str, object]:
    chosen = None if score.chosen is None else question.choices[score.chosen]
    weighed = _weighed(question, questions, score)
    right = weighed[question.answer]
    best = max((value for place, value in enumerate(weighed) if place != question.answer), default=right)
    return {
        "text": score.said if chosen is None else chosen,
        "passed": score.is_right,
        "overflow": score.chosen is None,
        "near_tie": score.near_tie,
        "style": None,
        "margin": None if score.chosen is None else right - best,
        "mean_kl": None,
        "perplexity": None,
        "cosine": None,
    }


def _weighed(question: Question, questions: QuestionSet, score: Score) -> list[float]:
    """The log-likelihood of each choice as the form counts it: of a cloze, a byte; else that of its letter."""
    if questions.form == "letter":
        return list(score.likelihoods)
    return [value / len(choice.encode()) for value, choice in zip(score.likelihoods, question.choices, strict=True)]
