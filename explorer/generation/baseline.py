"""The baseline: the original model's answer, kept with its activations so that mutants are checked against it.

Owns what is kept and for how long; producing it is `pair`'s business.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from torch import Tensor

from explorer.domain.decoding import Decoding, Prompt
from explorer.domain.pair import End
from explorer.generation.passes import KeyValues
from explorer.model.loaded import LoadedModel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Baseline:
    """The original model's answer to one prompt under one decoding ("standard output" in the study)."""

    prompt_tokens: tuple[int, ...]
    tokens: tuple[int, ...]
    """The answer, the token that ended it included."""
    end: End
    logits: Tensor
    """[answer tokens, vocabulary], float32: those from which each token was chosen."""
    gaps: tuple[float, ...]
    """By how much each token was chosen, in logits."""
    hidden: tuple[Tensor, ...]
    """What enters each layer, and the final norm: [1, prompt and answer but the last, hidden size]."""
    key_values: KeyValues
    """Of the same tokens as `hidden`."""


class Baselines:
    """The baselines used last, by model, tokens of the prompt and decoding."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self._by_key: OrderedDict[tuple[LoadedModel, tuple[int, ...], Decoding], Baseline] = OrderedDict()

    def get(self, model: LoadedModel, prompt: Prompt, decoding: Decoding) -> Baseline | None:
        """The baseline, if it is kept. Raises PromptError."""
        return self.of_tokens(model, tuple(model.encode(prompt, decoding)), decoding)

    def of_tokens(self, model: LoadedModel, prompt_tokens: tuple[int, ...], decoding: Decoding) -> Baseline | None:
        """As `get`, for a prompt that has been encoded."""
        key = (model, prompt_tokens, decoding)
        with self._lock:
            if key in self._by_key:
                self._by_key.move_to_end(key)
            return self._by_key.get(key)

    def put(self, model: LoadedModel, decoding: Decoding, baseline: Baseline) -> None:
        """Keep a baseline, and forget the one not used for longest if there are too many."""
        with self._lock:
            self._by_key[model, baseline.prompt_tokens, decoding] = baseline
            while len(self._by_key) > self._kept:
                self._by_key.popitem(last=False)

    def forget(self, model: object) -> None:
        """Forget all baselines of a model."""
        with self._lock:
            for key in [key for key in self._by_key if key[0] is model]:
                del self._by_key[key]
