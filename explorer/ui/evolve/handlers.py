"""What the tab Evolve does: functions from values to values."""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import EvolutionError, ExplorerError
from explorer.domain.evolution import Evolution, EvolutionOrder, read_target
from explorer.domain.evolved import Progress
from explorer.domain.screened import read_operations
from explorer.evolution.verdict import ranked
from explorer.figures.encoding import figure_json
from explorer.figures.evolution import family_figure, front_figure
from explorer.store.evolutions import StoredEvolution
from explorer.ui.components.saver import Saver
from explorer.ui.components.target_cards import targets_json
from explorer.ui.evolve.layout import Seen
from explorer.ui.evolve.words import (
    CHAT,
    FAMILY,
    NOTHING,
    RAW,
    entry_row,
    evolution_label,
    live_html,
    prompts_of,
    prompts_text,
    verdict_html,
)
from explorer.ui.explore.drawing import DRAWN_COUNT
from explorer.ui.explore.exploration import Exploration
from explorer.ui.explore.form import ASKED_COUNT
from explorer.ui.explore.handlers import Handlers
from explorer.ui.words import notice_html

DRAWN, ASKED = 6, 15
"""Outputs of `draw`, and controls of `EvolveTab.asked`."""


class EvolveHandlers:
    """The tab's behaviour."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers, self._queue = handlers, handlers.workspace.queue
        self._evolutions = handlers.workspace.evolutions

    # ------------------------------------------------------------------------------------------ what is asked

    def choose_preset(self, event: gr.EventData) -> list[Any]:
        """A preset was pressed: the notice, the cards, and all controls of `EvolveTab.asked`."""
        try:
            known = {each.name: each.evolution for each in self._evolutions.presets()}
            if event.name not in known:
                raise EvolutionError("That preset is there no more: open the page again.")
        except ExplorerError as fault:
            return [notice_html(str(fault)), *[gr.skip()] * (1 + ASKED)]
        found = known[event.name]
        names, space = [target.name for target in found.targets], found.space
        return [
            "", targets_json(names), found, names, prompts_text(found.prompts), CHAT if found.chat else RAW,
            found.questions, space.matrices, list(space.units), ", ".join(space.operations), space.step, space.most,
            found.background, found.evaluations, found.population, found.decoding.max_new_tokens, found.seed,
        ]  # fmt: skip

    def take_targets(self, event: gr.EventData) -> list[str]:
        """A card was changed."""
        return list(event.targets)

    def order(
        self, exploration: Exploration, begun: Evolution, targets: list[str], prompts: str, mode: str,
        questions: float | None, matrices: str, units: list[str], operations: str, step: float | None, most: float,
        background: str, evaluations: float | None, population: float | None, new_tokens: float | None,
        seed: float | None,
    ) -> EvolutionOrder:  # fmt: skip
        """What the controls ask for. Raises ExplorerError."""
        evolution = begun.changed(
            {
                "matrices": matrices,
                "units": tuple(units),
                "step": int(step or 0),
                "operations": read_operations(operations),
                "most": int(most),
            },
            targets=tuple(map(read_target, targets)),
            prompts=prompts_of(prompts),
            chat=mode == CHAT,
            questions=int(questions or 0),
            background=background.strip(),
            decoding=replace(begun.decoding, max_new_tokens=int(new_tokens or 0)),
            evaluations=int(evaluations or 0),
            population=int(population or 0),
            seed=int(seed or 0),
        )
        return EvolutionOrder(source=exploration.source, evolution=evolution)

    def start(self, exploration: Exploration, *asked: Any) -> list[str]:
        """Queue an evolution; the notice and the queue."""
        try:
            order = self.order(exploration, *asked)
            self._evolutions.check(order)
            self._queue.add(order)
        except ExplorerError as fault:
            return [notice_html(str(fault)), self._entries()]
        return ["", self._entries()]

    def act(self, event: gr.EventData) -> str:
        """A button of the queue was pressed."""
        self._queue.act(str(event.action), int(event.number))
        return self._entries()

    def _entries(self) -> str:
        return json.dumps([entry_row(entry) for entry in self._queue.entries(EvolutionOrder)])

    # --------------------------------------------------------------------------------------- what came of it

    def open(self, seen: Seen, shown: int | None) -> list[Any]:
        """The tab was opened: everything as it is now; one that has begun since the page looked last is shown."""
        now = Seen(self._queue.revision(EvolutionOrder), self._running())
        has_begun = now.running is not None and now.running != seen.running
        return [self._entries(), now, *self.draw(now.running if has_begun else shown)]

    def tick(self, seen: Seen, shown: int | None) -> list[Any]:
        """As `open`, where something has changed since the page looked last."""
        if self._queue.revision(EvolutionOrder) == seen.revision:
            return [gr.skip()] * (2 + DRAWN)
        return self.open(seen, shown)

    def draw(self, shown: int | None) -> list[Any]:
        """Updates of `EvolveTab.drawn`."""
        try:
            stored = self._evolutions.stored()
            found = next((each for each in stored if each.number == shown), stored[0] if stored else None)
            if found is None:
                return [gr.update(choices=[], value=None), NOTHING, "", "", "", gr.update(visible=False)]
            members = self._evolutions.members(found.number)
            rivals = self._evolutions.members(found.number, rivals=True)
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault)), "", "", "", gr.update(visible=False)]
        choices = [(evolution_label(each), each.number) for each in stored]
        front = ranked(found.asked, members)
        meta = {"evolution": found.number}
        return [
            gr.update(choices=choices, value=found.number),
            live_html(self._progress(found.number) if found.verdict is None else None) + verdict_html(found),
            figure_json(front_figure(found.asked.targets, members, rivals, front, meta=meta)) if front else "",
            FAMILY if front else "",
            figure_json(family_figure(found.asked.targets, members, front[0].number, meta=meta)) if front else "",
            gr.update(visible=True),
        ]

    def _running(self) -> int | None:
        """The number of the evolution that runs or ran last, as the database has it."""
        return next((each.evolution for each in self._told()), None)

    def _progress(self, number: int) -> Progress | None:
        return next((each for each in self._told() if each.evolution == number), None)

    def _told(self) -> list[Progress]:
        return [entry.progress for entry in self._queue.entries(EvolutionOrder) if entry.progress is not None]

    def choose(self, exploration: Exploration, shown: int, request: gr.Request, event: gr.EventData) -> list[Any]:
        """A mark was clicked: its genotype in Explore, on the first prompt that was held out; first the notice."""
        try:
            found = self._stored(shown)
            genotype = ";".join(filter(None, (found.asked.background, str(event.customdata or ""))))
            if found.source != exploration.source and found.model != self._handlers.model(exploration).name:
                raise EvolutionError(f"This evolution is of {found.model}: load that model at the foot of the page.")
            asked = self._asked(found, exploration)
            restored = self._handlers.restore(exploration, genotype, *asked, request)
            return ["", gr.Tabs(selected="explore"), *restored]
        except ExplorerError as fault:
            return [notice_html(str(fault)), *[gr.skip()] * (2 + DRAWN_COUNT + ASKED_COUNT)]

    def take(self, shown: int) -> list[Any]:
        """The evolution as Parquet files, in an archive; and the notice."""
        held = BytesIO()
        try:
            with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(held, "w") as archive:
                self._evolutions.export(shown, Path(folder))
                for path in sorted(Path(folder).iterdir()):
                    archive.write(path, path.name)
        except ExplorerError as fault:
            return [gr.skip(), notice_html(str(fault))]
        return [Saver.file(f"evolution-{shown}.zip", held.getvalue()), ""]

    def _stored(self, shown: int) -> StoredEvolution:
        """Raises EvolutionError."""
        found = next((each for each in self._evolutions.stored() if each.number == shown), None)
        if found is None:
            raise EvolutionError("That evolution is no longer there: choose another.")
        return found

    def _asked(self, found: StoredEvolution, exploration: Exploration) -> tuple[Prompt, Decoding]:
        """What its genotypes are shown with: the prompt of the account, or the first; one of ours where it has none."""
        asked = found.asked
        text = found.verdict.prompt if found.verdict and found.verdict.prompt else next(iter(asked.prompts), "")
        is_chat = asked.chat and self._handlers.model(exploration).has_chat_template
        return Prompt(text=text or "What is the capital of France?", chat=is_chat), asked.decoding
