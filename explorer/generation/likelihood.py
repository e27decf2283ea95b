"""How likely the original model finds answers to one prompt: their perplexity, many at once."""

from collections.abc import Sequence

import torch
from transformers import DynamicCache

from explorer.domain.genotype import Genotype
from explorer.generation.differences import perplexity
from explorer.generation.passes import forward
from explorer.generation.ragged import cache_of, layers_of, repeat_row
from explorer.generation.trial import is_alone, single_of
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import make_mutant, mutated_view

LOGITS = 2**27
"""Logits of one pass, at most: half a GiB of float32."""


class Likelihood:
    """Perplexities of answers to one prompt, whose keys and values are computed once."""

    def __init__(self, model: LoadedModel, prompt_tokens: Sequence[int]) -> None:
        self._model, self._prompt_tokens = model, tuple(prompt_tokens)
        self._original = make_mutant(model, Genotype())
        if self._is_alone(0):
            return
        cache = DynamicCache()
        prompt = torch.tensor([list(prompt_tokens)], device=model.device)
        self._first = forward(model, mutated_view(model, {}), prompt, cache, keep=1)[0]
        self._prompt = layers_of(cache)

    def perplexities(self, answers: Sequence[Sequence[int]]) -> list[float | None]:
        """exp of the mean negative log-likelihood, in nats a token, of each answer; None of an empty one."""
        found: list[float | None] = []
        longest = max(map(len, answers), default=0)
        if self._is_alone(longest):
            single = single_of(self._model, self._original)
            return [perplexity(single.logits_over(self._prompt_tokens, own), list(own)) for own in answers]
        rows = max(1, LOGITS // (max(1, longest) * self._first.shape[-1]))
        for start in range(0, len(answers), rows):
            found += self._of(answers[start : start + rows])
        return found

    def _is_alone(self, longest: int) -> bool:
        start = len(self._prompt_tokens)
        return is_alone(self._model, self._original, start, start + longest)

    def _of(self, answers: Sequence[Sequence[int]]) -> list[float | None]:
        """Rows end at different places: what follows an answer's last token changes nothing before it."""
        longest = max(map(len, answers))
        if longest < 2:  # noqa: PLR2004  # the prompt alone tells a first token
            return [perplexity(self._first[: len(answer)], list(answer)) for answer in answers]
        fed = torch.tensor([[*answer[:-1], *[0] * (longest - max(1, len(answer)))] for answer in answers])
        cache = cache_of(repeat_row(self._prompt, len(answers)))
        view = mutated_view(self._model, {})
        logits = forward(self._model, view, fed.to(self._model.device), cache, keep=longest - 1)
        return [
            perplexity(torch.cat((self._first, row[: max(0, len(answer) - 1)]))[: len(answer)], list(answer))
            for answer, row in zip(answers, logits, strict=True)
        ]
