"""What is done with the programme that is put together: functions from values to values."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer.domain.errors import ExplorerError, ProgrammeError
from explorer.domain.programme import Programme, Step
from explorer.domain.record import Entry
from explorer.files.programmes import format_programme
from explorer.ui.components.preset_bar import steps_json
from explorer.ui.components.saver import Saver
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.handlers import DRAFTED, Handlers
from explorer.ui.history.draft.words import draft_json
from explorer.ui.standalone.programme_file import programme_html
from explorer.ui.words import notice_html, sentence_html

MOST_STEPS = 100
MOST_LETTERS = 2_000
"""Of a title or of what is to be said."""


class DraftHandlers:
    """The behaviour of the box."""

    def __init__(self, handlers: Handlers) -> None:
        self._workspace = handlers.workspace
        self._handlers = handlers

    def draw(self) -> list[Any]:
        """The steps and the notice."""
        try:
            return [draft_json(self._workspace.draft.read()), ""]
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]

    def enlist(self, event: gr.EventData) -> list[Any]:
        """An entry becomes the last step: the box, which opens, the steps and the notice."""
        try:
            entries = self._workspace.record.entries([int(event.number)])
            if not entries:
                raise ProgrammeError("That entry has been deleted.")
            self._workspace.draft.change(lambda programme: _longer(programme, entries[0]))
        except ExplorerError as fault:
            return [gr.update(open=True), gr.skip(), notice_html(str(fault))]
        return [gr.update(open=True), *self.draw()]

    def edit(self, event: gr.EventData) -> list[Any]:
        """A step was renamed, told, moved or dropped."""
        action, place, text = str(event.action), int(event.place), str(event.text)[:MOST_LETTERS]
        try:
            self._workspace.draft.change(lambda programme: _edited(programme, action, place, text))
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        return self.draw()

    def toml(self) -> list[Any]:
        """The file, and the notice."""
        try:
            return [Saver.file("programme.toml", format_programme(self._shown()).encode()), ""]
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]

    def html(self, exploration: Exploration) -> Iterator[list[Any]]:
        """The whole programme as one page, and how far that is."""
        try:
            programme = self._shown()
            model = self._handlers.model(replace(exploration, source=programme.model))
            steps = []
            for step in self._workspace.rehearsal_in().steps(model, programme):
                steps.append(step)
                told = f"Recorded {len(steps)} of {len(programme.steps)} steps …"
                yield [gr.skip(), sentence_html(told)]
            page = programme_html(programme, steps, self._workspace.placement)
            yield [Saver.file("programme.html", page.encode()), ""]
        except ExplorerError as fault:
            yield [gr.skip(), notice_html(str(fault))]

    def present(self, exploration: Exploration) -> list[Any]:
        """The steps in place of the presets, the tab Explore, and the notice."""
        try:
            programme = self._shown()
            self._handlers.check_programme(programme, exploration)
        except ExplorerError as fault:
            return [gr.skip(), gr.skip(), notice_html(str(fault))]
        shown = gr.update(value=steps_json(programme.steps, DRAFTED), visible=True, chosen="")
        return [shown, gr.Tabs(selected="explore"), ""]

    def _shown(self) -> Programme:
        """Raises ProgrammeError if there is no step."""
        programme = self._workspace.draft.read()
        if not programme.steps:
            raise ProgrammeError("The programme has no step yet: press “+ programme” at a run.")
        return programme

    def name_of(self, event: gr.EventData) -> str:
        """The name by which Explore knows the step that is to be shown; of none that is there if it is gone."""
        with contextlib.suppress(ExplorerError, IndexError):
            return f"{DRAFTED}{self._workspace.draft.read().steps[int(event.place)].name}"
        return DRAFTED


def _longer(programme: Programme, entry: Entry) -> Programme:
    """The programme with an entry as its last step. Raises ProgrammeError for what cannot be one."""
    run, source = entry.run, entry.setup.source
    if run.prompt is None or run.decoding is None:
        raise ProgrammeError("That entry has no prompt to be run with.")
    if programme.steps and programme.model != source:
        raise ProgrammeError(
            f"The programme is of the model {programme.model}, and that run of {source}: a programme has one model. "
            "Drop its steps first, or keep them by downloading the file."
        )
    if len(programme.steps) >= MOST_STEPS:
        raise ProgrammeError(f"A programme has {MOST_STEPS} steps at most: drop one first.")
    step = Step(
        name="",
        title=str(run.detail.get("change") or run.genotype or "The original"),
        genotype=run.genotype,
        prompt=run.prompt,
        decoding=run.decoding,
        say=entry.note,
    )
    return replace(programme, model=source, steps=(*programme.steps, step))


def _edited(programme: Programme, action: str, place: int, text: str) -> Programme:
    """The programme with one change. Raises ProgrammeError for a step that is not there."""
    if action == "programme":
        return replace(programme, title=text.strip() or programme.title)
    steps = list(programme.steps)
    if not 0 <= place < len(steps):
        raise ProgrammeError("That step is there no more.")
    other = place + {"up": -1, "down": 1}.get(action, 0)
    if action == "drop":
        del steps[place]
    elif action in ("title", "say"):
        steps[place] = replace(steps[place], **{action: text.strip()})  # type: ignore[arg-type]  # both are texts
    elif 0 <= other < len(steps):
        steps[place], steps[other] = steps[other], steps[place]
    return replace(programme, steps=tuple(steps))
