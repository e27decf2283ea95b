"""What was tried in this visit, what is pinned for comparison, and how a result is taken away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.ui.components.trial_list import TrialList
from explorer.ui.events import QUIETLY
from explorer.ui.explore.edge import refusal
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.explore.layout import ExploreTab
from explorer.ui.explore.trials import (
    MOST_PINNED,
    Trial,
    as_json,
    as_markdown,
    command_line,
    python_code,
    remembered,
    row_of,
    save_command,
)
from explorer.ui.explore.wiring import connect_run
from explorer.ui.words import notice_html

_HINT = (
    '<p class="caption">Every run of this visit, the newest first; those of all visits are in the tab History. Click '
    "one to return to it, prompt and decoding included; pin up to four to read them side by side.</p>"
)
CLEARED: list[Any] = []


@dataclass(frozen=True, slots=True)
class Tried:
    """The components."""

    trials: gr.State
    list: TrialList

    @property
    def results(self) -> Sequence[Any]:
        """None of one model: each trial names its own."""
        return []


def build() -> Tried:
    """Lay the instrument out."""
    gr.HTML(_HINT, apply_default_css=False)
    return Tried(trials=gr.State(()), list=TrialList())


def wire(tried: Tried, tab: ExploreTab, handlers: Handlers) -> None:
    """Connect the events of what was tried, of the pinned texts and of what is taken away."""
    own = TriedHandlers(handlers)
    tab.trial.change(own.record, [tab.trial, tried.trials], [tried.trials, tried.list, tab.takeaway], **QUIETLY).then(
        own.tell_unkept, None, tab.notice, **QUIETLY
    )
    pinned = [tab.pins, tab.pinned, tab.pinned_card, tab.notice]
    tab.takeaway.pin(own.pin_present, [tab.trial, tab.pins], pinned, **QUIETLY)
    tried.list.pin(own.pin, [tried.trials, tab.pins], pinned, **QUIETLY)
    tab.pinned.unpin(own.unpin, [tab.pins], pinned, **QUIETLY)
    for trials, event in ((tried.trials, tried.list.choose), (tab.pins, tab.pinned.choose)):
        connect_run(
            tab, handlers, event, own.choose, [tab.exploration, trials], [tab.exploration, *tab.drawn, *tab.asked]
        )


class TriedHandlers:
    """The behaviour of what was tried and of pins."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers

    def record(self, trial: Trial | None, trials: tuple[Trial, ...]) -> list[Any]:
        """A run has ended: it joins what was tried, and can be taken away."""
        if trial is None:
            return [trials, gr.skip(), ""]
        trials = remembered(trials, trial)
        texts = {
            "notation": trial.genotype,
            "address": trial.address,
            "command": command_line(trial),
            "python": python_code(trial),
            "save": save_command(trial),
            "markdown": as_markdown(trial),
            "json": as_json(trial),
        }
        return [trials, _rows(trials), json.dumps(texts, ensure_ascii=False)]

    def tell_unkept(self) -> Any:
        """Say, once, why the lab record could not keep a run."""
        record = self._handlers.workspace.record
        record.settle()
        news = record.news()
        return notice_html(news) if news else gr.skip()

    def pin_present(self, trial: Trial | None, pins: tuple[Trial, ...]) -> list[Any]:
        """The button Pin was pressed."""
        return [gr.skip()] * 4 if trial is None else self._pinned(trial, pins)

    def pin(self, trials: tuple[Trial, ...], pins: tuple[Trial, ...], event: gr.EventData) -> list[Any]:
        """The pin of a row was pressed."""
        return self._pinned(trials[int(event.place)], pins)

    def unpin(self, pins: tuple[Trial, ...], event: gr.EventData) -> list[Any]:
        """The cross of a pinned text was pressed."""
        kept = tuple(trial for place, trial in enumerate(pins) if place != int(event.place))
        return [kept, _rows(kept), gr.update(visible=bool(kept)), ""]

    def choose(
        self, exploration: Exploration, trials: tuple[Trial, ...], request: gr.Request, event: gr.EventData
    ) -> list[Any]:
        """A trial was clicked: genotype, prompt and decoding are set again."""
        trial = trials[int(event.place)]
        if trial.model != exploration.source:
            message = f"That was tried on the model {trial.model}: load it first, then click again."
            return [*refusal(message), *[gr.skip()] * ASKED_COUNT]
        return self._handlers.restore(exploration, trial.genotype, trial.prompt, trial.decoding, request)

    def _pinned(self, trial: Trial, pins: tuple[Trial, ...]) -> list[Any]:
        if trial in pins:
            return [gr.skip(), gr.skip(), gr.skip(), notice_html("That text is pinned already.")]
        if len(pins) == MOST_PINNED:
            message = f"{MOST_PINNED} texts are pinned already: take one away first."
            return [gr.skip(), gr.skip(), gr.skip(), notice_html(message)]
        pins = (*pins, trial)
        return [pins, _rows(pins), gr.update(visible=True), ""]


def _rows(trials: tuple[Trial, ...]) -> str:
    return json.dumps([row_of(trial) for trial in trials], ensure_ascii=False)
