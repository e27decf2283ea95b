"""The instruments: what is measured of a model, a prompt and a genotype. Each keeps what is asked for again."""

from collections.abc import Iterator, Sequence
from weakref import WeakKeyDictionary

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.effects import (
    MATCHED,
    Agreement,
    Dose,
    Epistasis,
    Finding,
    Knockout,
    Lens,
    Matched,
    PairMatrix,
    Propagation,
    SensitivityMap,
)
from explorer.domain.genotype import Genotype, Operation, SensitiveLevel, Site
from explorer.generation import epistasis as together
from explorer.generation import matched as controls
from explorer.generation import propagation as spread
from explorer.generation import sensitivity_map as estimates
from explorer.generation.alone import decode_alone
from explorer.generation.baseline import Baseline
from explorer.generation.control import Control, control_perplexity, read_control
from explorer.generation.dose import dose_response
from explorer.generation.knockout import knock_out
from explorer.generation.sensitivity import find_sensitive
from explorer.model.loaded import LoadedModel
from explorer.workspace.computing import Computing, lack_of_memory_told
from explorer.workspace.pairs import Pairs


class Instruments:
    """Measures with the baselines that `Pairs` keeps."""

    def __init__(self, computing: Computing, pairs: Pairs) -> None:
        self._computing, self._pairs = computing, pairs
        self._sensitivity: WeakKeyDictionary[Baseline, SensitivityMap] = WeakKeyDictionary()
        self._agreements: WeakKeyDictionary[Baseline, dict[str, Agreement]] = WeakKeyDictionary()
        self._controls: WeakKeyDictionary[LoadedModel, Control] = WeakKeyDictionary()

    def dose_response(
        self,
        model: LoadedModel,
        prompt: Prompt,
        decoding: Decoding,
        stacked: Genotype,
        site: Site,
        operation: Operation | None = None,
    ) -> tuple[Dose, ...]:
        """What a site does over the values that it can be set to; see `generation.dose`. Raises PromptError."""
        baseline = self._pairs.baseline(model, prompt, decoding)
        return self._computing.answer(dose_response, model, baseline, decoding, stacked, site, operation)

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
        baseline = self._pairs.baseline(model, prompt, decoding)
        return self._computing.answer(find_sensitive, model, baseline, operation, level, count)

    def matched(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype) -> Matched:
        """A genotype among matched controls; see `generation.matched`. Raises StatisticsError, PromptError."""
        baseline = self._pairs.baseline(model, prompt, decoding)
        return self._computing.answer(controls.matched, model, baseline, genotype)

    def with_controls(
        self,
        model: LoadedModel,
        prompt: Prompt,
        decoding: Decoding,
        findings: Sequence[Finding],
        count: int = MATCHED,
    ) -> tuple[Finding, ...]:
        """Findings with so many matched controls a matrix; see `generation.matched`. Raises PromptError."""
        baseline = self._pairs.baseline(model, prompt, decoding)
        return self._computing.answer(controls.with_controls, model, baseline, findings, count)

    def sensitivity_map(self, model: LoadedModel, prompt: Prompt, decoding: Decoding) -> SensitivityMap:
        """First-order estimates for every block; kept as long as the baseline. Raises PromptError."""
        baseline = self._pairs.baseline(model, prompt, decoding)
        if baseline not in self._sensitivity:
            self._sensitivity[baseline] = self._computing.answer(estimates.sensitivity_map, model, baseline)
        return self._sensitivity[baseline]

    def agreement(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, operation: str) -> Agreement:
        """How the sensitivity map of an operation (`zero`, `max`, `min`) compares with forward passes; kept too."""
        estimated = self.sensitivity_map(model, prompt, decoding)
        baseline = self._pairs.baseline(model, prompt, decoding)
        known = self._agreements.setdefault(baseline, {})
        if operation not in known:
            known[operation] = self._computing.answer(estimates.agreement, model, baseline, estimated, operation)
        return known[operation]

    def propagate(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype) -> Propagation:
        """How a genotype spreads through the layers; see `generation.propagation`. Raises ModelError, PromptError."""
        baseline = self._pairs.baseline(model, prompt, decoding)
        return self._computing.answer(spread.propagate, model, baseline, genotype)

    def read_layers(
        self, model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype, position: int
    ) -> Lens:
        """What both models would say after a token, layer by layer; see `generation.propagation`."""
        baseline = self._pairs.baseline(model, prompt, decoding)
        return self._computing.answer(spread.read_layers, model, baseline, genotype, position)

    def knock_out(
        self, model: LoadedModel, prompt: Prompt, decoding: Decoding, stacked: Genotype
    ) -> Iterator[list[Knockout]]:
        """Every head knocked out, some at a time, behind what others wait for; see `generation.knockout`.

        What is compared with is the answer of what is stacked. Raises PromptError, and ModelError if that overflows.
        """
        if stacked:
            baseline = self._computing.answer(decode_alone, model, prompt, decoding, stacked)
        else:
            baseline = self._pairs.baseline(model, prompt, decoding)
        steps = knock_out(model, baseline, decoding, stacked)
        with lack_of_memory_told("ask for fewer new tokens"):
            yield from self._computing.stream_behind(steps)

    def epistasis(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, genotype: Genotype) -> Epistasis:
        """Mutations alone and together; see `generation.epistasis`. Raises ExplorerError for fewer than two."""
        baseline = self._pairs.baseline(model, prompt, decoding)
        return self._computing.answer(together.epistasis, model, baseline, decoding, genotype)

    def pair_matrix(self, model: LoadedModel, prompt: Prompt, decoding: Decoding, found: Epistasis) -> PairMatrix:
        """The interaction of every pair of mutations; see `generation.epistasis`. Raises ExplorerError."""
        baseline = self._pairs.baseline(model, prompt, decoding)
        return self._computing.answer(together.pair_matrix, model, baseline, decoding, found)

    def control_ratio(self, model: LoadedModel, genotype: Genotype) -> float:
        """Perplexity of the control text, mutant over original; see `generation.control`. Raises PromptError."""
        if model not in self._controls:
            self._controls[model] = self._computing.answer(read_control, model)
        control = self._controls[model]
        return self._computing.answer(control_perplexity, model, control, genotype) / control.perplexity
