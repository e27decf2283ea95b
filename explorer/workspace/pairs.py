"""Original and mutated text side by side, and the baselines that are kept of the originals."""

from collections.abc import Callable, Iterator

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.errors import ModelError
from explorer.domain.genotype import Genotype
from explorer.domain.pair import PairUpdate
from explorer.generation.baseline import Baseline, Baselines
from explorer.generation.pair import generate_pair
from explorer.model.loaded import LoadedModel
from explorer.workspace.computing import Computing


class Pairs:
    """Runs pairs; keeps the baselines used last."""

    def __init__(self, computing: Computing, kept: int) -> None:
        """`kept` is how many baselines stay in memory."""
        self._computing = computing
        self._baselines = Baselines(kept)

    def stream(
        self,
        model: LoadedModel,
        prompt: Prompt,
        decoding: Decoding,
        genotype: Genotype,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[PairUpdate]:
        """Original and mutated text as they grow; see `generation.pair.generate_pair`."""
        yield from self._computing.stream(generate_pair(model, prompt, decoding, genotype, self._baselines, cancelled))

    def baseline(self, model: LoadedModel, prompt: Prompt, decoding: Decoding) -> Baseline:
        """The kept baseline, generated if there is none. Raises PromptError, and ModelError if it overflows."""
        if self._baselines.get(model, prompt, decoding) is None:
            for _ in self.stream(model, prompt, decoding, Genotype()):
                pass
        baseline = self._baselines.get(model, prompt, decoding)
        if baseline is None:
            raise ModelError("The original model's own forward pass overflows: try another prompt or precision.")
        return baseline

    def forget(self, model: LoadedModel) -> None:
        """Forget the baselines of a model."""
        self._baselines.forget(model)
