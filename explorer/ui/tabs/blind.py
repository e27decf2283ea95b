"""The blind test of the Compare tab: two texts without labels, a vote, then the labels."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import gradio as gr

from explorer.errors import ExplorerError
from explorer.evaluation import BlindMode  # at hand when gradio reads what handlers take
from explorer.notation import format_genotype
from explorer.tasks.blind import BlindTest, Pressed, next_pairs
from explorer.ui.events import QUEUED, QUIETLY
from explorer.ui.session import Exploration, Runs
from explorer.ui.summary import notice_html
from explorer.ui.tabs.comparing import CompareHandlers, Form, Shown

BETTER, MUTANT = "Which is better?", "Which is the mutant?"
BUTTONS: dict[str, tuple[str, str, str]] = {
    "better": ("1 is better", "2 is better", "No difference"),
    "mutant": ("1 is the mutant", "2 is the mutant", "I cannot tell"),
}
"""What the three buttons say."""
_HINT = (
    '<p class="no-picture">Two texts without labels, in random order: say which is better, or which is the mutant\'s. '
    "The labels are told after each vote, and the votes are kept. Genotypes and prompts are those of the form; of the "
    "genotypes, the first two.</p>"
)


@dataclass(frozen=True, slots=True)
class BlindTab:
    """The components."""

    mode: gr.Radio
    name: gr.Textbox
    begin: gr.Button
    sitting: gr.State
    """The test as it goes, as a `Sitting`; it stays on the server."""
    notice: gr.HTML
    pair: gr.HTML
    one: gr.Button
    two: gr.Button
    neither: gr.Button
    next: gr.Button
    tally: gr.HTML

    @property
    def drawn(self) -> list[Any]:
        """What every step updates."""
        return [
            self.sitting, self.notice, self.pair, self.one, self.two, self.neither, self.next, self.tally
        ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A visitor's test."""

    source: str
    """The model's name, as the workspace knows it."""
    test: BlindTest


def build() -> BlindTab:
    """Lay the sub-tab out."""
    with gr.Row(elem_classes="find-row"):
        mode = gr.Radio(
            label="Question of the blind test",
            choices=[(BETTER, "better"), (MUTANT, "mutant")],
            value="better",
            elem_classes="pills",
            scale=3,
        )
        name = gr.Textbox(label="Your name (optional)", max_lines=1, scale=2, min_width=130)
        begin = gr.Button("Begin", variant="primary", size="md", min_width=90, scale=1)
    notice = gr.HTML(apply_default_css=False)
    pair = gr.HTML(_HINT, apply_default_css=False)
    with gr.Row(elem_classes="buttons"):
        one, two, neither = (gr.Button(label, min_width=110, interactive=False) for label in BUTTONS["better"])
        following = gr.Button("Next pair", variant="primary", min_width=100, interactive=False)
    tally = gr.HTML(apply_default_css=False)
    return BlindTab(
        mode=mode, name=name, begin=begin, sitting=gr.State(None), notice=notice, pair=pair, one=one, two=two,
        neither=neither, next=following, tally=tally,
    )  # fmt: skip


def wire(
    tab: BlindTab, exploration: gr.State, shown: gr.State, asked: list[Any], comparing: CompareHandlers, runs: Runs
) -> None:
    """Connect the events; `shown` is the comparison on the page, whose texts need not be written again.

    `runs` are the visitors' pairs that are being written.
    """
    own = BlindHandlers(comparing, runs)
    running: dict[str, Any] = {**QUEUED, "concurrency_id": "comparison"}
    tab.begin.click(own.begin, [exploration, shown, tab.mode, *asked], tab.drawn, **running)
    tab.next.click(own.go_on, [tab.sitting, shown], tab.drawn, **running)
    presses: tuple[tuple[gr.Button, Pressed], ...] = ((tab.one, "one"), (tab.two, "two"), (tab.neither, "neither"))
    for button, pressed in presses:
        button.click(
            functools.partial(own.vote, pressed=pressed),
            [tab.sitting, tab.name],
            tab.drawn,
            **QUIETLY,
        )


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
            model = self._workspace.model(sitting.source)
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
        from explorer.store.votes import Ballot, add_vote

        test, model = sitting.test, self._workspace.model(sitting.source)
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
            with self._workspace.screening.library.adding() as connection:
                add_vote(connection, ballot)
        except (ExplorerError, duckdb.Error) as fault:
            return f"{fault} The vote counts here, but it is not kept."
        return ""


def _refused(sentence: str) -> list[Any]:
    """Updates of `BlindTab.drawn` that change nothing but the notice."""
    return [gr.skip(), notice_html(sentence), *[gr.skip()] * 6]


def draw(sitting: Sitting, notice: str = "") -> list[Any]:
    """Updates of `BlindTab.drawn`."""
    from explorer.statistics.votes import tally
    from explorer.ui.comparison import blind_html, tally_html

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
    from explorer.statistics.comparison import paired

    wanted = sitting.test.comparison
    if shown is None or shown.source != sitting.source:
        return {}
    asked = shown.compared.comparison
    if (asked.prompts, asked.decoding, asked.genotypes[:2]) != (wanted.prompts, wanted.decoding, wanted.genotypes):
        return {}
    pairs = paired(shown.compared.answers, 1)
    return {row["item"]: (row["text"], row["text_second"]) for row in pairs.iter_rows(named=True)}
