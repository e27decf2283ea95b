"""One genotype, one text, by itself: the plain procedure, with the mutated tensors in place of the model's own.

Nothing is known here of modules, rows or layers, so it is right for every parameter of every model. Where the fast
path does not agree with it (`trial`), this is what runs.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.func import functional_call

from explorer.domain.verdict import Verdict
from explorer.model.loaded import LoadedModel
from explorer.mutation.apply import Mutant
from explorer.mutation.replaced import replaced_tensors

_CACHES = {
    "past_key_values": "past_key_values",
    "cache_params": "cache_params",
    "state": "state",
    "mems": "past_key_values",
    "past_buckets_states": "past_key_values",
}
"""Under which names models hand their cache out, and take it."""


class Single:
    """A genotype of a model, with what its trial has found."""

    def __init__(self, model: LoadedModel, mutant: Mutant, verdict: Verdict) -> None:
        self.model, self.verdict = model, verdict
        self._tensors = replaced_tensors(model, mutant)

    def call(self, inputs: dict[str, Any], root: nn.Module | None = None) -> Any:
        """The model's output; `root` is the twin, or a view of it that watches."""
        with torch.inference_mode():
            return functional_call(root or self.model.twin, self._tensors, (), inputs, tie_weights=False)

    def logits_over(self, prompt: Sequence[int], answer: Sequence[int]) -> Tensor:
        """Logits [answer tokens, vocabulary], float32, from which each token of an answer to a prompt is chosen."""
        if not answer:
            return torch.empty(0, 0, device=self.model.device)
        text, first = [*prompt, *answer[:-1]], len(prompt)
        turn = self.model.turning_point or len(text)
        if not self.verdict.whole or len(text) > (self.model.chooses_beyond or len(text)):
            reader = Reader(self)
            return torch.stack([reader.read(*text[:first]), *(reader.read(token) for token in text[first:])])
        if first <= turn < len(text):  # positions are computed in another way from there on
            before, after = text[:turn], text
            return torch.cat([self.whole(before, turn - first + 1), self.whole(after, len(text) - turn)])
        return self.whole(text, len(answer))

    def whole(self, text: Sequence[int], keep: int, root: nn.Module | None = None) -> Tensor:
        """Logits [keep, vocabulary] after the last `keep` tokens of a text, from one pass."""
        inputs: dict[str, Any] = {"input_ids": self._row(text)}
        if self.model.accepts("use_cache"):
            inputs["use_cache"] = False
        if "logits_to_keep" in self.model._arguments:
            inputs["logits_to_keep"] = keep
        logits: Tensor = self.call(inputs, root).logits[0, -keep:].float()
        return logits

    def next(self, text: Sequence[int]) -> Tensor:
        """Logits [vocabulary] of the token after a text, as the model's own `generate` has them without a cache."""
        output = self.call(prepared(self.model, self._row(text)))
        logits: Tensor = output.logits[0, -1].float()
        return logits

    def _row(self, text: Sequence[int]) -> Tensor:
        return torch.tensor([list(text)], device=self.model.device)


class Reader:
    """A text that one genotype reads on, in the model's own kind of cache."""

    def __init__(self, single: Single) -> None:
        self._single = single
        self._text: list[int] = []
        self._cache: tuple[str, Any] | None = None

    def read(self, *tokens: int) -> Tensor:
        """Logits [vocabulary] after some more tokens."""
        self._text += tokens
        single, turn = self._single, self._single.model.turning_point
        if not single.verdict.cached or len(self._text) > (single.model.rereads_beyond or len(self._text)):
            return single.next(self._text)
        if turn is not None and len(self._text) - len(tokens) <= turn < len(self._text):
            self._cache = None
        text = torch.tensor([self._text], device=single.model.device)
        output = single.call(prepared(single.model, text, self._cache, is_cached=True, new=len(tokens)))
        self._cache = next(((name, output[out]) for out, name in _CACHES.items() if output.get(out) is not None), None)
        logits: Tensor = output.logits[0, -1].float()
        return logits


def prepared(
    model: LoadedModel, text: Tensor, cache: tuple[str, Any] | None = None, *, is_cached: bool = False, new: int = 1
) -> dict[str, Any]:
    """What the model's own code makes of a text [1, tokens] for its forward pass; a cache has all but `new` of them."""
    inputs: dict[str, Any] = {"use_cache": is_cached}
    if model.accepts("attention_mask"):
        inputs["attention_mask"] = torch.ones_like(text)
    if cache is None:
        return dict(_preparing(model)(text, is_first_iteration=True, **inputs))
    name, held = cache
    return dict(_preparing(model)(text, next_sequence_length=new, **inputs, **{name: held}))


def _preparing(model: LoadedModel) -> Callable[..., dict[str, Any]]:
    return cast("Callable[..., dict[str, Any]]", model.twin.prepare_inputs_for_generation)
