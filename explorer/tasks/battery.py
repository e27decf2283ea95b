"""Questions made ready for one model: laid into trees, run by the original once, then by mutants in batches.

What questions begin with is computed once a mutant, the layers below a mutation once for all mutants. A choice counts
by its likelihood: per byte in form `cloze`, where a longer one would else lose, as a letter in form `letter`.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import PromptError, TaskError
from explorer.domain.evaluation import Question, QuestionSet, Score
from explorer.generation.decoding import near_tie
from explorer.generation.differences import kl_at
from explorer.generation.laid import HIDDEN_KEPT, TREE, Laid
from explorer.generation.packed import Tree
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant
from explorer.tasks.prompts import put

LOGITS = 2**26
"""Logits of one pass, at most: a quarter of a GiB of float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A choice in a tree."""

    places: tuple[int, ...]
    """Those whose logits its tokens are chosen from."""
    tokens: tuple[int, ...]
    length: int
    """In bytes; 1 in form `letter`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaidQuestion:
    """A question in a tree."""

    number: int
    """Its place among the questions."""
    question: Question
    end: int
    """The place of its last token, after which an answer begins."""
    branches: tuple[Branch, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class _Asked:
    """Questions that share a tree."""

    laid: Laid
    questions: tuple[LaidQuestion, ...]
    log_p: Tensor = field(default_factory=lambda: torch.empty(0))
    """Of the original, [questions, vocabulary]: where each answer begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What one mutant makes of one question."""

    number: int
    """The question's place in its set."""
    score: Score
    kl: float
    """KL(original ‖ mutant) where the answer begins, in nats; NaN if it overflows."""
    added_nll: float
    """What it adds there to the negative log-likelihood of the original's own token, in nats."""


class Battery:
    """Raises TaskError for a question that is too long for the model, or for a set without so many examples."""

    def __init__(self, model: LoadedModel, questions: QuestionSet, examples: int = 0) -> None:
        self.model, self.questions = model, questions
        self._trees = list(_trees(model, questions, examples))
        self._is_ready = False

    def run(self, mutants: Sequence[Mutant]) -> Iterator[list[tuple[int, Mark]]]:
        """Marks with the place of their mutant, as they are ready; halts, with nothing, before each forward pass."""
        yield from self._run_original()
        for tree in self._trees:
            rows = max(1, LOGITS // (len(tree.laid.kept) * tree.log_p.shape[-1]))
            for start in range(0, len(mutants), rows):
                yield []
                logits = tree.laid.read(mutants[start : start + rows])
                found = _marks_of(self.model, tree, logits, self.questions.form == "cloze")
                yield [(place, mark) for place, marks in enumerate(found, start) for mark in marks]

    def marks(self, mutants: Sequence[Mutant], breathe: Callable[[], None] = lambda: None) -> list[list[Mark]]:
        """Of each mutant, in the order of the questions; `breathe` is called where `run` halts."""
        found: list[list[Mark]] = [[] for _ in mutants]
        for share in self.run(mutants):
            breathe()
            for place, mark in share:
                found[place].append(mark)
        return [sorted(marks, key=lambda mark: mark.number) for marks in found]

    def _run_original(self) -> Iterator[list[tuple[int, Mark]]]:
        """Once: the hidden states that mutants start from, and what they are compared with."""
        if self._is_ready:
            return
        room = HIDDEN_KEPT
        for tree in self._trees:
            yield []
            logits = tree.laid.read_original(room)
            room -= tree.laid.bytes_kept
            tree.log_p = logits[tree.laid.at([each.end for each in tree.questions])].log_softmax(-1)
        self._is_ready = True


def _trees(model: LoadedModel, questions: QuestionSet, examples: int) -> Iterator[_Asked]:
    """The questions in as many trees as it takes, in their order."""
    tree, laid = Tree(), list[LaidQuestion]()
    for number, question in enumerate(questions.questions):
        context, wholes = texts_of(model, questions, question, examples)
        if laid and len(tree) + tree.grown_by([context, *(whole[:-1] for whole in wholes)]) > TREE:
            yield _laying(model, tree, laid)
            tree, laid = Tree(), []
        laid.append(_lay(tree, number, questions, question, context, wholes))
    if laid:
        yield _laying(model, tree, laid)


def texts_of(
    model: LoadedModel, questions: QuestionSet, question: Question, examples: int
) -> tuple[list[int], list[list[int]]]:
    """The tokens of what is read before an answer, and of it with each choice. Raises TaskError."""
    asked, decoding = put(question, questions, examples), Decoding(max_new_tokens=1)
    try:
        context = model.encode(Prompt(text=asked.prompt, chat=False), decoding)
        choices = [Prompt(text=asked.prompt + choice, chat=False) for choice in asked.continuations]
        return context, [model.encode(choice, decoding) for choice in choices]
    except PromptError as fault:
        raise TaskError(f"Question '{question.name}' with {examples} examples: {fault}") from fault


def choice_start(context: Sequence[int], whole: Sequence[int]) -> int:
    """Where a choice begins in its text: it has a token of its own, whatever the tokenizer joins."""
    return min(len(context), len(whole) - 1)


def _lay(
    tree: Tree, number: int, questions: QuestionSet, question: Question, context: list[int], wholes: list[list[int]]
) -> LaidQuestion:
    branches = []
    for whole, choice in zip(wholes, question.choices, strict=True):
        places = tree.add(whole[:-1])
        length = len(choice.encode()) if questions.form == "cloze" else 1
        start = choice_start(context, whole)
        branches.append(Branch(places=places[start - 1 :], tokens=tuple(whole[start:]), length=length))
    return LaidQuestion(number=number, question=question, end=tree.add(context)[-1], branches=tuple(branches))


def _laying(model: LoadedModel, tree: Tree, laid: list[LaidQuestion]) -> _Asked:
    places = {place for each in laid for branch in each.branches for place in branch.places}
    return _Asked(laid=Laid(model, tree, places | {each.end for each in laid}), questions=tuple(laid))


def _marks_of(model: LoadedModel, tree: _Asked, logits: Tensor, is_per_byte: bool) -> list[list[Mark]]:
    """What mutants make of the questions of a tree, from logits [mutants, kept, vocabulary]."""
    likelihoods = _likelihoods(tree, logits)
    ends = logits[:, tree.laid.at([each.end for each in tree.questions])]
    own = tree.log_p.argmax(-1)
    found = []
    for row, at_ends in zip(likelihoods, ends, strict=True):
        log_q = at_ends.log_softmax(-1)
        kl = kl_at(tree.log_p, tree.log_p.exp(), log_q)
        added = tree.log_p.gather(-1, own[:, None]) - log_q.gather(-1, own[:, None])
        rows = zip(tree.questions, row, at_ends.argmax(-1).tolist(), kl.tolist(), added[:, 0].tolist(), strict=True)
        found.append(
            [
                Mark(
                    number=laid.number,
                    score=_score(model, laid, said, token, is_per_byte),
                    kl=0.0 if distance < 0 else distance,  # NaN stays
                    added_nll=more,
                )
                for laid, said, token, distance, more in rows
            ]
        )
    return found


def _likelihoods(tree: _Asked, logits: Tensor) -> list[list[list[float]]]:
    """Log-likelihood, in nats, of each choice of each question, for each mutant."""
    branches = [branch for laid in tree.questions for branch in laid.branches]
    places = tree.laid.at([place for branch in branches for place in branch.places])
    tokens = torch.tensor([token for branch in branches for token in branch.tokens], device=logits.device)
    owners = [number for number, branch in enumerate(branches) for _ in branch.tokens]
    told = logits.log_softmax(-1)[:, places, tokens]
    sums = told.new_zeros(len(logits), len(branches))
    sums.index_add_(1, torch.tensor(owners, device=logits.device), told)
    counts = [len(laid.branches) for laid in tree.questions]
    return [[part.tolist() for part in row.split(counts)] for row in sums]


def _score(model: LoadedModel, laid: LaidQuestion, likelihoods: list[float], token: int, is_per_byte: bool) -> Score:
    is_finite = all(map(math.isfinite, likelihoods))
    weighed = [value / branch.length for value, branch in zip(likelihoods, laid.branches, strict=True)]
    best, second = sorted(range(len(weighed)), key=weighed.__getitem__, reverse=True)[:2] if is_finite else (-1, -1)
    named = _named(model, laid, token, is_per_byte) if is_finite else []
    gap = (weighed[best] - weighed[second]) * min(laid.branches[best].length, laid.branches[second].length)
    return Score(
        likelihoods=tuple(likelihoods),
        chosen=best if is_finite else None,
        is_right=best == laid.question.answer,
        near_tie=is_finite and gap < near_tie(model.dtype),
        said=model.show_token(token) if is_finite else "",
        named=None if not named else laid.question.answer if laid.question.answer in named else named[0],
        says_right=laid.question.answer in named,
    )


def _named(model: LoadedModel, laid: LaidQuestion, token: int, is_cloze: bool) -> list[int]:
    """The choices that a generated token names."""
    if is_cloze:
        return [number for number, branch in enumerate(laid.branches) if branch.tokens[0] == token]
    letter = model.show_token(token).strip()
    return [laid.question.letters.index(letter)] if letter in list(laid.question.letters) else []
