"""What the sub-tab Questions does: functions from values to values, so that tests call them without a browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.atlas.atlas import Better
from explorer.domain.errors import ExplorerError, TaskError
from explorer.domain.evaluation import QuestionSet
from explorer.domain.genotype import Genotype
from explorer.domain.screens import StoredScreen
from explorer.figures.encoding import figure_json
from explorer.figures.questions import accuracy_figure
from explorer.model.loaded import LoadedModel
from explorer.reports.runs import questions_run, retest_run
from explorer.reports.tasks import better_told, retest_report, retest_rows, score_report
from explorer.tasks.retest import held_out, retested
from explorer.tasks.scoring import Scored, ask
from explorer.ui.doors import Doors
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import Handlers
from explorer.ui.questions import chosen
from explorer.ui.runs import Runs
from explorer.ui.screen.words import progress_label
from explorer.ui.tasks.questions.words import MOST_LISTED, accuracy_html, better_html, better_json, no_task_html
from explorer.ui.words import notice_html, progress_html

UPDATE_SECONDS = 0.3
AGAIN = 10
"""Mutants that are asked again, unless another number is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The mutants that the page lists."""

    screen: StoredScreen
    better: Better


class ExaminingHandlers:
    """The sub-tab's behaviour."""

    def __init__(self, handlers: Handlers, again: Runs, asking: Runs) -> None:
        """`again` are the visitors' retests, `asking` their questions by subject."""
        self._handlers = handlers
        self._workspace = handlers.workspace
        self._doors = Doors(handlers)
        self._again, self._asking = again, asking

    # ---------------------------------------------------------------------------------- a screen on a task

    def open(self, chosen: str | None, listed: Listed | None) -> list[Any]:
        """The tab was opened: updates of `QuestionsTab.listed`; a list that is there stays."""
        screens = self._screens()
        keys = [screen.key for screen in screens]
        if listed is not None and listed.screen in screens:
            return _listed(task_screen=self._choices(screens, listed.screen.key))
        if not keys:
            return self._nothing()
        return self._list(screens, chosen if chosen in keys else keys[0])

    def choose(self, key: str) -> list[Any]:
        """Another screen was chosen."""
        return self._list(self._screens(), key)

    def to_screen(self) -> list[Any]:
        """The tab Screen, with the questions chosen as its experiment."""
        names = [experiment.name for experiment in self._workspace.behaviour.tasks()]
        return [gr.Tabs(selected="screen"), names[0] if names else gr.skip()]

    def _screens(self) -> list[StoredScreen]:
        return [screen for screen in self._workspace.atlas.stored()[0] if screen.task is not None]

    def _choices(self, screens: list[StoredScreen], key: str) -> Any:

        return gr.update(choices=[(progress_label(screen), screen.key) for screen in screens], value=key, visible=True)

    def _nothing(self) -> list[Any]:

        hidden = gr.update(visible=False)
        return _listed(
            task_screen=gr.update(choices=[], value=None, visible=False), shown=None, told=no_task_html(), better="",
            to_screen=gr.update(visible=True), asking_again=hidden,
        )  # fmt: skip

    def _list(self, screens: list[StoredScreen], key: str) -> list[Any]:

        try:
            screen = self._workspace.atlas.screen(key)
            better = self._workspace.atlas.better(screen)
        except ExplorerError as fault:
            return _listed(notice=notice_html(str(fault)))
        total = better.mutants.height
        return _listed(
            task_screen=self._choices(screens, key),
            shown=Listed(screen=screen, better=better),
            notice="",
            told=better_html(better_told(better), min(total, MOST_LISTED), total),
            better=better_json(better.mutants, None),
            to_screen=gr.update(visible=False),
            asking_again=gr.update(visible=bool(total)),
            count=gr.update(maximum=max(2, min(total, MOST_LISTED)), value=min(AGAIN, max(1, total))),
            again_progress="",
        )

    def open_mutant(
        self, event: gr.EventData, request: gr.Request, exploration: Exploration, listed: Listed | None
    ) -> list[Any]:
        """A mutant was clicked: it is set in Explore, with the first question that its screen asked."""
        if listed is None:
            return self._doors.refuse("Choose a screen first.")
        return self._doors.open_genotype(exploration, listed.screen, str(event.genotype), request)

    # ------------------------------------------------------------------------------------------- asked again

    def begin_again(self, request: gr.Request) -> None:
        """Want a retest; the visitor's older one stops."""
        self._again.begin(request.session_hash or "")

    def stop_again(self, request: gr.Request) -> None:
        """Stop it; nothing is counted of one that is not complete."""
        self._again.stop(request.session_hash or "")

    def ask_again(
        self, request: gr.Request, exploration: Exploration, listed: Listed | None, count: float
    ) -> Iterator[list[Any]]:
        """Updates of `QuestionsTab.listed`: progress, then the list with what fresh questions say."""
        visitor = request.session_hash or ""
        ticket = self._again.claim(visitor)
        if ticket is None or listed is None:
            yield _listed()
            return
        scored: Scored | None = None
        try:
            model = self._handlers.model(exploration)
            genotypes, fresh = self._fresh(model, listed, int(count))
            assert listed.screen.task is not None
            steps = ask(
                self._workspace.behaviour, model, genotypes, fresh, listed.screen.task.shots,
                lambda: self._again.is_over(visitor, ticket),
            )  # fmt: skip
            yield _listed(notice="", again_progress=progress_html(0, len(genotypes) * len(fresh.questions), 0.0))
            for each, progress in _steps(steps):
                scored = each
                yield _listed(again_progress=progress)
        except ExplorerError as fault:
            yield _listed(notice=notice_html(str(fault)), again_progress="")
            return
        if scored is not None and not self._again.is_overtaken(visitor, ticket):
            yield self._asked_again(model, listed, scored)
        elif self._again.is_overtaken(visitor, ticket):
            yield _listed()  # at the end gradio sends the last update again

    def _fresh(self, model: LoadedModel, listed: Listed, count: int) -> tuple[list[Genotype], QuestionSet]:
        """Who is asked what. Raises ExplorerError."""
        screen = listed.screen
        if screen.model != model.name:
            raise TaskError(f"That screen is of {screen.model}: load that model at the foot of the page first.")
        assert screen.task is not None
        sets = {(each.name, each.form): each for each in self._workspace.behaviour.question_sets()}
        asked = sets.get((screen.task.set, screen.task.form))
        if asked is None:
            raise TaskError(f"The questions '{screen.task.title}' are not here: start the page with --mmlu FOLDER.")
        texts = [screen.background, *listed.better.mutants["genotype"].head(count)]
        fresh = held_out(asked, screen.task.right, screen.task.wrong)
        return [model.anatomy.read(text) for text in texts], fresh

    def _asked_again(self, model: LoadedModel, listed: Listed, scored: Scored) -> list[Any]:

        assert listed.screen.task is not None
        progress = progress_html(scored.done, scored.total, 0.0, "all asked" if scored.is_complete else "stopped")
        found = retested(scored, listed.screen.task.by)
        if not found:
            told = "Stopped before all were asked: nothing is counted, because part of the questions would mislead."
            return _listed(again_progress=progress, notice=notice_html(told))
        report = retest_report(listed.better, found, len(scored.questions.questions))
        self._workspace.record.keep(model, retest_run(report, listed.screen.title))
        total = listed.better.mutants.height
        return _listed(
            again_progress=progress,
            told=better_html(report["sentence"], min(total, MOST_LISTED), total),
            better=better_json(listed.better.mutants, retest_rows(listed.better, found)),
        )

    # ------------------------------------------------------------------------------------------- by subject

    def begin(self, request: gr.Request) -> None:
        """Want the questions asked; the visitor's older run stops."""
        self._asking.begin(request.session_hash or "")

    def stop(self, request: gr.Request) -> None:
        """Stop the visitor's run; the questions that both have answered are shown."""
        self._asking.stop(request.session_hash or "")

    def run(
        self, request: gr.Request, exploration: Exploration, name: str | None, count: float, shots: float
    ) -> Iterator[list[Any]]:
        """Notice, progress, sentence and figure."""
        visitor = request.session_hash or ""
        ticket = self._asking.claim(visitor)
        if ticket is None:
            yield [gr.skip()] * 4
            return
        scored: Scored | None = None
        try:
            model = self._handlers.model(exploration)
            genotype = exploration.genotype(model.anatomy)
            pair = [Genotype(), genotype] if genotype else [Genotype()]
            asked = chosen(self._workspace.behaviour.question_sets(), name, count)
            yield ["", progress_html(0, len(pair) * len(asked.questions), 0.0), gr.skip(), gr.skip()]
            steps = ask(
                self._workspace.behaviour, model, pair, asked, int(shots),
                lambda: self._asking.is_over(visitor, ticket),
            )  # fmt: skip
            for each, progress in _steps(steps):
                scored = each
                yield ["", progress, gr.skip(), gr.skip()]
        except ExplorerError as fault:
            yield [notice_html(str(fault)), "", gr.skip(), gr.skip()]
            return
        if scored is not None and not self._asking.is_overtaken(visitor, ticket):
            yield self._accuracy(model, scored)
        elif self._asking.is_overtaken(visitor, ticket):
            yield [gr.skip()] * 4  # at the end gradio sends the last update again

    def _accuracy(self, model: LoadedModel, scored: Scored) -> list[Any]:

        progress = progress_html(scored.done, scored.total, 0.0, "all asked" if scored.is_complete else "stopped")
        questions, _ = scored.shared()
        if not questions.questions:
            return [notice_html("Stopped before both had answered a question."), progress, gr.skip(), gr.skip()]
        report, has_mutant = score_report(scored), len(scored.genotypes) > 1
        self._workspace.record.keep(model, questions_run(report))
        chance = sum(1 / len(each.choices) for each in questions.questions) / len(questions.questions)
        figure = accuracy_figure([*report["subjects"], {**report, "subject": "all"}], chance, has_mutant=has_mutant)
        ties = f" {report['near_tie']:,} questions hold a near tie." if report["near_tie"] else ""
        note = f"Filled: the likeliest choice; hollow: the generated token; dotted line: guessing.{ties}"
        return ["", progress, accuracy_html(report["genotype"], report["sentence"], note), figure_json(figure)]


def _steps(steps: Iterator[Scored]) -> Iterator[tuple[Scored, Any]]:
    """How far it is, as often as is worth sending."""
    begun = sent = time.perf_counter()
    for scored in steps:
        now, progress = time.perf_counter(), gr.skip()
        if now - sent > UPDATE_SECONDS:
            sent, progress = now, progress_html(scored.done, scored.total, now - begun)
        yield scored, progress


LISTED = (
    "task_screen", "shown", "notice", "told", "better", "to_screen", "asking_again", "count", "again_progress",
)  # fmt: skip
"""Of the components in `QuestionsTab.listed`."""


def _listed(**updates: Any) -> list[Any]:
    """Updates of `QuestionsTab.listed`; what is not named is left alone."""
    return [updates.get(name, gr.skip()) for name in LISTED]
