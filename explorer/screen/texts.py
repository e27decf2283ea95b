"""Mutants that are asked for a text: each is compared with the standard output, and maybe decoded on."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from explorer.domain.genotype import Mutation
from explorer.domain.phenotype import Phenotype
from explorer.generation.alone import decode_alone
from explorer.generation.likelihood import Likelihood
from explorer.generation.sensitivity_map import UnitSize, estimate_units
from explorer.generation.style import style_of
from explorer.generation.texts import cosine_similarity, repetition
from explorer.screen.asked import Answered, Record
from explorer.screen.engine import CHUNKS, Engine
from explorer.screen.following import Pace
from explorer.screen.job import Job


class Texts:
    """As `job.Asked`. Raises PromptError, and ModelError if what the screen starts from overflows."""

    def __init__(self, job: Job, breathe: Callable[[], None]) -> None:
        self._model, self._has_background = job.model, bool(job.background)
        self._baseline = decode_alone(job.model, job.experiment.prompt, job.experiment.decoding, job.background)
        self.experiment = job.experiment
        self.baseline_tokens = self._baseline.tokens
        self.standard = job.model.decode(list(self._baseline.tokens))
        self.logits_a_mutant = max(CHUNKS) * self._baseline.logits.shape[-1]
        self._engine = Engine(job.model, self._baseline, job.experiment.decoding, job.background, job.mode, breathe)
        self._likelihood = Likelihood(job.model, self._baseline.prompt_tokens) if job.mode == "text" else None

    @property
    def pace(self) -> Pace:
        """See `Engine.pace`."""
        return self._engine.pace

    def know(self, texts: Iterable[tuple[int, ...]]) -> None:
        """See `Engine.know`."""
        self._engine.know(texts)

    def screen(self, mutations: Sequence[Mutation]) -> list[Record]:
        """See `Engine.screen`."""
        return self._engine.screen(mutations)

    def phenotypes(self, answers: Sequence[Answered]) -> list[Phenotype]:
        """Each with its perplexity and style."""
        if self._likelihood is None or not answers:
            return []
        perplexities = self._likelihood.perplexities([tokens for tokens, _ in answers])
        return [
            self._phenotype(tokens, ending, perplexity)
            for (tokens, ending), perplexity in zip(answers, perplexities, strict=True)
        ]

    def estimates(self, unit: UnitSize, /) -> Mapping[tuple[str, str], npt.NDArray[np.float32]]:
        """By the gradient of the baseline; nothing on a background, which has another gradient."""
        return {} if self._has_background else estimate_units(self._model, [self._baseline], unit)

    def _phenotype(self, tokens: tuple[int, ...], ending: str, perplexity: float | None) -> Phenotype:
        text = self._model.decode(list(tokens))
        return Phenotype(
            text=text,
            tokens=tokens,
            ending=ending,
            cosine=cosine_similarity(self.standard, text),
            repetition=repetition(list(tokens)),
            perplexity=perplexity,
            style=style_of(text),
        )
