"""The facade that the page and the command line use: models by name, genotypes by text, pairs by prompt.

Owns which models are in memory and what is cached for them. Knows neither gradio nor typer, and imports
torch only when the first model is loaded, so that a page is up before.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import Agreement, Dose, Epistasis, Finding, Lens, PairMatrix, Propagation, SensitivityMap
from explorer.domain.errors import ModelError
from explorer.domain.experiments import Experiment, Preset
from explorer.domain.genotype import Genotype, Operation, SensitiveLevel, Site
from explorer.domain.notation import format_genotype
from explorer.domain.thresholds import Accuracy, Measure
from explorer.domain.weights import Grid, Overview
from explorer.files.experiments import read_experiments
from explorer.files.presets import read_presets
from explorer.files.settings import DEMO, Settings
from explorer.workspace.computing import Computing
from explorer.workspace.loading import Loading

if TYPE_CHECKING:
    from explorer.atlas.atlas import Atlas
    from explorer.domain.pair import PairUpdate
    from explorer.domain.record import Run
    from explorer.domain.weights import SiteFacts
    from explorer.generation.baseline import Baseline, Baselines
    from explorer.generation.control import Control
    from explorer.model.anatomy import Matrix
    from explorer.model.loaded import LoadedModel
    from explorer.mutation.patch import WeightPatch
    from explorer.workspace.behaviour import Behaviour
    from explorer.workspace.record import Recording
    from explorer.workspace.screens import Screening

Result = TypeVar("Result")

WATCHED = 24
"""Questions that the threshold on accuracy asks: they take about a second on two cores."""

MODELS_KEPT = 2
"""How many models stay in memory."""


@dataclass(slots=True, eq=False)
class Workspace:
    """What one process works with."""

    source: str = DEMO
    """The model that is meant where none is named."""
    device: str | None = None
    dtype: str | None = None
    settings: Settings = field(default_factory=Settings)
    mmlu: Path | None = None
    """A folder in MMLU's layout, whose questions are offered beside the bundled ones."""
    accuracy: Measure | None = None
    """Measures a task for the threshold on accuracy; a few of the bundled questions, if nothing else is given."""
    _models: OrderedDict[str, Loading] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _baselines: Baselines | None = None
    _sensitivity: WeakKeyDictionary[Baseline, SensitivityMap] = field(default_factory=WeakKeyDictionary)
    _agreements: WeakKeyDictionary[Baseline, dict[str, Agreement]] = field(default_factory=WeakKeyDictionary)
    _largest: WeakKeyDictionary[LoadedModel, Overview] = field(default_factory=WeakKeyDictionary)
    _controls: WeakKeyDictionary[LoadedModel, Control] = field(default_factory=WeakKeyDictionary)
    _computing: Computing = field(default_factory=Computing)
    _screening: Screening | None = None
    _behaviour: Behaviour | None = None
    _record: Recording | None = None

    def __post_init__(self) -> None:
        if self.accuracy is None:
            self.accuracy = self._few_facts

    def __deepcopy__(self, _memo: object) -> Workspace:
        """The workspace itself: gradio copies a page's events, and all that their handlers hold, at every visit."""
        return self

    def load(self, source: str | None = None) -> Loading:
        """Begin to load the model of that name, unless it is there or on its way; never waits.

        The `MODELS_KEPT` models used last stay in memory; one that failed is tried again.
        """
        name = source or self.source
        with self._lock:
            known = self._models.get(name)
            if known is None or known.fault is not None:
                self._models[name] = Loading(lambda say: self._load(name, say))
            self._models.move_to_end(name)
            self._forget_surplus()
            return self._models[name]

    def model(self, source: str | None = None) -> LoadedModel:
        """The model of that name, loaded if it is not. Raises ModelError."""
        return self.load(source).wait()

    def experiments(self) -> tuple[Experiment, ...]:
        """The prompts on offer. Raises ExperimentError."""
        return read_experiments(self.settings.experiments_folder)

    def presets(self) -> tuple[Preset, ...]:
        """Mutations of the demo model worth showing. Raises ExperimentError."""
        return read_presets(self.settings.presets_folder)

    def pair(
        self,
        model: LoadedModel,
        prompt: Prompt,
        decoding: Decoding,
        genotype: Genotype,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[PairUpdate]:
        """Original and mutated text as they grow; see `generation.pair.generate_pair`."""
        from explorer.generation.pair import generate_pair

        updates = generate_pair(model, prompt, decoding, genotype, self._kept_baselines(), cancelled)
        try:
            while (update := self.compute(next, updates, None)) is not None:
                yield update
        finally:
            self.compute(updates.close)

    def dose_response(
        self, model: LoadedModel, prompt: Prompt, decoding: Decoding, stacked: Genotype, site: Site
    ) -> tuple[Dose, ...]:
        """What a site does over the values that it can be set to; see `generation.dose`. Raises PromptError."""
        from explorer.generation.dose import dose_response

        baseline = self._baseline(model, prompt, decoding)
        return self.compute(dose_response, model, baseline, decoding, stacked, site)

    def find_sensitive(
        self,
        model: LoadedModel,
        prompt: Prompt,
        decoding: Decoding,
        operation: Operation,
        level: SensitiveLevel,
        count: int,
    ) -> tuple[Finding, ...]:
        """The mutations that matter most for a prompt; see `generation.sensitivity`. Raises PromptError."""
        from explorer.generation.sensitivity import find_sensitive

        baseline = self._baseline(model, prompt, decoding)
        return self.compute(find_sensitive, model, baseline, operation, level, count)

    def sensitivity_map(self, model: LoadedModel, prompt: Prompt, decoding: Decoding) -> SensitivityMap:
        """First-order estimates for every block; kept as long as the baseline. Raises PromptError."""
        from explorer.generation.sensitivity_map import sensitivity_map

        baseline = self._baseline(model, prompt, decoding)
        if baseline not in self._sensitivity:
            self._sensitivity[baseline] = self.compute(sensitivity_map, model, baseline)
        return self._sensitivity[baseline]

    def agreement(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, operation: str) -> Agreement:
        """How the sensitivity map of an operation (`zero`, `max`, `min`) compares with forward passes; kept too."""
        from explorer.generation.sensitivity_map import agreement

        estimated = self.sensitivity_map(model, prompt, decoding)
        baseline = self._baseline(model, prompt, decoding)
        known = self._agreements.setdefault(baseline, {})
        if operation not in known:
            known[operation] = self.compute(agreement, model, baseline, estimated, operation)
        return known[operation]

    def propagate(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype) -> Propagation:
        """How a genotype spreads through the layers; see `generation.propagation`. Raises ModelError, PromptError."""
        from explorer.generation.propagation import propagate

        return self.compute(propagate, model, self._baseline(model, prompt, decoding), genotype)

    def read_layers(
        self, model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype, position: int
    ) -> Lens:
        """What both models would say after a token, layer by layer; see `generation.propagation`."""
        from explorer.generation.propagation import read_layers

        return self.compute(read_layers, model, self._baseline(model, prompt, decoding), genotype, position)

    def epistasis(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype) -> Epistasis:
        """Mutations alone and together; see `generation.epistasis`. Raises ExplorerError for fewer than two."""
        from explorer.generation.epistasis import epistasis

        return self.compute(epistasis, model, self._baseline(model, prompt, decoding), decoding, genotype)

    def pair_matrix(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, found: Epistasis) -> PairMatrix:
        """The interaction of every pair of mutations; see `generation.epistasis`. Raises ExplorerError."""
        from explorer.generation.epistasis import pair_matrix

        return self.compute(pair_matrix, model, self._baseline(model, prompt, decoding), decoding, found)

    def _baseline(self, model: LoadedModel, prompt: Prompt, decoding: Decoding) -> Baseline:
        """The kept baseline, generated if there is none."""
        baselines = self._kept_baselines()
        if baselines.get(model, prompt, decoding) is None:
            for _ in self.pair(model, prompt, decoding, Genotype()):
                pass
        baseline = baselines.get(model, prompt, decoding)
        if baseline is None:
            raise ModelError("The original model's own forward pass overflows: try another prompt or precision.")
        return baseline

    def control_ratio(self, model: LoadedModel, genotype: Genotype) -> float:
        """Perplexity of the control text, mutant over original; see `generation.control`. Raises PromptError."""
        from explorer.generation.control import control_perplexity, read_control

        if model not in self._controls:
            self._controls[model] = self.compute(read_control, model)
        control = self._controls[model]
        return self.compute(control_perplexity, model, control, genotype) / control.perplexity

    def describe(self, model: LoadedModel, genotype: Genotype) -> str:
        """One sentence on what the genotype changes."""
        from explorer.mutation.describe import describe

        return self.compute(describe, model, genotype)

    def patch(self, model: LoadedModel, genotype: Genotype) -> WeightPatch:
        """What turns the model into the mutant; see `mutation.patch`. Raises ExchangeError if nothing does."""
        from explorer.mutation.patch import make_patch

        return self.compute(make_patch, model, genotype, model.name)

    def save(self, model: LoadedModel, genotype: Genotype, folder: Path) -> int:
        """Write the mutant as a safetensors folder; its size in bytes. Raises ExchangeError."""
        from explorer.mutation.export import save_model
        from explorer.mutation.patch import mutated_copy

        return save_model(model, self.compute(mutated_copy, model, genotype), format_genotype(genotype), folder)

    def save_patched(self, model: LoadedModel, patch: WeightPatch, folder: Path) -> int:
        """As `save`, for a patch. Raises ExchangeError, also if it was made from another model."""
        from explorer.mutation.export import save_model
        from explorer.mutation.patch import patched_copy

        return save_model(model, self.compute(patched_copy, model, patch, model.name), patch.genotype, folder)

    def count_weights(self, model: LoadedModel, genotype: Genotype) -> int:
        """How many different weights a genotype touches."""
        from explorer.mutation.describe import count_weights

        return self.compute(count_weights, model, genotype)

    def facts(self, model: LoadedModel, site: Site) -> SiteFacts:
        """What a site holds in the unmutated model."""
        from explorer.mutation.describe import site_facts

        return self.compute(site_facts, model, site)

    def matrix_map(self, model: LoadedModel, matrix: Matrix, rows: range, columns: range) -> Grid:
        """A rectangle of a matrix as a map; see `model.pooling`."""
        from explorer.model.pooling import pool_strongest
        from explorer.model.weights import weight_of

        return self.compute(lambda: pool_strongest(weight_of(model.causal_lm, matrix), rows, columns))

    def strongest(self, model: LoadedModel, matrix: Matrix, rows: range, columns: range) -> tuple[int, int]:
        """Row and column of the weight of largest magnitude in a rectangle of a matrix."""
        from explorer.model.pooling import strongest
        from explorer.model.weights import weight_of

        return self.compute(lambda: strongest(weight_of(model.causal_lm, matrix), rows, columns))

    def largest_weights(self, model: LoadedModel) -> Overview:
        """The largest magnitude in each matrix of each layer; looked at once."""

        def largest(matrix: Matrix) -> float:
            statistics = model.statistics(matrix)
            return max(-statistics.minimum, statistics.maximum)

        if model not in self._largest:  # matrix by matrix, so that a text can stream meanwhile
            self._largest[model] = model.anatomy.overview(lambda matrix: self.compute(largest, matrix))
        return self._largest[model]

    @property
    def screening(self) -> Screening:
        """Screens: run, queued and stored."""
        from explorer.workspace.screens import Screening

        with self._lock:
            if self._screening is None:
                self._screening = Screening(self.settings, self._computing, self.model, self._keep)
            return self._screening

    @property
    def behaviour(self) -> Behaviour:
        """What genotypes answer to many prompts and questions."""
        from explorer.workspace.behaviour import Behaviour

        with self._lock:
            if self._behaviour is None:
                self._behaviour = Behaviour(self.settings, self._computing, self.mmlu)
            return self._behaviour

    @property
    def record(self) -> Recording:
        """The lab record: `keep` takes every run that has ended."""
        from explorer.workspace.record import Recording

        library = self.screening.library
        with self._lock:
            if self._record is None:
                self._record = Recording(library, is_on=self.settings.keeps_record)
            return self._record

    @property
    def atlas(self) -> Atlas:
        """What the stored screens show."""
        from explorer.atlas.atlas import Atlas

        return Atlas(self.screening.library)

    def compute(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function in the one thread that computes; others wait for a token at most.

        Raises ModelError if the device's memory does not suffice.
        """
        import torch

        try:
            return self._computing.run(function, *arguments)
        except torch.OutOfMemoryError as fault:
            raise ModelError(
                "The device ran out of memory: ask for fewer new tokens, or use a smaller model."
            ) from fault

    def _keep(self, model: LoadedModel, run: Run) -> None:
        self.record.keep(model, run)

    def _few_facts(self, source: str, genotype: str) -> Accuracy:
        """How many of `WATCHED` of the bundled questions original and mutant answer right."""
        from explorer.tasks.comparison import shortened

        model = self.model(source)
        questions = shortened(self.behaviour.question_sets()[0], WATCHED)
        genotypes = [Genotype(), model.anatomy.read(genotype)]
        right = [0.0, 0.0]
        for place, _, score in self.behaviour.scores_of(model, genotypes, questions):
            right[place] += score.is_right / len(questions.questions)
        return Accuracy(task=f"{WATCHED} questions", original=right[0], mutated=right[1])

    def _load(self, name: str, say: Callable[[str], None]) -> LoadedModel:
        say("Starting PyTorch …")
        from explorer.model.loading import load_model

        return load_model(name, device=self.device, dtype=self.dtype, settings=self.settings, say=say)

    def _kept_baselines(self) -> Baselines:
        from explorer.generation.baseline import Baselines

        if self._baselines is None:
            self._baselines = Baselines(self.settings.baselines_kept)
        return self._baselines

    def _forget_surplus(self) -> None:
        while len(self._models) > MODELS_KEPT:
            _, oldest = self._models.popitem(last=False)
            if self._baselines is not None and oldest.model is not None:
                self._baselines.forget(oldest.model)
            if self._behaviour is not None and oldest.model is not None:
                self._behaviour.forget(oldest.model)
