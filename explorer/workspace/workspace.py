"""What one process works with: the facade that the page, the command line and programs use, by its parts.

Knows neither gradio nor typer. A part is made when it is first asked for; those that compute bring torch, which takes
seconds, so that a page is up before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from explorer.atlas.atlas import Atlas
from explorer.domain.evolution import EvolutionOrder
from explorer.domain.experiments import Experiment
from explorer.domain.placement import FLOAT32, Placement
from explorer.domain.programme import Programme, step_of
from explorer.domain.record import Run
from explorer.domain.thresholds import Accuracy, Measure
from explorer.files.adapters import shipped_adapters
from explorer.files.experiments import read_experiments
from explorer.files.models import known_models
from explorer.files.presets import read_presets
from explorer.files.programmes import Draft
from explorer.files.recordings import Recordings
from explorer.files.settings import DEMO, Settings
from explorer.model.loaded import LoadedModel
from explorer.workspace.behaviour import Behaviour
from explorer.workspace.computing import Computing
from explorer.workspace.models import Models
from explorer.workspace.queue import Queue, Running
from explorer.workspace.record import Recording
from explorer.workspace.screens import Screens

if TYPE_CHECKING:  # they import torch
    from explorer.workspace.damage import Damages
    from explorer.workspace.evolutions import Evolutions
    from explorer.workspace.exchange import Exchange
    from explorer.workspace.instruments import Instruments
    from explorer.workspace.pairs import Pairs
    from explorer.workspace.rehearsal import Rehearsal
    from explorer.workspace.talks import Talks
    from explorer.workspace.weights import Weights

Part = TypeVar("Part")


class Workspace:
    """Models, and all that is done with them, in one process."""

    def __init__(
        self,
        source: str = DEMO,
        device: str | None = None,
        dtype: str | None = None,
        arithmetic: str = FLOAT32,
        settings: Settings | None = None,
        mmlu: Path | None = None,
        programme: Programme | None = None,
    ) -> None:
        """`source` is the model that is meant where none is named.

        `mmlu` is a folder in MMLU's layout, whose questions are offered beside the bundled ones; `programme` is shown
        in place of the presets.
        """
        self.source, self.mmlu, self._programme = source, mmlu, programme
        self.placement = Placement(device=device, dtype=dtype, arithmetic=arithmetic)
        """How models are loaded."""
        self.settings = settings or Settings()
        self.accuracy: Measure = self._accuracy
        """Measures a task for the threshold on accuracy; a few of the bundled questions, unless it is replaced."""
        self.computing = Computing()
        """The one thread that computes."""
        self.models = Models(source, self.settings, self.placement, forget=self._forget)
        """Models by name."""
        self._parts: dict[str, Any] = {}
        self._lock = threading.RLock()

    def __deepcopy__(self, _memo: object) -> Workspace:
        """The workspace itself: gradio copies a page's events, and all that their handlers hold, at every visit."""
        return self

    def experiments(self) -> tuple[Experiment, ...]:
        """The prompts on offer. Raises ExperimentError."""
        return read_experiments(self.settings.experiments_folder)

    @property
    def programme(self) -> Programme:
        """What is shown step by step: that which was asked for, or the demo model's presets. Raises ExperimentError."""
        if self._programme is not None:
            return self._programme
        steps = tuple(map(step_of, read_presets(self.settings.presets_folder)))
        return Programme(title="Presets", model=DEMO, steps=steps)

    @property
    def has_own_programme(self) -> bool:
        """Whether a programme was asked for."""
        return self._programme is not None

    def donors(self, kind: str) -> list[str]:
        """What a mutation may take weights from: names of a `model` or an `adapter`; none of nothing."""
        if kind == "adapter":
            return shipped_adapters()
        return [known.source for known in known_models(self.settings)] if kind == "model" else []

    @property
    def draft(self) -> Draft:
        """The programme that is put together from the record."""
        return Draft(self.settings.programme)

    @property
    def recordings(self) -> Recordings:
        """Runs that are shown without being computed."""
        folders = (self.settings.recordings_folder, self.settings.cache_folder / "recordings")
        return self._part("recordings", lambda: Recordings(folders))

    def rehearsal_in(self, folder: Path | None = None) -> Rehearsal:
        """Makes recordings, in a folder of their own or where the page looks for them."""
        from explorer.workspace.pairs import Pairs  # of its own: visitors' baselines stay
        from explorer.workspace.rehearsal import Rehearsal

        recordings = self.recordings if folder is None else Recordings((folder,))
        return Rehearsal(recordings, Pairs(self.computing, 1), self.weights, self.instruments, self.atlas)

    @property
    def pairs(self) -> Pairs:
        """Original and mutated texts, streamed."""
        from explorer.workspace.pairs import Pairs

        return self._part("pairs", lambda: Pairs(self.computing, self.settings.baselines_kept))

    @property
    def talks(self) -> Talks:
        """Conversations of several turns."""
        from explorer.workspace.talks import Talks

        return self._part("talks", lambda: Talks(self.computing))

    @property
    def instruments(self) -> Instruments:
        """What is measured of a model, a prompt and a genotype."""
        from explorer.workspace.instruments import Instruments

        return self._part("instruments", lambda: Instruments(self.computing, self.pairs))

    @property
    def weights(self) -> Weights:
        """What the weights are, and what a genotype changes of them."""
        from explorer.workspace.weights import Weights

        return self._part("weights", lambda: Weights(self.computing))

    @property
    def exchange(self) -> Exchange:
        """Mutants for other programs."""
        from explorer.workspace.exchange import Exchange

        return self._part("exchange", lambda: Exchange(self.computing))

    @property
    def behaviour(self) -> Behaviour:
        """What genotypes answer to many prompts and questions."""
        return self._part("behaviour", lambda: Behaviour(self.settings, self.computing, self.mmlu))

    @property
    def damages(self) -> Damages:
        """What operations on single matrices cost, and advice within a budget of bits."""
        from explorer.workspace.damage import Damages

        return self._part("damages", lambda: Damages(self.settings, self.computing, self.behaviour))

    @property
    def evolutions(self) -> Evolutions:
        """Directed evolution: run and stored."""
        from explorer.workspace.evolutions import Evolutions

        return self._part(
            "evolutions",
            lambda: Evolutions(
                self.settings, self.computing, self.behaviour, self.screens.library, self.models.get, self._keep
            ),
        )

    @property
    def queue(self) -> Queue:
        """What runs behind the page, one at a time: screens and evolutions."""

        def start(order: Any) -> AbstractContextManager[Running]:
            if isinstance(order, EvolutionOrder):
                return self.evolutions.running(order)
            return self.screens.running(order, is_behind=True)

        return self._part("queue", lambda: Queue(start))

    @property
    def screens(self) -> Screens:
        """Screens: run and stored."""
        return self._part("screens", lambda: Screens(self.settings, self.computing, self.models.get, self._keep))

    @property
    def atlas(self) -> Atlas:
        """What the stored screens show."""
        return Atlas(self.screens.library)

    @property
    def record(self) -> Recording:
        """The lab record: `keep` takes every run that has ended."""
        return self._part("record", lambda: Recording(self.screens.library, is_on=self.settings.keeps_record))

    def _part(self, name: str, make: Callable[[], Part]) -> Part:
        with self._lock:
            if name not in self._parts:
                self._parts[name] = make()
            return cast("Part", self._parts[name])

    def _forget(self, model: LoadedModel) -> None:
        """Forget what parts keep of a model that is no longer in memory."""
        for part in map(self._parts.get, ("pairs", "talks", "behaviour", "screens")):
            if part is not None:
                part.forget(model)

    def _keep(self, model: LoadedModel, run: Run) -> None:
        self.record.keep(model, run)

    def _accuracy(self, source: str, genotype: str) -> Accuracy | None:
        model = self.models.get(source)
        return self.behaviour.accuracy(model, model.anatomy.read(genotype))
