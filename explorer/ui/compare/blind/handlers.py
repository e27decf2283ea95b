"""What the blind test does: functions from values to values."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import gradio as gr

from explorer.domain.errors import ExplorerError
from explorer.domain.evaluation import BlindMode
from explorer.domain.notation import format_genotype
from explorer.statistics.comparison import paired
from explorer.statistics.votes import tally
from explorer.store.votes import Ballot, add_vote
from explorer.tasks.blind import BlindTest, Pressed, next_pairs
from explorer.ui.compare.blind.words import BUTTONS, blind_html, tally_html
from explorer.ui.compare.form import Form
from explorer.ui.compare.handlers import CompareHandlers, Shown
from explorer.ui.explore.exploration import Exploration
from explorer.ui.runs import Runs
from explorer.ui.words import notice_html


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A visitor's test."""

    source: str
    """The model's name, as the workspace knows it."""
    test: BlindTest


class BlindHandlers:
    """The sub-tab's behaviour."""

    def __init__(self, comparing: CompareHandlers, runs: Runs) -> None:
        self._comparing = comparing
        self._workspace = comparing.handlers.workspace
        self._runs = runs

    def begin(
        self, request: gr.Request, exploration: Exploration, shown: Shown | None, mode: BlindMode, *values: Any
    ) -> Iterator[list[Any]]:
        """A new test of the form's first two genotypes, and its first pair."""
        try:
            order = Form(*values).order(self._comparing.handlers.model(exploration), self._comparing.answering)
            two = replace(order, genotypes=order.genotypes[:2])
            test = BlindTest(comparison=two, mode=mode, secret=secrets.randbits(63))
        except ExplorerError as fault:
            yield _refused(str(fault))
            return
        yield from self.go_on(request, Sitting(source=exploration.source, test=test), shown)

    def go_on(self, request: gr.Request, sitting: Sitting | None, shown: Shown | None) -> Iterator[list[Any]]:
        """The next pair of texts that differ; first that they are being written."""
        if sitting is None:
            yield _refused("Begin a test first.")
            return
        visitor = request.session_hash or ""
        self._runs.begin(visitor)
        ticket = self._runs.claim(visitor) or 0
        yield _writing(sitting)
        try:
            model = self._workspace.models.present(sitting.source)
            known, test = _known(sitting, shown), replace(sitting.test, pair=None, voted=None)
            steps = next_pairs(
                self._comparing.answering, model, sitting.test, known, lambda: self._runs.is_over(visitor, ticket)
            )
            test = functools.reduce(lambda _, step: step, steps, test)
            yield draw(replace(sitting, test=test))
        except ExplorerError as fault:
            yield draw(sitting, notice_html(str(fault)))

    def vote(self, sitting: Sitting | None, name: str, pressed: Pressed) -> list[Any]:
        """A button was pressed: the labels, the tally, and the vote in the database."""
        if sitting is None:
            return _refused("Begin a test first.")
        try:
            voted = replace(sitting, test=sitting.test.voting(pressed))
        except ExplorerError as fault:
            return _refused(str(fault))
        return draw(voted, notice_html(self._keep(voted, name)))

    def _keep(self, sitting: Sitting, name: str) -> str:
        """Store the vote; a sentence if that is not possible, "" if it was."""

        test, model = sitting.test, self._workspace.models.present(sitting.source)
        assert test.pair is not None
        assert test.voted is not None
        first, second = (format_genotype(genotype) for genotype in test.comparison.genotypes)
        ballot = Ballot(
            visitor=name.strip(), model=model.name, fingerprint=model.fingerprint, first=first, second=second,
            prompt=test.comparison.prompts[test.pair.item], decoding=test.comparison.decoding,
            first_text=test.pair.first, second_text=test.pair.second, swapped=test.pair.swapped, mode=test.mode,
            choice=test.voted,
        )  # fmt: skip
        try:
            with self._workspace.screens.library.adding() as connection:
                add_vote(connection, ballot)
        except (ExplorerError, duckdb.Error) as fault:
            return f"{fault} The vote counts here, but it is not kept."
        return ""


def _refused(sentence: str) -> list[Any]:
    """Updates of `BlindTab.drawn` that change nothing but the notice."""
    return [gr.skip(), notice_html(sentence), *[gr.skip()] * 6]


def draw(sitting: Sitting, notice: str = "") -> list[Any]:
    """Updates of `BlindTab.drawn`."""

    test = sitting.test
    waits = test.pair is not None and test.voted is None
    presses = [gr.update(value=label, interactive=waits) for label in BUTTONS[test.mode]]
    following = gr.update(interactive=not waits and not test.is_over)
    return [sitting, notice, blind_html(test), *presses, following, tally_html(test, tally(test.votes))]


def _writing(sitting: Sitting) -> list[Any]:
    """While the texts are written: nothing to press."""
    presses = [gr.update(value=label, interactive=False) for label in BUTTONS[sitting.test.mode]]
    writing = '<p class="caption busy">Both are writing …</p>'
    return [gr.skip(), "", writing, *presses, gr.update(interactive=False), gr.skip()]


def _known(sitting: Sitting, shown: Shown | None) -> dict[int, tuple[str, str]]:
    """The texts of the comparison on the page, if it asked the same of the same."""

    wanted = sitting.test.comparison
    if shown is None or shown.source != sitting.source:
        return {}
    asked = shown.compared.comparison
    if (asked.prompts, asked.decoding, asked.genotypes[:2]) != (wanted.prompts, wanted.decoding, wanted.genotypes):
        return {}
    pairs = paired(shown.compared.answers, 1)
    return {row["item"]: (row["text"], row["text_second"]) for row in pairs.iter_rows(named=True)}
