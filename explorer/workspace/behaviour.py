"""What genotypes do: their answers to many prompts, their scores on questions. Behind `Workspace.behaviour`.

Works behind whatever people wait for: between two forward passes, a text that streams goes first. Keeps what the
original says, so that a second genotype is compared with it for nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import Knockout
from explorer.domain.evaluation import Answer, Input, QuestionForm, QuestionSet, Score, Task
from explorer.domain.experiments import Experiment
from explorer.domain.genotype import Genotype
from explorer.domain.screens import StoredTask
from explorer.domain.thresholds import Accuracy
from explorer.files.settings import Settings
from explorer.model.loaded import LoadedModel
from explorer.tasks.comparison import shortened
from explorer.tasks.inputs import read_inputs
from explorer.tasks.prompts import put
from explorer.tasks.questions import bundled_questions, has_lists, listed_questions, read_questions
from explorer.tasks.sample import task_experiment
from explorer.workspace.computing import Computing, lack_of_memory_told

if TYPE_CHECKING:
    from explorer.tasks.battery import Battery, Mark

Item = TypeVar("Item")
Cancelled = Callable[[], bool]

ORIGINALS_KEPT = 8
"""Sets of prompts whose original answers are kept."""

BATTERIES_KEPT = 2
"""Sets of questions that are kept ready, with their hidden states."""


WATCHED = 24
"""Questions that the threshold on accuracy asks: they take about a second on two cores."""


def _never() -> bool:
    return False


class Behaviour:
    """What one process asks of its models."""

    def __init__(self, settings: Settings, computing: Computing, mmlu: Path | None = None) -> None:
        """`mmlu` is a folder in MMLU's layout, offered beside the bundled questions."""
        self._settings, self._computing, self._mmlu = settings, computing, mmlu
        self._originals: OrderedDict[tuple[Hashable, ...], tuple[Answer, ...]] = OrderedDict()
        self._batteries: OrderedDict[tuple[Hashable, ...], Battery] = OrderedDict()

    def __deepcopy__(self, _memo: object) -> Behaviour:
        """Itself, as with `Workspace`: a copy at every visit would reach the models."""
        return self

    def inputs(self) -> tuple[Input, ...]:
        """Those that come along, or those of the user's file. Raises TaskError."""
        return read_inputs(self._settings.inputs_file)

    def question_sets(self) -> tuple[QuestionSet, ...]:
        """The bundled questions first. Raises TaskError."""
        bundled = bundled_questions(self._settings.questions_folder)
        return (bundled,) if self._mmlu is None else (bundled, mmlu_questions(self._mmlu))

    def answers(
        self,
        model: LoadedModel,
        genotype: Genotype,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        cancelled: Cancelled = _never,
        *,
        is_measured: bool = True,
    ) -> Iterator[tuple[int, Answer]]:
        """The place of each prompt and what the genotype says to it, as they are ready, until cancelled.

        Measured against the original's own answers, unless that is not wanted. Raises PromptError, ModelError.
        """
        from explorer.generation.answers import answers, measured

        if genotype and not is_measured:
            yield from self._stream(answers(model, genotype, prompts, decoding), cancelled)
            return
        originals = self._original_answers(model, prompts, decoding, cancelled)
        if originals is None:
            return
        said = answers(model, genotype, prompts, decoding) if genotype else iter([list(enumerate(originals))])
        if is_measured:
            said = measured(model, genotype, prompts, decoding, originals, said)
        yield from self._stream(said, cancelled)

    def scores(
        self,
        model: LoadedModel,
        genotype: Genotype,
        questions: QuestionSet,
        cancelled: Cancelled = _never,
        shots: int = 0,
    ) -> Iterator[tuple[int, Score]]:
        """The place of each question and its score, as they are ready, until cancelled.

        Each question comes after `shots` answered examples of its subject. Raises TaskError, ModelError.
        """
        for _, number, score in self.scores_of(model, [genotype], questions, cancelled, shots):
            yield number, score

    def scores_of(
        self,
        model: LoadedModel,
        genotypes: Sequence[Genotype],
        questions: QuestionSet,
        cancelled: Cancelled = _never,
        shots: int = 0,
    ) -> Iterator[tuple[int, int, Score]]:
        """As `scores`, of several genotypes in one batch: the place of the genotype, of the question, and the score."""
        from explorer.mutation.apply import make_mutant

        battery = self.battery(model, questions, shots)
        mutants = [self._computing.run_behind(make_mutant, model, genotype) for genotype in genotypes]
        for place, mark in self._stream(battery.run(mutants), cancelled):
            yield place, mark.number, mark.score

    def accuracy(self, model: LoadedModel, genotype: Genotype) -> Accuracy:
        """How many of `WATCHED` of the bundled questions original and mutant answer right. Raises TaskError."""
        questions = shortened(self.question_sets()[0], WATCHED)
        right = [0.0, 0.0]
        for place, _, score in self.scores_of(model, [Genotype(), genotype], questions):
            right[place] += score.is_right / len(questions.questions)
        return Accuracy(task=f"{WATCHED} questions", original=right[0], mutated=right[1])

    def knock_out(
        self, model: LoadedModel, questions: QuestionSet, stacked: Genotype
    ) -> Iterator[tuple[int, list[Knockout]]]:
        """What every head, knocked out by itself, costs on questions, some at a time; see `tasks.knockout`.

        First how many the genotype itself answers right. Raises TaskError, ModelError.
        """
        from explorer.generation.knockout import head_sites
        from explorer.tasks.knockout import knock_out_on, knockout_of, right_in

        battery = self.battery(model, questions, 0)
        standard: list[Mark] | None = None
        with lack_of_memory_told("ask fewer questions"):
            steps = knock_out_on(battery, head_sites(model.anatomy), stacked)
            for found in self._computing.stream_behind(steps):
                standard = standard or found[0][1]
                yield (
                    right_in(standard),
                    [knockout_of(site, marks, standard) for site, marks in found if site is not None],
                )

    def tasks(self) -> tuple[Experiment, ...]:
        """The question sets as experiments of a screen, with the study's numbers. Raises TaskError."""
        return tuple(task_experiment(Task(questions=questions)) for questions in self.question_sets())

    def prompt_of(self, task: StoredTask, number: int) -> Prompt | None:
        """The question of a stored screen's sample with that number, as it is put; None if the set is not here."""
        for questions in self.question_sets():
            named = {question.name: question for question in questions.questions}
            question = named.get([*task.right, *task.wrong][number])
            if (questions.name, questions.form) == (task.set, task.form) and question is not None:
                return Prompt(text=put(question, questions, task.shots).prompt, chat=False)
        return None

    def battery(self, model: LoadedModel, questions: QuestionSet, shots: int) -> Battery:
        """Questions made ready for a model; kept. Raises TaskError."""
        from explorer.tasks.battery import Battery

        key = (model, questions.name, questions.form, questions.questions, shots)
        if key not in self._batteries:
            made = self._computing.run_behind(Battery, model, questions, shots)
            _keep(self._batteries, key, made, BATTERIES_KEPT)
        self._batteries.move_to_end(key)
        return self._batteries[key]

    def forget(self, model: LoadedModel) -> None:
        """Forget what is kept of a model."""
        for kept in (self._originals, self._batteries):
            for key in [key for key in kept if key[0] is model]:
                del kept[key]

    def _original_answers(
        self, model: LoadedModel, prompts: Sequence[Prompt], decoding: Decoding, cancelled: Cancelled
    ) -> tuple[Answer, ...] | None:
        """The original's, kept; None if it is cancelled."""
        from explorer.generation.answers import answers

        key = (model, tuple(prompts), decoding)
        if key not in self._originals:
            found = dict(self._stream(answers(model, Genotype(), prompts, decoding), cancelled))
            if len(found) < len(prompts):
                return None
            _keep(self._originals, key, tuple(found[place] for place in range(len(prompts))), ORIGINALS_KEPT)
        return self._originals[key]

    def _stream(self, steps: Iterator[list[Item]], cancelled: Cancelled) -> Iterator[Item]:
        """What a computation finds, each of its steps behind whatever people wait for."""
        with lack_of_memory_told("ask for fewer new tokens, or fewer at once"):
            while not cancelled() and (found := self._computing.run_behind(next, steps, None)) is not None:
                yield from found


def mmlu_questions(folder: Path, form: QuestionForm = "letter", subjects: Sequence[str] | None = None) -> QuestionSet:
    """Of a folder in MMLU's layout, what it lists as right and wrong, else its test questions. Raises TaskError."""
    if has_lists(folder):
        return replace(listed_questions(folder, subjects), form=form)
    return read_questions(folder, name=folder.name, title=f"Questions of {folder.name}", form=form, subjects=subjects)


def _keep(kept: OrderedDict[tuple[Hashable, ...], Item], key: tuple[Hashable, ...], value: Item, most: int) -> None:
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
