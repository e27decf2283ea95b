"""What the tab Explore does: functions from values to values, so that tests call them without a browser.

Faults that the user can mend end here, in the tab's notice; nothing that was typed or shown is lost by one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from explorer.domain.amounts import amount_of
from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import steepest_step
from explorer.domain.errors import ExplorerError, ProgrammeError
from explorer.domain.genotype import Genotype
from explorer.domain.notation import format_genotype
from explorer.domain.pair import PairUpdate
from explorer.domain.programme import Programme, Step
from explorer.domain.recording import Recording
from explorer.domain.site_notation import format_site
from explorer.figures.dose import dose_figure
from explorer.figures.encoding import figure_json
from explorer.model.loaded import LoadedModel
from explorer.ui.components.pair_panel import PairPanel, show_pair
from explorer.ui.explore.controls import controls_for
from explorer.ui.explore.drawing import PRESETS_PLACE, draw
from explorer.ui.explore.edge import refusal
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT, CHAT, Question, fill_in
from explorer.ui.explore.selection import site_of
from explorer.ui.explore.tools import tool_at_work
from explorer.ui.explore.trials import Trial, as_run, trial_of
from explorer.ui.explore.words import change_html, curve_caption_html, summary_html
from explorer.ui.links import Link, format_link
from explorer.ui.runs import Runs
from explorer.ui.words import notice_html, sentence_html
from explorer.workspace.outside import takes_from_outside
from explorer.workspace.workspace import Workspace

DRAFTED = "draft:"
"""What the names of steps begin with that are of the draft."""
UPDATE_SECONDS = 0.04
"""The texts are sent to the page at most this often: about once a token on two cores (cost: benchmarks/README.md)."""

MOST_LETTERS_REMARKED = 20_000
"""Of a prompt that is looked through as it is typed."""
RUN_COUNT = 6
"""How many components `run` updates."""


class Handlers:
    """The tab's behaviour: functions from values to values, given a workspace and the visitors' runs."""

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self.workspace = workspace
        self._runs = runs
        self._experiments = {experiment.name: experiment for experiment in workspace.experiments()}
        self._replays: dict[str, tuple[int, Recording]] = {}
        """Of each visitor the run that a recording stands for, by its ticket."""

    # ----------------------------------------------------------------------------------------------- runs

    def leave(self, visitor: str) -> None:
        """A visitor has closed the page."""
        self._runs.forget(visitor)
        self._replays.pop(visitor, None)

    def begin(self, request: gr.Request) -> int:
        """Want a run, and get its ticket; older runs of the visitor stop."""
        return self._runs.begin(_visitor(request))

    def take(self, exploration: Exploration, prompt: str, mode: str, plain: bool) -> list[Any]:
        """How the prompt is taken: a remark, and the box for control tokens where there are some."""
        model = self.workspace.models.peek(exploration.source)
        if model is None or not 0 < len((prompt or "").strip()) <= MOST_LETTERS_REMARKED:
            return ["", gr.update(visible=bool(plain))]
        asked = Prompt(text=prompt, chat=mode == CHAT, plain=bool(plain))
        remark = model.remark_on(asked)
        has_controls = bool(plain) or bool(model.control_tokens_in(prompt))
        return [sentence_html(remark) if remark else "", gr.update(visible=has_controls)]

    def wanted(self, request: gr.Request) -> int:
        """The ticket of the visitor's newest run, for the page to ask for it by."""
        return self._runs.newest(_visitor(request))

    def stop(self, request: gr.Request) -> None:
        """Stop the visitor's run."""
        self._runs.stop(_visitor(request))

    def choose_experiment(self, exploration: Exploration, name: str, request: gr.Request) -> list[Any]:
        """Fill in prompt and decoding, as raw text where the model takes no chats; an old notice goes."""
        experiment = self._experiments[name]
        loaded = self.workspace.models.peek(exploration.source)
        is_chat = experiment.prompt.chat and (loaded is None or loaded.has_chat_template)
        self.begin(request)
        prompt = experiment.prompt if is_chat else replace(experiment.prompt, chat=False, system=None, turns=())
        return [*fill_in(prompt, experiment.decoding), ""]

    def choose_preset(self, exploration: Exploration, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A preset, or a step of a programme, was pressed: its mutations, prompt and decoding."""
        name = str(event.name)
        try:
            step = self.step(name)
            drafted = name.startswith(DRAFTED)
            self.check_programme(self.workspace.draft.read() if drafted else self.workspace.programme, exploration)
        except ExplorerError as fault:
            return [*refusal(str(fault)), *[gr.skip()] * ASKED_COUNT]
        outputs = self.restore(exploration, step.genotype, step.prompt, step.decoding, request)
        is_shown = isinstance(outputs[0], Exploration)
        outputs[1 + PRESETS_PLACE] = gr.update(chosen=name if is_shown else "")
        return outputs

    def check_programme(self, programme: Programme, exploration: Exploration) -> None:
        """Raises ProgrammeError for one of another model than the page shows."""
        if programme.model != exploration.source:
            raise ProgrammeError(
                f"That programme is of the model {programme.model}: load it at the foot of the page to show it."
            )

    def step(self, name: str) -> Step:
        """A preset, a step of the programme, or one of the draft. Raises ProgrammeError."""
        drafted = name.removeprefix(DRAFTED) if name.startswith(DRAFTED) else None
        programme = self.workspace.programme if drafted is None else self.workspace.draft.read()
        step = programme.step(name if drafted is None else drafted)
        if step is None:
            raise ProgrammeError("That step is there no more: open the page again.")
        return step

    def restore(
        self, exploration: Exploration, genotype: str, prompt: Prompt, decoding: Decoding, request: gr.Request
    ) -> list[Any]:
        """Outputs that set genotype, prompt and decoding, and run them; a fault changes nothing but the notice."""
        try:
            return [*self.choose(exploration, genotype, request), *fill_in(prompt, decoding)]
        except ExplorerError as fault:
            return [*refusal(str(fault)), *[gr.skip()] * ASKED_COUNT]

    def replay(self, request: gr.Request, exploration: Exploration, wanted: float | None, *asked: Any) -> list[Any]:
        """Show the recorded run, if there is one of just this; the run that is wanted then computes nothing.

        As `run`, but in place of the trial, which that brings, what can be taken away: the one of before goes.
        """
        visitor, question = _visitor(request), Question(*asked)
        ticket = self._runs.newest(visitor)
        recording = self._recorded(exploration, question) if ticket and wanted == ticket else None
        if recording is None:
            return [gr.skip()] * RUN_COUNT
        self._replays[visitor] = (ticket, recording)
        return [self._address(exploration, question), gr.skip(), *self._shown(recording, ticket), ""]

    def _recorded(self, exploration: Exploration, question: Question) -> Recording | None:
        model = self.workspace.models.peek(exploration.source)
        if model is None:
            return None
        with contextlib.suppress(ExplorerError):  # it is told by the run
            read = exploration.genotype(model.anatomy)
            if takes_from_outside(read):
                return None
            genotype = format_genotype(read)
            return self.workspace.recordings.find(
                model.fingerprint, model.precision, genotype, question.asked(), question.decoding()
            )
        return None

    def _shown(self, recording: Recording, ticket: int) -> list[Any]:
        """The line on the change, the pair and its measures."""
        update = recording.update
        pair = show_pair(update, ticket, recording.prompt.prefill, is_recorded=True)
        return [change_html(recording.change), gr.update(**pair), summary_html(update)]

    def run(
        self, request: gr.Request, exploration: Exploration, wanted: float | None, *asked: Any
    ) -> Iterator[list[Any]]:
        """Stream the pair, if that run is wanted: address, notice, line on the change, texts, measures, trial."""
        visitor = _visitor(request)
        ticket = self._runs.claim(visitor, wanted)
        if ticket is None:
            yield [gr.skip()] * RUN_COUNT
            return
        question = Question(*asked)
        replayed, recording = self._replays.pop(visitor, (0, None))
        if recording is not None and replayed == ticket:
            trial = self._trial(recording.update, recording.change, exploration, question, is_recorded=True)
            yield [gr.skip(), gr.skip(), *self._shown(recording, ticket), trial]
            return
        try:
            shown: Any = self._address(exploration, question)
            for update, change in self._updates(visitor, ticket, exploration, question):
                pair = gr.update(**show_pair(update, ticket, question.asked().prefill))
                trial = self._trial(update, change, exploration, question) if update.is_final else None
                yield [shown, gr.skip(), change_html(change), pair, summary_html(update), trial]
                shown = gr.skip()
        except ExplorerError as fault:
            yield [gr.skip(), notice_html(str(fault)), gr.skip(), gr.skip(), gr.skip(), None]

    def _trial(
        self,
        update: PairUpdate,
        change: str,
        exploration: Exploration,
        question: Question,
        *,
        is_recorded: bool = False,
    ) -> Trial | None:
        """The trial that a run makes, if it makes one; a mutant's goes into the record."""
        trial = trial_of(
            update,
            model=exploration.source,
            placement=self.workspace.placement,
            genotype=format_genotype(exploration.genotype(self.model(exploration).anatomy)),
            change=change,
            prompt=question.asked(),
            decoding=question.decoding(),
            address=self._address(exploration, question),
        )
        if trial is not None and trial.genotype:
            self.workspace.record.keep(self.model(exploration), as_run(trial, is_recorded=is_recorded))
        return trial

    def _address(self, exploration: Exploration, question: Question) -> str:
        decoding = question.decoding()
        return format_link(
            Link(
                model=None if exploration.source == self.workspace.source else exploration.source,
                genotype=format_genotype(exploration.genotype(self.model(exploration).anatomy)),
                prompt=question.prompt,
                chat=question.mode == CHAT,
                plain=True if question.plain else None,
                system=question.system or None,
                thinking=True if question.thinking else None,
                prefill=question.prefill or None,
                turns=question.turns or None,
                max_new_tokens=decoding.max_new_tokens,
                temperature=decoding.temperature,
                top_p=decoding.top_p,
                seed=decoding.seed,
                top_k=decoding.top_k or None,
                max_length=decoding.max_length or None,
            )
        )

    def _updates(
        self, visitor: str, ticket: int, exploration: Exploration, question: Question
    ) -> Iterator[tuple[PairUpdate, str]]:
        """The updates of a run that are worth sending, with the line on the change."""
        model = self.model(exploration)
        genotype = exploration.genotype(model.anatomy)
        change = self.workspace.weights.describe(model, genotype)
        pair = self.workspace.pairs.stream(
            model, question.asked(), question.decoding(), genotype, lambda: self._runs.is_over(visitor, ticket)
        )
        sent = 0.0
        for update in pair:
            if not update.is_final and time.perf_counter() - sent < UPDATE_SECONDS:
                continue
            if update.is_final and self._runs.is_overtaken(visitor, ticket):
                return
            sent = time.perf_counter()
            yield update, change

    def dose_response(self, exploration: Exploration, *asked: Any) -> list[Any]:
        """The curve of the chosen site, its caption, and the notice."""
        try:
            model = self.model(exploration)
            question = Question(*asked)
            site = site_of(exploration.selection, model.anatomy)
            stacked = Genotype(exploration.stacked)
            doses = self.workspace.instruments.dose_response(
                model, question.asked(), question.decoding(), stacked, site, exploration.operation
            )
        except ExplorerError as fault:
            return [gr.skip(), gr.skip(), notice_html(str(fault))]

        facts = self.workspace.weights.facts(model, site)
        amount = amount_of(exploration.operation, facts)
        step = steepest_step(doses)
        figure = dose_figure(doses, None, step, amount.unit) if amount else dose_figure(doses, facts.present, step)
        return [
            figure_json(figure),
            curve_caption_html(format_site(site), doses, step, amount.unit if amount else ""),
            "",
        ]

    # --------------------------------------------------------------------------------------------- shared

    def draw(self, exploration: Exploration, before: Exploration | None = None) -> list[Any]:
        """Updates of `ExploreTab.drawn`; `before` is the exploration that the page shows so far."""
        model = self.model(exploration)
        site = site_of(exploration.selection, model.anatomy)
        is_same = before is not None and before.source == exploration.source
        facts = self.workspace.weights.facts(model, site)
        donors = self.workspace.donors(tool_at_work(exploration)[0].donors)
        controls = controls_for(exploration, model.anatomy, facts, donors)
        return draw(
            controls,
            has_presets=None if is_same else exploration.source == self.workspace.programme.model,
            keeps_curve=before is not None and before.selection == exploration.selection,
        )

    def model(self, exploration: Exploration) -> LoadedModel:
        """The exploration's model. Raises ModelError."""
        return self.workspace.models.present(exploration.source)

    def choose(self, exploration: Exploration, genotype: str, request: gr.Request) -> list[Any]:
        """Set a genotype and nothing else; run it."""
        anatomy = self.model(exploration).anatomy
        chosen = exploration.with_genotype(anatomy.read(genotype), anatomy)
        return self.move(chosen, request, before=exploration)

    def move(
        self, exploration: Exploration, request: gr.Request, *, before: Exploration, runs: bool = True
    ) -> list[Any]:
        """Outputs of a handler that moves the exploration: it and all that is drawn of it; a run is wanted."""
        exploration = exploration.following(before)
        drawn = self.draw(exploration, before)
        if runs:
            self.begin(request)
        return [exploration, *drawn]


def cleared() -> list[Any]:
    """Updates of `ExploreTab.results` where there is no run."""
    return [PairPanel.cleared(), summary_html(None), None]


def _visitor(request: gr.Request) -> str:
    return request.session_hash or ""
